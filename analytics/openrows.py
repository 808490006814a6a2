"""Rows: what a consumer reads of cells, with pseudonyms in place of paths, rounded, without what is suppressed.

    group: str        a class, a pseudonym, or `all` for the whole park
    period: str       day, week or month
    name: str         2026-03-02, 2026-W10 or 2026-03
    start, end: date  local days, [start, end)
    kpi: str          which number
    value: f64        in `unit`; null where it is suppressed or not defined
    unit: str         UCUM
    coverage: f64     share of planned time with a known state
    suppressed: bool  whether it is not told; why is not told either

Rows come by start, group as it is shown, and KPI: in the order of paths, pseudonyms of one line would stand together.
A suppressed row does not say whether there were too few machines or none with data.
"""

from collections.abc import Collection, Sequence
from typing import Final

import polars as pl

from analytics.disclosure.atoms import Why
from analytics.disclosure.cells import GROUPED, Cell
from analytics.disclosure.pseudonyms import pseudonym
from analytics.disclosure.sources import BASE, figures, rounded, source_of
from analytics.reports.scope import label
from collector.opendata import OpenDataSettings, OpenView

ROWS: Final = pl.Schema(
    {
        "group": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": pl.Date(),
        "end": pl.Date(),
        "kpi": pl.String(),
        "value": pl.Float64(),
        "unit": pl.String(),
        "coverage": pl.Float64(),
        "suppressed": pl.Boolean(),
    }
)
"""Columns of rows."""

ORDER: Final = (pl.col("start").dt.to_string("iso"), pl.col("group"), pl.col("kpi"))
"""The order of rows."""

ALL: Final = "all"
"""What the group of the whole park is called."""


def rows(settings: OpenDataSettings, name: str, cells: Sequence[Cell]) -> pl.DataFrame:
    """Give the rows of cells of a view: columns of `ROWS`, also those that it drops.

    Args:
        settings: what is opened.
        name: the view's name.
        cells: cells of it.
    """
    view = settings.views[name]
    source = source_of(view.dataset)
    told = figures(view.dataset, view.numbers, machine=view.by == "equipment")
    facets = sorted({BASE}.union(*(one.facets | one.beside for one in told)))
    columns = sorted({*_roots(source.coverage), *(column for one in told for column in _roots(one.value))})
    names = {first: label(first, view.period) for first in {one.span.first for one in cells}}
    wide = pl.DataFrame(
        {
            "group": [shown_as(settings, name, one.grouped) for one in cells],
            "period": [view.period] * len(cells),
            "name": [names[one.span.first] for one in cells],
            "start": [one.span.first for one in cells],
            "end": [one.span.until for one in cells],
            **{_told(facet): [facet in one.facets for one in cells] for facet in facets},
            **{_had(facet): [one.why.get(facet) != Why.NONE for one in cells] for facet in facets},
            **{column: [one.sums.get(column) for one in cells] for column in columns},
        },
        schema={
            **{column: ROWS[column] for column in ("group", "period", "name", "start", "end")},
            **{of(facet): pl.Boolean() for of in (_told, _had) for facet in facets},
            **dict.fromkeys(columns, pl.Float64()),
        },
    )
    coverage = rounded(source.coverage, view.round.get("coverage"))
    parts = [ROWS.to_frame()]
    for figure in told:
        beside = [pl.col(_told(facet)) | ~pl.col(_had(facet)) for facet in figure.beside]
        is_told = pl.all_horizontal(pl.col(_told(BASE)), *(pl.col(_told(facet)) for facet in figure.facets), *beside)
        parts.append(
            wide.select(
                "group",
                "period",
                "name",
                "start",
                "end",
                kpi=pl.lit(figure.slug),
                value=pl.when(is_told).then(rounded(figure.value, view.round.get(figure.slug))),
                unit=pl.lit(figure.unit),
                coverage=pl.when(pl.col(_told(BASE))).then(coverage),
                suppressed=~is_told,
            ).cast(ROWS)
        )
    return pl.concat(parts).sort(ORDER)


def _roots(value: pl.Expr) -> set[str]:
    return set(value.meta.root_names())


def _told(facet: str) -> str:
    return f"told:{facet}"


def _had(facet: str) -> str:
    return f"had:{facet}"


def shown_as(settings: OpenDataSettings, name: str, grouped: str) -> str:
    """Give what a group of a view is called that its cells call `grouped`."""
    view: OpenView = settings.views[name]
    if view.by not in GROUPED:
        return ALL
    if not view.pseudonymous:
        return grouped
    key = settings.pseudonym_key
    if key is None:
        msg = f"the view {name!r} shows pseudonyms and has no key"
        raise ValueError(msg)
    return pseudonym(key.get_secret_value().encode(), view.pseudonym_group or name, view.by, grouped)


def readable(settings: OpenDataSettings, granted: Collection[str]) -> list[str]:
    """Give the views that somebody reads who is granted these, in the order of the file.

    Who reads a view with a contract reads no other of the same source: the rows of machines under pseudonyms beside the
    sums over their class would tell which pseudonym is of which class.
    """
    views = {name: view for name, view in settings.views.items() if name in granted}
    agreed = {source_of(view.dataset).name for view in views.values() if view.contract}
    return [name for name, view in views.items() if view.contract or source_of(view.dataset).name not in agreed]
