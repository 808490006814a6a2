"""List the gap ledger; fill gaps from recorded files or from the sources' histories; close what nobody can fill."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from collector.output import DEFAULT_CONFIG, OTHER_IDS, ConfigFile, Output, OutputFormat, fail, instant, show, show_json

if TYPE_CHECKING:
    from collector.byhand import Found
    from collector.gaps import Gap
    from collector.load import Config
    from collector.records import Records
    from collector.spool.contract import Spool

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)

_ALIVE: Final = timedelta(seconds=5)
"""A collector that wrote of its links so lately is running."""

_POLL: Final = 0.2
"""Seconds between two looks whether the store has what fills gaps."""

_LISTED: Final = 200
"""Gaps that a list shows unless told otherwise."""

_EVER: Final = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


class State(StrEnum):
    """How a gap stands."""

    OPEN = "open"
    """Samples may be missing."""
    FILLED = "filled"
    """They came later."""
    UNFILLABLE = "unfillable"
    """The source cannot give them; a recorded file can."""


class Files(StrEnum):
    """How recorded files are written."""

    AUTO = "auto"
    """By their names."""
    SHDR = "shdr"
    """Text of an MTConnect adapter."""
    CSV = "csv"
    """Comma-separated, with a header."""
    PARQUET = "parquet"
    """Parquet."""


Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="GAP", help="Numbers of gaps, as `list` shows them.", show_default=False)
]
OfSource = Annotated[str, typer.Option("--source", help="Every gap of this source that is over and not filled.")]
Since = Annotated[
    str,
    typer.Option("--from", help="Only gaps that reach beyond this instant: 2026-03-02T06:00+08:00; UTC without zone."),
]
Until = Annotated[str, typer.Option("--to", help="Only gaps that begin before this instant.")]


History = Annotated[bool, typer.Option("--history", help="Ask the source for its history, now.")]
Whole = Annotated[
    bool, typer.Option("--whole", help="The files speak for the whole gap, beyond their first and last sample, too.")
]


@app.command("list")
def list_gaps(
    source: Annotated[list[str] | None, typer.Option(help="Only of this source; may be given several times.")] = None,
    state: Annotated[list[State] | None, typer.Option(help="Only those that stand so; several times.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only of this kind: outage, overflow, …; several times.")
    ] = None,
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; the latest count.")] = _LISTED,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List gaps by their start: when, of what, why, and what became of them."""
    from adapters.sources.contract import GapKind
    from collector.gaps import read_gaps

    loaded = _load(config)
    unknown = [name for name in source or () if name not in loaded.park.sources]
    if unknown:
        fail(f"there is no source {unknown[0]!r}; there are {', '.join(loaded.park.sources) or 'none'}", code=2)
    strange = [one for one in kind or () if one not in list(GapKind)]
    if strange:
        fail(f"--kind: there is no {strange[0]!r}; there are {', '.join(GapKind)}", code=2)
    asked = partial(
        read_gaps,
        start=instant("--from", since) or _EVER[0],
        end=instant("--to", until) or _EVER[1],
        sources=source or None,
        states=state or None,
        kinds=kind or None,
    )
    gaps = _run(_with_records(loaded, lambda records: records.run(asked)))
    shown = gaps[-limit:]
    if output is OutputFormat.JSON:
        show_json([_told(gap) for gap in shown])
        return
    left = f"; {len(gaps) - len(shown)} earlier ones are left out (--limit)" if len(gaps) > len(shown) else ""
    show([_row(gap) for gap in shown], output, title=f"gaps{left}")


@app.command("fill")
def fill_gaps(
    numbers: Numbers = None,
    source: OfSource = "",
    file: Annotated[
        list[Path] | None,
        typer.Option(help="Recorded file (SHDR, CSV or Parquet); several times, in the order of their times."),
    ] = None,
    history: History = False,  # noqa: FBT002 - a flag
    whole: Whole = False,  # noqa: FBT002 - a flag
    file_format: Annotated[Files, typer.Option("--format", help="How the files are written.")] = Files.AUTO,
    time_zone: Annotated[str, typer.Option(help="Zone of times that the files write without one.")] = "UTC",
    since: Since = "",
    until: Until = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the collector to store what was found.")] = 30,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Fill gaps from recorded files, or from what the source itself remembers.

    Files name signals by their path, or by their item or name where only one signal of the source is called so; values
    are as the source says them. Samples go into the spool, with a running collector or without; a gap counts as filled
    once the store has them. A file fills what lies between its first and last sample, and the signals that it has.

    Exit code 0: something was found for every gap; 1: not for all.
    """
    from adapters.sources.contract import SourceError
    from collector.records import RecordsError
    from collector.spool.contract import SpoolError

    loaded = _load(config)
    if bool(file) == history:
        fail("write --file FILE, or --history", code=2)
    missing = [str(one) for one in file or () if not one.is_file()]
    if missing:
        fail(f"no such file: {', '.join(missing)}", code=2)
    window = (instant("--from", since) or _EVER[0], instant("--to", until) or _EVER[1])
    gaps = _run(_with_records(loaded, lambda records: records.run(partial(_chosen, numbers or [], source, window))))
    if not gaps:
        fail(f"{source} has no gap that is over and not filled", code=1)
    if gaps[0].source not in loaded.park.sources:
        fail(f"source {gaps[0].source!r} is no longer in the park; its gaps cannot be filled", code=2)
    reading = {"format": file_format.value, "time_zone": time_zone}
    try:
        found, stored = asyncio.run(_fill(loaded, gaps, file, reading, whole=whole, wait=wait))
    except (SourceError, SpoolError, RecordsError) as error:
        fail(error)
    except ValueError as error:
        fail(error, code=2)
    _print(gaps, found, output, stored=stored)
    if len(found.parts) < len(gaps):
        fail(_unfound(found))


@app.command("close")
def close_gaps(
    numbers: Annotated[list[int], typer.Argument(metavar="GAP", help="Numbers of open gaps, as `list` shows them.")],
    reason: Annotated[str, typer.Option(help="Why nobody can fill it; shown with the gap.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Mark gaps as unfillable: samples are lost, or there were none. Their time stays unknown."""
    from collector.resolution import close_gap

    if not reason.strip():
        fail("--reason: say why, for whoever reads the ledger later", code=2)
    loaded = _load(config)

    def close(connection: Any) -> None:
        chosen = _chosen(numbers, "", _EVER, connection)
        if closed := [str(gap.id) for gap in chosen if gap.state != State.OPEN]:
            fail(f"unfillable already: {', '.join(closed)}", code=2)
        for gap in chosen:
            close_gap(connection, gap.id, reason.strip(), datetime.now(UTC))

    _run(_with_records(loaded, lambda records: records.run(close)))
    typer.echo(f"closed: {', '.join(map(str, numbers))}")


async def _fill(
    config: "Config",
    gaps: "Sequence[Gap]",
    files: list[Path] | None,
    reading: dict[str, Any],
    *,
    whole: bool,
    wait: float,
) -> "tuple[Found, bool]":
    """Put what there is for gaps of one source into the spool; tell whether the store has it by now."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from adapters.sources.contract import HistorySource
    from collector.assembly import open_records, open_spool, safety_of, sources_of
    from collector.byhand import fill_from_files, fill_from_history

    name = gaps[0].source
    every = [signal.path for signal in config.park.signals.values() if signal.source == name]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    async with open_records(config) as records, open_spool(config.installation.spool) as spool:
        safety = safety_of(config, records, spool)
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(name, total=1.0)

            def tell(share: float) -> None:
                bar.update(task, completed=share)

            if files:
                found = await fill_from_files(safety, config.park, gaps, files, reading=reading, whole=whole, tell=tell)
            else:
                [source] = [source for source in sources_of(config) if source.name == name]
                if not isinstance(source, HistorySource) or not source.remembers:
                    kind = config.park.sources[name].kind
                    msg = (
                        f"{name} ({kind}) is not asked for its history: it has none, or `history: false`; give a --file"
                    )
                    raise ValueError(msg)
                found = await fill_from_history(safety, source, every, gaps, tell)
        return found, await _stored(records, spool, {name: every}, wait)


async def _stored(records: "Records", spool: "Spool", every: dict[str, list[str]], wait: float) -> bool:
    """Close the gaps as the store takes what fills them; tell whether all that is noted is there within `wait`."""
    from collector.links import read_links
    from collector.resolution import fill_stored, read_fillings
    from collector.spool.contract import STORE

    [source] = every
    left = wait
    while True:
        stored = await spool.cursor(STORE)
        await records.run(partial(_fill_stored, fill_stored, spool.log, stored, every))
        if not any(one.part.source == source for one in await records.run(read_fillings)):
            return True
        links = await records.run(read_links)
        alive = any(datetime.now(UTC) - link.seen < _ALIVE for link in links.values())
        if left <= 0 or not alive:
            return False
        await asyncio.sleep(_POLL)
        left -= _POLL


def _fill_stored(
    work: Callable[..., object], log: str, stored: int, every: dict[str, list[str]], connection: Any
) -> None:
    work(connection, log, stored, datetime.now(UTC), every)


def _chosen(numbers: Sequence[int], source: str, window: tuple[datetime, datetime], connection: Any) -> "list[Gap]":
    """Give the gaps that are meant, of one source, over and not filled; ends the verb where there are others."""
    from collector.gaps import FILLED, OPEN, UNFILLABLE, read_gap, read_gaps

    if bool(numbers) == bool(source):
        fail("write numbers of gaps, or --source NAME", code=2)
    if source:
        start, end = window
        gaps = read_gaps(connection, start=start, end=end, sources=[source], states=[OPEN, UNFILLABLE])
        return [gap for gap in gaps if gap.end is not None]
    asked = {number: read_gap(connection, number) for number in numbers}
    if unknown := [str(number) for number, gap in asked.items() if gap is None]:
        fail(f"there is no gap {', '.join(unknown)}; `parkline gap list` shows them ({OTHER_IDS})", code=2)
    found = [gap for gap in asked.values() if gap is not None]
    for gap in found:
        if gap.end is None:
            fail(f"gap {gap.id} of {gap.source} lasts still; it can be filled when its link is up again", code=2)
        if gap.state == FILLED:
            fail(f"gap {gap.id} of {gap.source} is filled already", code=2)
    if len({gap.source for gap in found}) > 1:
        fail("these gaps are of several sources; name the gaps of one source at a time", code=2)
    return found


def _print(gaps: "Sequence[Gap]", found: "Found", output: OutputFormat, *, stored: bool) -> None:
    rows = [
        {
            "gap": gap.id,
            "source": gap.source,
            "samples": found.samples[gap.id],
            "filled from": None if part is None else part.start,
            "filled to": None if part is None else part.end,
            "signals": 0 if part is None else len(part.signals) or None,
            "state": "open" if part is None else "stored" if stored else "in the spool",
        }
        for gap in gaps
        for part in [found.parts.get(gap.id)]
    ]
    if output is OutputFormat.JSON:
        show_json(
            {
                "gaps": [{key.replace(" ", "_"): value for key, value in row.items()} for row in rows],
                "refused": found.refused,
                "unread": found.unread,
            }
        )
    else:
        show(
            [
                {key: _time(value) if isinstance(value, datetime) else value for key, value in row.items()}
                for row in rows
            ],
            output,
            title="filled",
        )
    if found.unread:
        typer.echo(f"{found.unread} rows could not be read; the first: {found.reason}", err=True)
    if found.refused:
        typer.echo(f"{found.refused} samples within the gaps were refused; the dead letters say why", err=True)
    if found.parts and not stored:
        typer.echo("the samples are in the spool; the gaps are filled once a collector has stored them", err=True)


def _unfound(found: "Found") -> str:
    """Say why a gap was not filled."""
    if found.first is None or found.last is None:
        return (
            "nothing was found of the signals of this source; the file must name them by path, or by item or name "
            "where only one signal of the source is called so"
        )
    return (
        f"not every gap was filled: the file speaks of {_time(found.first)} to {_time(found.last)} and of "
        f"{len(found.signals)} signals; --whole if it is complete beyond its first and last sample"
    )


def _told(gap: "Gap") -> dict[str, Any]:
    return {
        "id": gap.id,
        "source": gap.source,
        "signals": list(gap.signals),
        "start": gap.start,
        "end": gap.end,
        "kind": gap.kind,
        "cause": gap.cause,
        "state": gap.state,
        "filled_by": gap.filled_by,
        "resolved": gap.resolved,
        "samples": gap.samples,
        "reason": gap.reason,
        "part_of": gap.part_of,
    }


def _row(gap: "Gap") -> dict[str, Any]:
    many = len(gap.signals)
    return {
        "gap": gap.id,
        "source": gap.source,
        "signals": "all" if not many else gap.signals[0] if many == 1 else f"{many} signals",
        "start": _time(gap.start),
        "end": "lasts" if gap.end is None else _time(gap.end),
        "kind": gap.kind,
        "state": gap.state,
        "by": gap.filled_by,
        "samples": gap.samples,
        "cause": f"{gap.cause}; {gap.reason}" if gap.reason else gap.cause,
    }


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _load(config: Path) -> "Config":
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


async def _with_records(config: "Config", work: "Callable[[Records], Coroutine[Any, Any, T]]") -> T:
    from collector.assembly import open_records

    async with open_records(config) as records:
        return await work(records)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run what needs the records, and end the verb where they do not answer."""
    from collector.records import RecordsError

    try:
        return asyncio.run(work)
    except RecordsError as error:
        fail(error)
