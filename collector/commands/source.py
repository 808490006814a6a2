"""List the sources and how they stand; test one: connect, and show what it says, storing nothing."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from pydantic import BaseModel

    from collector.conflicts import Doubles
    from collector.links import Link
    from collector.load import Config

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_sources(config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE) -> None:
    """List the sources: what is configured, and how each stands when a collector has run."""
    loaded = _load(config)
    file = loaded.installation.records.url.get_secret_value().removeprefix("sqlite:///")
    links, doubles = asyncio.run(_stands(loaded)) if "://" in file or Path(file).exists() else ({}, {})
    rows: list[dict[str, Any]] = []
    for name, source in loaded.park.sources.items():
        link = links.get(name)
        rows.append(
            {
                "name": name,
                "kind": source.kind,
                "line": source.line,
                "endpoint": _endpoint(source.settings),
                "signals": sum(signal.source == name for signal in loaded.park.signals.values()),
                "state": "unseen" if link is None else link.state,
                "last sample": None if link is None else link.last_time,
                "samples": None if link is None else link.samples,
                "problem": "" if link is None else link.problem,
            }
        )
    if output is OutputFormat.JSON:
        told = [{key.replace(" ", "_"): value for key, value in row.items()} for row in rows]
        show_json([{**row, **_said_twice(doubles.get(row["name"]))} for row in told])
    else:
        show(rows, output, title="sources")


@app.command("test")
def try_source(
    name: Annotated[str, typer.Argument(help="Name of the source, as its line file gives it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    duration: Annotated[str, typer.Option("--for", help="How long to listen: 5s, 1 min.")] = "5s",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Connect to a source and show each signal's newest value; nothing is stored, nothing is acknowledged.

    Exit code 0: the link works, and what is silent may be; 1: it does not, or a signal is refused; the text says why.
    """
    from adapters.sources.contract import SourceError
    from collector.trial import seconds, trial

    loaded = _load(config)
    try:
        patience = seconds(duration)
    except ValueError as error:
        fail(f"--for: {error}", code=2)
    if name not in loaded.park.sources:
        fail(f"there is no source {name!r}; there are {', '.join(loaded.park.sources) or 'none'}", code=2)
    try:
        heard = asyncio.run(trial(loaded.park, name, patience))
    except SourceError as error:
        fail(error)
    if output is OutputFormat.JSON:
        show_json({"signals": heard.signals, "refusals": heard.refusals})
    else:
        show(heard.signals, output, title=f"{name}: the link works; heard in {patience:g} s")
        if heard.refusals:
            show(heard.refusals, output, title="refused")
    if heard.refused:
        many = "1 signal is" if heard.refused == 1 else f"{heard.refused} signals are"
        fail(f"{name}: {many} refused; mend the address or the type in the line file")


def _endpoint(settings: "BaseModel") -> str:
    """Give what a link's settings demand (endpoint, host, files), and its port: what tells it from another."""
    needed = [getattr(settings, name) for name, field in type(settings).model_fields.items() if field.is_required()]
    parts = [", ".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in needed]
    port = getattr(settings, "port", None)
    return " ".join(parts) + (f":{port}" if port else "")


def _load(config: Path) -> "Config":
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def _said_twice(doubles: "Doubles | None") -> dict[str, Any]:
    """Give what a source has said twice: how often the same, how often something else, and the last of that."""
    if doubles is None:
        return {"duplicates": 0, "conflicts": 0, "last_conflict": None}
    last = None if doubles.last is None else asdict(doubles.last)
    return {"duplicates": doubles.duplicates, "conflicts": doubles.conflicts, "last_conflict": last}


async def _stands(config: "Config") -> "tuple[dict[str, Link], dict[str, Doubles]]":
    """Give how each source stood when a collector last wrote of it, and what it has said twice, by name."""
    from collector.assembly import open_records
    from collector.conflictlog import read_doubles
    from collector.links import read_links
    from collector.records import RecordsError

    try:
        async with open_records(config) as records:
            return await records.run(lambda connection: (read_links(connection), read_doubles(connection)))
    except RecordsError as error:
        typer.echo(str(error), err=True)
        return {}, {}
