"""A CSV file of signals as nodes: one mapping per row, as if the row were written in the line file.

It is read as spreadsheets write it: UTF-8 with or without a mark, UTF-16, or GBK; `,`, `;` or tab between the
cells. The header names keys of a signal; an empty cell is a key that is not written, an empty row is no
signal. What is nested in a line file is flat here:

    states, conditions                     `ACTIVE=producing; READY=idle`
    title_zh, title_en                     the title
    limit_high, limit_low, hysteresis,     one limit
      on_delay, off_delay, severity
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collector.config.marks import Entry, Mapping, Node, Scalar, Sequence
from collector.config.problems import Mark, Report

MAPS: Final = ("states", "conditions")
"""Columns that hold `raw value=meaning` pairs."""

NESTED: Final = {
    "title_zh": ("title", "zh"),
    "title_en": ("title", "en"),
    "limit_high": ("limits", "high"),
    "limit_low": ("limits", "low"),
    "hysteresis": ("limits", "hysteresis"),
    "on_delay": ("limits", "on_delay"),
    "off_delay": ("limits", "off_delay"),
    "severity": ("limits", "severity"),
}
"""Columns of nested keys: the signal's key, and the key below it."""

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Table:
    """The signals of one CSV file."""

    header: dict[str, Mark]
    """The columns and where they stand."""

    rows: tuple[Mapping, ...]
    """One mapping per signal, with the keys of a line file."""


def parse_csv(data: bytes, file: str, report: Report) -> Table | None:
    """Read a CSV file; None when it cannot be read, and then `report` says why."""
    text = _decoded(data)
    if text is None:
        report.add(Mark(file), "this is neither UTF-8 nor GBK; save it as `CSV UTF-8`")
        return None
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header: list[str] = []
    rows: list[Mapping] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header:
                rows.append(_row(header, cells, Mark(file, line), report))
            else:
                header = _header(cells, Mark(file, line), report)
                marks = {name: Mark(file, line, at) for at, name in reversed(list(enumerate(header, 1))) if name}
    except csv.Error as error:
        report.add(Mark(file, reader.line_num), f"this row cannot be read ({error}); save the file as CSV again")
        return None
    if not header:
        report.add(Mark(file), "the file is empty; write the names of the columns into the first row")
        return None
    return Table(marks, tuple(rows))


def _decoded(data: bytes) -> str | None:
    encodings = [name for bom, name in _BOMS if data.startswith(bom)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _header(cells: list[str], mark: Mark, report: Report) -> list[str]:
    header = [cell.strip() for cell in cells]
    for at, name in enumerate(header):
        if name and name in header[:at]:
            report.add(Mark(mark.file, mark.line, at + 1), f"the column `{name}` is there twice; keep one of them")
            header[at] = ""
    return header


def _row(header: list[str], cells: list[str], mark: Mark, report: Report) -> Mapping:
    entries: dict[str, Entry] = {}
    nested: dict[str, dict[str, Entry]] = {}
    for at, cell in enumerate(cells):
        text = cell.strip()
        if not text:
            continue
        here = Mark(mark.file, mark.line, at + 1)
        if at >= len(header):
            report.add(here, f"the row has more cells than the {len(header)} columns; put a cell with commas in quotes")
            break
        name = header[at]
        if not name:
            continue
        if name in NESTED:
            outer, inner = NESTED[name]
            nested.setdefault(outer, {})[inner] = Entry(here, Scalar(here, text, text))
        elif name in MAPS:
            entries[name] = Entry(here, _pairs(name, text, here, report))
        else:
            entries[name] = Entry(here, Scalar(here, text, text))
    for outer, inner_entries in nested.items():
        first = next(iter(inner_entries.values())).mark
        inner_node: Node = Mapping(first, inner_entries)
        entries[outer] = Entry(first, inner_node if outer == "title" else Sequence(first, (inner_node,)))
    return Mapping(mark, entries)


def _pairs(column: str, text: str, mark: Mark, report: Report) -> Mapping:
    entries: dict[str, Entry] = {}
    for raw, meaning in _split(column, text, mark, report):
        if raw in entries:
            report.add(mark, f"`{column}`: `{raw}` is there twice; keep one of them")
        else:
            entries[raw] = Entry(mark, Scalar(mark, meaning, meaning))
    return Mapping(mark, entries)


def _split(column: str, text: str, mark: Mark, report: Report) -> Iterator[tuple[str, str]]:
    for part in re.split(r"[;；\n]", text):
        raw, equals, meaning = part.rpartition("=")
        if equals:
            yield raw.strip(), meaning.strip()
        elif part.strip():
            report.add(
                mark, f"`{column}`: `{part.strip()[:40]}` is no pair; write `raw value=meaning; raw value=meaning`"
            )
