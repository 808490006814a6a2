"""List who asked the API for what, write it to a file, and check that no row of it was changed or taken out."""

import sys
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, instant, show, show_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from typing import TypeVar

    from api.auditlog import Row, Wanted
    from collector.records import Records

    T = TypeVar("T")

_AT_ONCE: Final = 5_000
"""Rows that are read in one transaction."""

app = typer.Typer(no_args_is_help=True)

Caller = Annotated[str, typer.Option(help="Only rows of the caller with this id, such as key:5f0c1b7e.")]
Prefix = Annotated[str, typer.Option("--path", help="Only rows whose path begins so, such as /api/v1/alerts.")]
Since = Annotated[str, typer.Option("--from", help="Rows of this instant and later; UTC where it names no zone.")]
Until = Annotated[str, typer.Option("--to", help="Rows before this instant; UTC where it names no zone.")]


class Format(StrEnum):
    """What an export is written as."""

    JSONL = "jsonl"
    """A JSON object per line: the rows as they are."""
    CSV = "csv"
    """RFC 4180, with a header row; what a spreadsheet would take for a formula has an apostrophe before it."""


@app.callback()
def audit() -> None:
    """List who asked the API for what, write it to a file, and check that no row of it was changed or taken out."""


@app.command("list")
def list_(
    caller: Caller = "",
    path: Prefix = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Rows at most; the newest are shown.")] = 50,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the newest rows, the newest first."""
    from functools import partial

    from api.auditlog import read_audit

    wanted = _wanted(caller, path, since, until)

    async def read(records: "Records") -> "list[Row]":
        return await records.run(partial(read_audit, wanted=wanted, limit=limit))

    rows = _run(config, read)
    if output is OutputFormat.JSON:
        show_json([_told(row) for row in rows])
    else:
        show([_shown(row) for row in rows], output, title="audit")


@app.command()
def export(
    to: Annotated[Path, typer.Option("--output", "-o", help="File to write, which must not be there; - for stdout.")],
    form: Annotated[Format, typer.Option("--format", help="What it is written as.")] = Format.JSONL,
    caller: Caller = "",
    path: Prefix = "",
    since: Since = "",
    until: Until = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Write the rows to a file, the oldest first, with their numbers and hashes."""
    wanted = _wanted(caller, path, since, until)

    async def write(records: "Records") -> int:
        count = 0
        with _opened(to) as file:
            async for rows in _in_pieces(records, wanted):
                file.write(_lines(rows, form, head=not count))
                count += len(rows)
        return count

    count = _run(config, write)
    typer.echo(f"{count} rows", err=True)


@app.command()
def verify(
    known: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH of a head that was noted before; may be given several times."),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Check every row against its hash; end with 1 where one was changed, put in or taken out.

    Note the head that it prints where nobody who can write to the database can reach it: somebody who makes the whole
    audit anew is told by a head that no longer fits.
    """
    from api.auditcheck import check_audit

    noted = dict(_noted(text) for text in known or ())
    verdict = _run(config, lambda records: check_audit(records.run, noted))
    head = verdict.head
    row: dict[str, Any] = {
        "checked": verdict.checked,
        "pruned": head.pruned,
        "head": f"{head.last}:{head.hash}",
        "faults": verdict.found,
    }
    if output is OutputFormat.JSON:
        show_json({**row, "told": list(verdict.faults)})
    else:
        show([row], output, title="audit")
        for fault in verdict.faults:
            typer.echo(fault, err=True)
    if verdict.found:
        fail(f"the audit is not as it was written; faults: {verdict.found}")


def _wanted(caller: str, path: str, since: str, until: str) -> "Wanted":
    from api.auditlog import Wanted

    start, end = instant("--from", since), instant("--to", until)
    return Wanted(caller=caller or None, prefix=path or None, start=start, end=end)


def _noted(text: str) -> tuple[int, str]:
    number, _, digest = text.strip().partition(":")
    if not (number.isdecimal() and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):  # noqa: PLR2004 - SHA-256 in hex
        fail(f"--known: {text!r} is no head; write NUMBER:HASH, as `parkline audit verify` prints it", code=2)
    return int(number), digest


async def _in_pieces(records: "Records", wanted: "Wanted") -> "AsyncIterator[list[Row]]":
    from functools import partial

    from api.auditlog import read_audit

    after = 0
    while True:
        read = partial(read_audit, wanted=wanted, limit=_AT_ONCE, after=after, newest_first=False)
        rows = await records.run(read)
        if rows:
            yield rows
            after = rows[-1].number
        if len(rows) < _AT_ONCE:
            return


@contextmanager
def _opened(to: Path) -> "Iterator[BinaryIO]":
    if str(to) == "-":
        yield sys.stdout.buffer
        return
    try:
        with to.open("xb") as file:
            yield file
    except FileExistsError:
        fail(f"--output: {to} is there already; write another name, or remove it first", code=2)
    except OSError as error:
        fail(f"--output: cannot write {to} ({error.strerror or error})")


def _lines(rows: "list[Row]", form: Format, *, head: bool) -> bytes:
    import orjson

    told = [_told(row) for row in rows]
    if form is Format.JSONL:
        return b"".join(orjson.dumps(one, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE) for one in told)
    import polars as pl

    from api.answers import INSTANT
    from collector.spreadsheet import guarded

    texts = [{**one, "factories": _json(one["factories"])} for one in told]
    table = guarded(pl.DataFrame(texts, infer_schema_length=None))
    return table.write_csv(None, include_header=head, datetime_format=INSTANT, line_terminator="\r\n").encode()


def _json(value: object) -> str | None:
    import orjson

    return None if value is None else orjson.dumps(value).decode()


def _told(row: "Row") -> dict[str, Any]:
    from dataclasses import asdict

    return {"number": row.number, **asdict(row.entry), "kind": row.kind, "hash": row.hash}


def _shown(row: "Row") -> dict[str, Any]:
    entry = row.entry
    missing = f"{entry.missing} rows are missing" if entry.event == "missing" else ""
    return {
        "row": row.number,
        "at": _time(entry.at),
        "who": entry.name or row.kind,
        "peer": entry.peer,
        "event": entry.event,
        "method": entry.method,
        "path": missing or (f"{entry.path}?{entry.query}" if entry.query else entry.path),
        "status": entry.status,
        "rows": entry.rows,
        "bytes": entry.bytes,
    }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _run(config: Path, work: "Callable[[Records], Awaitable[T]]") -> "T":
    """Do something with the installation's records."""
    import asyncio

    from collector.assembly import open_records
    from collector.load import ConfigError, load
    from collector.records import RecordsError

    async def run() -> "T":
        async with open_records(load(config)) as records:
            return await work(records)

    try:
        return asyncio.run(run())
    except ConfigError as error:
        fail(error, code=2)
    except RecordsError as error:
        fail(error)
