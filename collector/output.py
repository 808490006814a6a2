"""What a verb prints: data on stdout, as a table for people or as JSON for programs."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from rich.table import Table


class OutputFormat(StrEnum):
    """How a verb prints its data."""

    TABLE = "table"
    """For people."""
    JSON = "json"
    """For programs."""


Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print: a table or JSON.")]
"""The option `-o` of every verb that prints data."""

OTHER_IDS: Final = "an id that the API told a key of some factories is another number: look for the source and the time"
"""Why a number may be that of none: the API seals the numbers of rows for who sees a part of the park."""

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="PARKLINE_CONFIG", help="The installation: parkline.yaml, or its folder."),
]
"""The option `-c` of every verb that needs the installation."""

DEFAULT_CONFIG = Path("configs/parkline.yaml")
"""Where the installation is looked for when nobody says otherwise."""


def show(rows: Sequence[Mapping[str, Any]], output: OutputFormat, *, title: str = "") -> None:
    """Print rows that share their keys: a table with a column per key, or a JSON array."""
    if output is OutputFormat.JSON:
        show_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for key in rows[0] if rows else ():
        number = all(_is_number(row[key]) for row in rows) and any(row[key] is not None for row in rows)
        table.add_column(key, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))  # text, not markup: it may be foreign
    console = Console(width=None if sys.stdout.isatty() else 160)
    if console.measure(table, options=console.options.update(max_width=_ENDLESS)).maximum > console.width:
        _narrow(table, rows)
    console.print(table if rows else f"{title or 'result'}: nothing to show")


def show_json(value: Any) -> None:
    """Print a value as indented JSON; instants as RFC 3339 in UTC, enums and paths as text."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, default=str, option=options).decode())
    sys.stdout.flush()


def instant(option: str, written: str) -> datetime | None:
    """Read an instant as a person writes it, of UTC where it names no zone; give it in UTC, None for nothing written.

    Ends the verb where it is none.
    """
    if not written:
        return None
    try:
        read = datetime.fromisoformat(written)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        fail(f"{option}: {written!r} is no instant; write one like 2026-03-02 or 2026-03-02T06:00+08:00", code=2)


def fail(problem: object, *, code: int = 1) -> NoReturn:
    """Tell a person on stderr what is wrong and end the verb; code 1 for a failed task, 2 for a wrong call or file."""
    typer.echo(str(problem), err=True)
    raise typer.Exit(code)


_ENDLESS = 10_000
"""Columns of a terminal in which every table has room."""


def _narrow(table: "Table", rows: Sequence[Mapping[str, Any]]) -> None:
    """Give columns of numbers what their numbers need: headings are cut between words, and texts take what is left."""
    from rich.cells import cell_len

    for column, key in zip(table.columns, rows[0] if rows else (), strict=False):
        if column.justify == "right":
            column.width = max(cell_len(text) for text in (*key.split(), *(_cell(row[key]) for row in rows)))


def _is_number(value: Any) -> bool:
    """Tell whether a value stands with others in a column of numbers; a number may be written out already."""
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?\d[\d,]*(\.\d+)?", value) is not None
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - from here digits after the point say nothing
    return str(value)
