"""A CSV file of signals as nodes: one mapping per row, as if the row were written in the line file.

It is read as spreadsheets write it: UTF-8 with or without a mark, UTF-16, or GBK; `,`, `;` or tab between the
cells. The header names keys of a signal; an empty cell is a key that is not written, an empty row is no
signal. What is nested in a line file is flat here:

    states, conditions, reasons            `ACTIVE=producing; READY=idle`
    title_zh, title_en                     the title
    limit_high, limit_low, hysteresis,     one limit
      on_delay, off_delay, severity
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from collector.config.marks import Entry, Mapping, Node, Scalar, Sequence
from collector.config.problems import Mark, Report

MAPS: Final = ("states", "conditions", "reasons")
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
_NAMELESS: Final = "name its column there, clear it, or put a cell with commas in quotes"


class Table:
    """The signals of one CSV file: its columns, and its rows as they are asked for."""

    def __init__(self, text: str, file: str, report: Report) -> None:
        """Read the first row."""
        self._file = file
        self._report = report
        first = text.lstrip("\r\n").partition("\n")[0]
        delimiter = max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        header = next(self._cells(), None)
        if header is None:
            report.add(Mark(file), "no columns are named here; write the names of a signal's keys into the first row")
        self._names = [] if header is None else _names(*header, report)
        self.header = {
            name: Mark(file, header[0].line, at) for at, name in enumerate(self._names, 1) if name and header
        }
        """The columns and where they stand."""

    def rows(self) -> Iterator[Mapping]:
        """Give one mapping per signal, with the keys of a line file; once."""
        for mark, cells in self._cells():
            yield _row(self._names, cells, mark, self._report)

    def _cells(self) -> Iterator[tuple[Mark, list[str]]]:
        """Give the rows that are not empty, and where each begins."""
        try:
            begins = self._reader.line_num + 1
            for cells in self._reader:
                if any(cell.strip() for cell in cells):
                    yield Mark(self._file, begins), cells
                begins = self._reader.line_num + 1
        except csv.Error as error:
            mark = Mark(self._file, self._reader.line_num)
            self._report.add(mark, f"this row cannot be read ({error}); save the file as CSV again")


def parse_csv(data: bytes, file: str, report: Report) -> Table | None:
    """Read a CSV file; None when it cannot be read, and then `report` says why."""
    text = _decoded(data)
    if text is None:
        report.add(Mark(file), "this is neither UTF-8 nor GBK; save it as `CSV UTF-8`")
        return None
    table = Table(text, file, report)
    return table if table.header else None


def _decoded(data: bytes) -> str | None:
    encodings = [name for bom, name in _BOMS if data.startswith(bom)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _names(mark: Mark, cells: list[str], report: Report) -> list[str]:
    """Give the names of the columns, empty where there is none; a name that is there twice counts once."""
    names = [cell.strip() for cell in cells]
    for at, name in enumerate(names):
        if name and name in names[:at]:
            report.add(Mark(mark.file, mark.line, at + 1), f"the column `{name}` is there twice; keep one of them")
    return names


def _row(names: list[str], cells: list[str], mark: Mark, report: Report) -> Mapping:
    entries: dict[str, Entry] = {}
    nested: dict[str, dict[str, Entry]] = {}
    file, line, _ = mark
    for at, cell in enumerate(cells):
        text = cell.strip()
        if not text:
            continue
        here = Mark(file, line, at + 1)
        name = names[at] if at < len(names) else ""
        if not name:
            report.add(here, f"this cell stands in no column of the first row; {_NAMELESS}")
        elif name in NESTED:
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
