r"""SHDR, the text that an MTConnect adapter writes, as reports.

    2016-12-14T13:00:00.5Z|execution|ACTIVE               one item
    2022-08-08T13:51:34Z|S1load|12|S1speed|500            several: item, value, item, value, …
    2016-12-14T13:00:00.5Z|system|Warning|345|||DOOR OPEN  a condition: level, code, severity, qualifier, text
    2022-08-08T13:51:34Z|message|E12|Check the oil         a message: code, text
    1234.5|execution|ACTIVE                                relative time: milliseconds since the adapter started
    …@100|…                                                the duration of a statistic, left out

A condition's and a message's value is all that stands after the item. Seven fields are a condition where the third is
Normal, Warning, Fault or Unavailable in any case, unless it can only be three items (Normal and Unavailable carry no
code and qualifier both). A pipe inside a value is written `\|`, the value then in double quotes.

Assets (`@ASSET@|…`, also over several lines) and what adapter and agent tell each other (`* PONG`) are no reports.
They are passed over, and so are empty lines. Any other line is an oddity.

The lines keep their order: it is the order in which the machine told them.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

import polars as pl

from adapters.sources.replay.instants import counted, instants
from adapters.sources.replay.reports import ODDITIES, REPORTS, Stretch, sift

_CONDITION: Final = r"(?i)^[^|]*\|[^|]*\|(?:(?:warning|fault)\||(?:normal|unavailable)\|(?:\||[^|]*\|[^|]*\|\|))"
"""What a condition of seven fields looks like: a raised level, or one that lacks a code or a qualifier."""

_PASSED_OVER: Final = pl.col("input").str.contains(r"^\s*(\*|$)|^[^|]*\|@[A-Z_]+@(\||$)")
"""Empty lines, lines of the protocol, and assets."""

_SEVERAL_LINES: Final = re.compile(r"--multiline--\S*")
"""What an asset of several lines begins with, and ends with."""

_PIPE: Final = "\ue000"
"""Stands for an escaped pipe while a line is split."""


class ShdrReader:
    """Reads the lines of one file, stretch by stretch."""

    def __init__(self, wanted: Collection[str], *, zone: str, started: datetime | None) -> None:
        self._wanted = wanted
        self._zone = zone
        self._started = started
        self._line = 0
        self._asset_end: str | None = None

    @property
    def line(self) -> int:
        """Number of the last line read."""
        return self._line

    def read(self, block: bytes, *, share: float) -> Stretch:
        """Read the next lines.

        Args:
            block: whole lines.
            share: how much of the file is read after them, 0 to 1.
        """
        texts, oddities = self._decoded(block.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n"))
        lines = pl.DataFrame({"input": texts}, schema={"input": pl.String}).with_row_index("line", self._line + 1)
        self._line += lines.height
        lines = lines.with_columns(pl.col("line").cast(pl.UInt64))
        if self._asset_end is not None or b"--multiline--" in block:
            lines = lines.filter(self._outside_assets(texts))
        rows, unreadable = _split(lines.filter(~_PASSED_OVER), escaped=b"\\|" in block)
        rows, skipped = sift(rows, self._wanted)
        rows = rows.with_columns(self._times(rows["stamp"]))
        untimed = _oddities(rows.filter(pl.col("time").is_null()).unique("line", keep="first"), self._no_time())
        return Stretch(
            reports=rows.filter(pl.col("time").is_not_null()).select(*REPORTS),
            oddities=pl.concat([oddities, unreadable, untimed]).sort("line"),
            skipped=skipped,
            read=share,
        )

    def _decoded(self, lines: list[bytes]) -> tuple[list[str], pl.DataFrame]:
        """Give the lines as text; one that is no UTF-8 is an oddity, and empty in the text."""
        try:
            return b"\n".join(lines).decode().split("\n"), pl.DataFrame(schema=ODDITIES)
        except UnicodeDecodeError:
            pass
        texts, damaged = [], []
        for number, line in enumerate(lines, self._line + 1):
            try:
                texts.append(line.decode())
            except UnicodeDecodeError:
                texts.append("")
                damaged.append((number, line, "no UTF-8 text"))
        return texts, pl.DataFrame(damaged, schema=ODDITIES, orient="row")

    def _outside_assets(self, texts: list[str]) -> list[bool]:
        """Tell of each line whether it is outside an asset of several lines."""
        outside = []
        for text in texts:
            if self._asset_end is None:
                begin = _SEVERAL_LINES.search(text)
                self._asset_end = begin[0] if begin and "|@ASSET@|" in text else None
                outside.append(True)
            else:
                outside.append(False)
                if text.strip() == self._asset_end:
                    self._asset_end = None
        return outside

    def _times(self, stamps: pl.Series) -> pl.Series:
        """Read the times of lines."""
        plain = stamps.str.replace(r"@[0-9.]*$", "")
        times = instants(plain, self._zone)
        if self._started is not None and times.null_count() > 0:
            times = times.zip_with(times.is_not_null(), counted(plain.cast(pl.Float64, strict=False), self._started))
        return times.alias("time")

    def _no_time(self) -> pl.Expr:
        """Say why a line's time cannot be read."""
        stamp = pl.col("stamp").str.head(80)
        reason = pl.concat_str(pl.lit("'"), stamp, pl.lit("' is no time; write it like 2016-12-14T20:24:49.613308Z"))
        if self._started is not None:
            return reason
        relative = pl.concat_str(
            pl.lit("'"), stamp, pl.lit("' is a relative time; set `started` to when it counts from")
        )
        return pl.when(stamp.str.contains(r"^[0-9]+(\.[0-9]*)?(@|$)")).then(relative).otherwise(reason)


def _split(lines: pl.DataFrame, *, escaped: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into rows of `line`, `stamp`, `item`, `value`, `input`; give also the lines that cannot be split.

    Args:
        lines: `line`, `input`.
        escaped: whether any line may hold an escaped pipe.
    """
    text = pl.col("input").str.replace_all("\\|", _PIPE, literal=True) if escaped else pl.col("input")
    lines = lines.with_columns(text=text).with_columns(pipes=pl.col("text").str.count_matches("|", literal=True))
    pairs = (pl.col("pipes") >= 4) & (pl.col("pipes") % 2 == 0)  # noqa: PLR2004 - item, value, item, value
    condition = (pl.col("pipes") == 6) & pl.col("text").str.contains(_CONDITION)  # noqa: PLR2004 - seven fields
    lines = lines.with_columns(
        single=pl.col("pipes").is_in([2, 3]) | condition,
        several=pairs & ~condition,
    )
    parts = pl.col("text").str.splitn("|", 3).struct
    rows = lines.filter("single").select("line", "input", stamp=parts[0], item=parts[1], value=parts[2])
    if lines["several"].any():
        fields = pl.col("text").str.split("|")
        lists = lines.filter("several").select(
            "line",
            "input",
            stamp=fields.list.first(),
            item=fields.list.slice(1).list.gather_every(2),
            value=fields.list.slice(2).list.gather_every(2),
        )
        rows = pl.concat([rows, lists.explode("item", "value")]).sort("line", maintain_order=True)
    if escaped:
        quoted = pl.col("value").str.contains(_PIPE, literal=True)
        plain = pl.col("value").str.replace(r'^"(.*)"$', "$1").str.replace_all(_PIPE, "|", literal=True)
        rows = rows.with_columns(pl.when(quoted).then(plain).otherwise("value").alias("value"))
    rows = rows.with_columns(pl.col("item").str.strip_chars())
    nameless = rows.filter(pl.col("item") == "").unique("line", keep="first")
    reason = pl.lit("no `time|item|value`")
    return rows.filter(pl.col("item") != ""), pl.concat(
        [_oddities(lines.filter(~(pl.col("single") | pl.col("several"))), reason), _oddities(nameless, reason)]
    )


def _oddities(lines: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    return lines.select("line", pl.col("input").cast(pl.Binary), reason=reason)
