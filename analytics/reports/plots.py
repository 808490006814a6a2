"""The plots of a report, drawn by matplotlib as SVG that stands in a page.

matplotlib measures text with a font of its own, which has no Chinese, and would set what stands between two `$` as a
formula. So it gets a token in the place of each text, and the texts are put in afterwards: the browser draws them in
its own fonts. What an SVG says by `style`, a page with a strict content security policy passes over; it becomes
attributes here. Ids are those of one plot, and nothing refers to another address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from analytics.reports.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "parkline", "hatch.linewidth": 0.6})

_INK: Final = "#16202a"
_QUIET: Final = "#5a6774"
_GRID: Final = "#dbe1e7"
_BEFORE: Final = "#aab6c2"
_HATCH: Final = "#a9b4bf"
_WIDTH: Final = 7.1
"""Inches: the width of an A4 page within its margins."""
_SIZE: Final = 8.0
"""Points of text."""
_BARS: Final = 7
"""Bars that there is room for at least: fewer are not drawn wider."""
_LABELS: Final = 15
"""Labels at most along an axis of periods."""


@dataclass(slots=True)
class _Plot:
    """One plot under way."""

    name: str
    height: float
    left: float = 0.07
    right: float = 0.99
    bottom: float = 0.12
    top: float = 0.95
    texts: list[str] = field(default_factory=list)
    figure: Figure = field(init=False)
    axes: "Axes" = field(init=False)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(_WIDTH, self.height), facecolor="none")
        self.axes = self.figure.add_axes(
            (self.left, self.bottom, self.right - self.left, self.top - self.bottom), facecolor="none"
        )
        for side in ("top", "right", "left"):
            self.axes.spines[side].set_visible(False)
        self.axes.spines["bottom"].set_color(_GRID)
        self.axes.tick_params(length=0, labelsize=_SIZE, labelcolor=_QUIET, pad=4)
        self.axes.set_axisbelow(True)

    def token(self, text: str) -> str:
        """Give what stands for a text while it is drawn."""
        self.texts.append(text)
        return f"@{len(self.texts) - 1}"

    def svg(self, label: str) -> str:
        """Give the plot as SVG; `label` tells those who cannot see it what it shows."""
        drawn = BytesIO()
        self.figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        return _inline(drawn.getvalue(), self.name, self.texts, label)


def course(labels: Sequence[str], shares: dict[str, list[float]], lines: Mapping[str, Sequence[float | None]]) -> str:
    """Draw where planned time went: a stacked bar per period, and lines over them.

    Args:
        labels: names of the periods.
        shares: the parts of planned time by column of the account, 0 to 1, in the order of `COLOURS`; hatched: unknown.
        lines: by name, 0 to 1; None where there is no value. Dark, the second dashed.
    """
    plot = _Plot("course", 2.5, bottom=0.12, top=0.97)
    places = list(range(len(labels)))
    under = [0.0] * len(labels)
    for name, values in shares.items():
        plot.axes.bar(places, values, 0.78, bottom=under, color=COLOURS[name], **_hatched(name))
        under = [a + b for a, b in zip(under, values, strict=True)]
    for line, dashes in zip(lines.values(), ("solid", "dashed"), strict=False):
        known = [float("nan") if value is None else value for value in line]
        plot.axes.plot(places, known, color="white", linewidth=3.2, solid_capstyle="round")
        plot.axes.plot(
            places, known, color=_INK, linewidth=1.4, linestyle=dashes, marker="o", markersize=3.2, clip_on=False
        )
    every = -(-len(labels) // _LABELS)
    shown = places[::every]
    plot.axes.set_xticks(shown, [plot.token(labels[place]) for place in shown])
    room = max(_BARS - len(labels), 0) / 2
    plot.axes.set_xlim(-0.6 - room, len(labels) - 0.4 + room)
    known_values = [value for values in lines.values() for value in values if value is not None]
    _percent(plot.axes, "y", max(known_values, default=1.0))
    return plot.svg(", ".join(lines))


def pareto(rows: Sequence[tuple[str, str, float, float]], unit: str, label: str) -> str:
    """Draw stops by reason: bars of hours, the longest on top and their hours beside, and the cumulative share.

    Args:
        rows: name, column of the account that gives the colour (empty: none), hours, cumulative share 0 to 1.
        unit: the unit of hours.
        label: what the plot shows.
    """
    plot = _Plot(
        "pareto", 0.55 + 0.24 * len(rows), left=0.3, right=0.9, bottom=0.02, top=1 - 0.28 / (0.55 + 0.24 * len(rows))
    )
    places = list(range(len(rows)))
    hours = [row[2] for row in rows]
    plot.axes.barh(places, hours, 0.66, color=[COLOURS.get(row[1], _BEFORE) for row in rows])
    for place, value in zip(places, hours, strict=True):
        plot.axes.annotate(
            plot.token(f"{value:,.1f} {unit}"),
            (1.0, place),
            (6, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=_SIZE,
            color=_INK,
        )
    plot.axes.set_yticks(places, [plot.token(_short(row[0])) for row in rows])
    plot.axes.tick_params(axis="y", labelcolor=_INK)
    plot.axes.set_ylim(len(rows) - 0.5, -0.5)
    plot.axes.set_xlim(0, max(hours))
    plot.axes.set_xticks([max(hours) * number / 5 for number in range(6)], [""] * 6)
    plot.axes.grid(axis="x", color=_GRID, linewidth=0.6)
    plot.axes.spines["bottom"].set_visible(False)
    above = plot.axes.twiny()
    for side in ("top", "right", "left", "bottom"):
        above.spines[side].set_visible(False)
    above.plot([row[3] for row in rows], places, color="white", linewidth=3.0)
    above.plot([row[3] for row in rows], places, color=_INK, linewidth=1.2, marker="o", markersize=3.0, clip_on=False)
    above.tick_params(length=0, labelsize=_SIZE, labelcolor=_QUIET, pad=2)
    _percent(above, "x", 1.0)
    above.grid(visible=False)
    return plot.svg(label)


def comparison(rows: Sequence[tuple[str, str, float, float, str]], names: tuple[str, str], label: str) -> str:
    """Draw what two periods lost: a pale bar before and a coloured one after, for each loss.

    Args:
        rows: name, column of the account that gives the colour, share before and after, what to write at the end.
        names: what the two periods are called.
        label: what the plot shows.
    """
    height = 0.4 + 0.36 * len(rows)
    plot = _Plot("comparison", height, left=0.2, right=0.84, bottom=0.24 / height, top=0.99)
    places = list(range(len(rows)))
    plot.axes.barh([place - 0.18 for place in places], [row[2] for row in rows], 0.32, color=_BEFORE)
    for place, row in zip(places, rows, strict=True):
        plot.axes.barh(place + 0.18, row[3], 0.32, color=COLOURS[row[1]], **_hatched(row[1]))
    for place, row in zip(places, rows, strict=True):
        plot.axes.annotate(
            plot.token(row[4]),
            (max(row[2], row[3]), place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SIZE,
            color=_INK,
        )
    plot.axes.set_yticks(places, [plot.token(_short(row[0])) for row in rows])
    plot.axes.tick_params(axis="y", labelcolor=_INK)
    plot.axes.set_ylim(len(rows) - 0.5, -0.5)
    widest = max([0.01, *(max(row[2], row[3]) for row in rows)])
    plot.axes.set_xlim(0, widest)
    plot.axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if widest > 0.05 else f"{value:.1%}")  # noqa: PLR2004 - below 5 % whole per cents are too coarse
    plot.axes.grid(axis="x", color=_GRID, linewidth=0.6)
    return plot.svg(f"{label}: {names[0]}, {names[1]}")


def _hatched(name: str) -> dict[str, Any]:
    """Give how bars of a part are filled: hatched where nothing is known."""
    return {"linewidth": 0.0, "hatch": "////", "edgecolor": _HATCH} if name == "unknown_time" else {"linewidth": 0.0}


def _percent(axes: "Axes", side: str, most: float) -> None:
    """Let an axis run from 0 to 100 %, or to what goes beyond it."""
    top = 1.0 if most <= 1 else -(-most // 0.2) * 0.2
    ticks = [0.2 * number for number in range(round(top / 0.2) + 1)]
    labels = [f"{tick:.0%}" for tick in ticks]
    if side == "y":
        axes.set_ylim(0, top)
        axes.set_yticks(ticks, labels)
    else:
        axes.set_xlim(0, top)
        axes.set_xticks(ticks, labels)
    axes.grid(axis="y" if side == "y" else "x", color=_GRID, linewidth=0.6)


def _short(text: str) -> str:
    """Cut a label to the room that there is for it; Chinese takes two places for a character."""
    room = 34
    for place, letter in enumerate(text):
        room -= 2 if ord(letter) > 0x2E80 else 1  # noqa: PLR2004 - where CJK begins
        if room < 0:
            return f"{text[:place]}…"
    return text


_SPACE: Final = "{http://www.w3.org/2000/svg}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"


def _inline(drawn: bytes, name: str, texts: Sequence[str], label: str) -> str:
    """Make of a file's SVG what stands in a page."""
    root = ET.fromstring(drawn)  # noqa: S314 - matplotlib wrote it
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{_SPACE}style", f"{_SPACE}metadata"}:
                parent.remove(child)
    referred = {value for element in root.iter() for value in _references(element)}
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SPACE)
        element.text = texts[int(element.text[1:])] if element.text and element.text.startswith("@") else element.text
        element.tail = None
        if element.tag != "text":
            element.text = None
        attributes = dict(element.attrib)
        element.attrib.clear()
        for key, value in attributes.items():
            _take(element, key, value, name, referred)
    root.attrib |= {"class": "plot", "role": "img", "aria-label": label}
    del root.attrib["width"], root.attrib["height"], root.attrib["version"]
    return ET.tostring(root, encoding="unicode")


def _take(element: ET.Element, key: str, value: str, name: str, referred: set[str]) -> None:
    """Give an element one attribute of what matplotlib wrote, as a page takes it."""
    if key == "style":
        for part in value.split(";"):
            what, _, how = part.partition(":")
            if what.strip() != "font-family":
                element.set(what.strip(), how.strip().replace("url(#", f"url(#{name}-"))
    elif key == "id":
        if value in referred:
            element.set("id", f"{name}-{value}")
    elif key == _LINK:
        element.set("href", f"#{name}-{value[1:]}")
    elif key == "clip-path" or value.startswith("url(#"):
        element.set(key, value.replace("url(#", f"url(#{name}-"))
    else:
        element.set(key, " ".join(value.split()))


def _references(element: ET.Element) -> list[str]:
    """Give the ids that an element refers to."""
    found = [value[1:] for key, value in element.attrib.items() if key == _LINK]
    for value in element.attrib.values():
        found += [part.partition(")")[0] for part in value.split("url(#")[1:]]
    return found
