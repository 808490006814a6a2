"""Set up the store, ask how it stands and what it holds; copy one store into another."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from adapters.stores.contract import Store
    from collector.copying import Copy, Stretch
    from collector.load import Config

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)

Named = Annotated[
    str, typer.Option("--store", help="Another store: lake:FOLDER, influxdb:URL, KIND:key=value,… or a parkline.yaml.")
]


@app.command()
def setup(config: ConfigFile = DEFAULT_CONFIG, store: Named = "", output: Output = OutputFormat.TABLE) -> None:
    """Make what the store needs (bucket, database, retention, mapping) and change what differs from the settings."""
    from adapters.stores.contract import SetUp

    asked = _store(_load(config), store, "--store")
    if not isinstance(asked, SetUp):
        show([{"store": asked.name, "done": "nothing to set up: it is made when it is first opened"}], output)
        return
    done = _ask(asked.set_up)
    show([{"store": asked.name, "done": line} for line in done], output)


@app.command()
def check(config: ConfigFile = DEFAULT_CONFIG, store: Named = "", output: Output = OutputFormat.TABLE) -> None:
    """Ask the store whether it would take a write now. Exit code 0: it would; 1: it would not, and why."""

    async def ask() -> str:
        async with _store(_load(config), store, "--store") as opened:
            await opened.check()
            return opened.name

    show([{"store": _ask(ask), "state": "takes writes"}], output)


@app.command()
def extent(config: ConfigFile = DEFAULT_CONFIG, store: Named = "", output: Output = OutputFormat.TABLE) -> None:
    """Show which signals the store has samples of, and from when to when."""

    async def ask() -> list[dict[str, Any]]:
        async with _store(_load(config), store, "--store") as opened:
            return (await opened.extent()).to_dicts()

    show(_ask(ask), output, title="samples")


@app.command()
def copy(
    origin: Annotated[
        str, typer.Argument(help="The store to read: lake:FOLDER, influxdb:URL, KIND:key=value,… or a parkline.yaml.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    to: Annotated[
        str, typer.Option("--to", help="The store to write, named alike; without it: the installation's.")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="First instant (RFC 3339); without it: the first sample.")] = "",
    until: Annotated[str, typer.Option("--until", help="First instant not to copy; without it: the last sample.")] = "",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Copy samples and results of another store into the installation's; go on where an earlier try ended.

    What the target has stays as it is. To switch stores: name the new one in parkline.yaml, start parkline again, then
    copy the old one into it. A copy may be ended at any time (Ctrl-C), and begun again.
    """
    from collector.copying import Stretch

    loaded = _load(config)
    stretch = Stretch(_instant(since, "--from"), _instant(until, "--until"))
    read, write = _store(loaded, origin, "ORIGIN"), _store(loaded, to, "--to")
    if read.name == write.name:
        fail(f"{read.name} is both the origin and the target; name another store, or another target with --to", code=2)
    try:
        done = _ask(lambda: _copied(loaded, read, write, stretch))
    except KeyboardInterrupt:
        fail("ended; the same command goes on from here", code=130)
    told = {**asdict(done), "seconds": ((done.done or done.began) - done.began).total_seconds()}
    if output is OutputFormat.JSON:
        show_json(told)
        return
    kept = ("origin", "target", "start", "end", "samples", "present", "refused", "results", "seconds")
    show([{key: told[key] for key in kept}], output, title="copied")
    if done.refused:
        fail(f"{done.refused} samples can never be in {done.target}: see `parkline deadletter list`")


async def _copied(config: "Config", origin: "Store", target: "Store", stretch: "Stretch") -> "Copy":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from collector.assembly import open_records
    from collector.copying import copy as copied
    from collector.deadletters import bounds_of

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    sources = {signal.path: signal.source for signal in config.park.signals.values()}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copying", total=1.0)

        def tell(state: "Copy") -> None:
            done = f"{state.samples:,} copied, {state.present:,} there, up to {state.through:%Y-%m-%d %H:%M}"
            bar.update(task, completed=state.share, description=done)

        async with origin, target, open_records(config) as records:
            return await copied(
                origin,
                target,
                stretch,
                records,
                now=lambda: datetime.now(UTC),
                sources=sources,
                bounds=bounds_of(config.installation.records),
                tell=tell,
            )


def _ask(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what needs a store; where it does not do its part, tell why."""
    from adapters.stores.contract import StoreError
    from collector.records import RecordsError

    try:
        return asyncio.run(work())
    except (StoreError, RecordsError) as error:
        fail(error)


def _store(config: "Config", name: str, asked: str) -> "Store":
    """Give the store that is named on the command line, not yet open; the installation's without a name."""
    from collector.assembly import open_store
    from collector.config.storename import named_store
    from collector.load import ConfigError

    if not name:
        return open_store(config)
    if name.endswith((".yaml", ".yml")) or Path(name).is_dir():
        return open_store(_load(Path(name)))
    try:
        settings = named_store(name, asked, config.installation.store)
        return open_store(replace(config, installation=config.installation.model_copy(update={"store": settings})))
    except ConfigError as error:
        fail(error, code=2)


def _load(config: Path) -> "Config":
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def _instant(text: str, asked: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{asked}: {text!r} is no instant; write one such as 2026-03-01T00:00:00Z", code=2)
    if instant.tzinfo is None:
        fail(f"{asked}: {text!r} says no time zone; write 2026-03-01T00:00:00Z or …+08:00", code=2)
    return instant.astimezone(UTC)
