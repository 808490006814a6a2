"""Look into the spool, check and repair it, or export what it holds."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collector.spool.file import SpoolFile

app = typer.Typer(no_args_is_help=True)

SpoolPath = Annotated[
    Path | None,
    typer.Option("--file", help="The spool's file; without it, the one of the configuration.", show_default=False),
]


@app.command("inspect")
def inspect_spool(
    config: ConfigFile = DEFAULT_CONFIG, file: SpoolPath = None, output: Output = OutputFormat.TABLE
) -> None:
    """Tell what the spool holds, how far each consumer has come, and what was lost. A collector may be running."""
    from collector.spool.inspection import report

    path = _path(config, file)
    with _opened(path) as opened:
        told = report(opened)
    beside = sum(one.stat().st_size for one in _files(path))
    losses = [{**dataclasses.asdict(loss), "source": loss.source or "any"} for loss in told.losses]
    readers = [dataclasses.asdict(reader) for reader in told.readers]
    facts: dict[str, Any] = {
        "file": str(path),
        "log": told.log,
        "entries": told.entries,
        "samples": told.samples,
        "bytes": told.bytes,
        "disk_bytes": beside,
        "end": told.end,
        "dropped": told.dropped,
        "oldest_s": _seconds(told.oldest),
        "undrained_s": _seconds(told.undrained),
        "damaged": told.damaged,
    }
    if output is OutputFormat.JSON:
        show_json({**facts, "consumers": readers, "losses": losses})
        return
    show([{"what": name, "value": value} for name, value in facts.items()], output, title="spool")
    show(readers, output, title="consumers: what each has still to read")
    if losses:
        show(losses, output, title="losses that are not in the gap ledger yet: the collector carries them there")


@app.command("list")
def list_entries(
    config: ConfigFile = DEFAULT_CONFIG,
    file: SpoolPath = None,
    after: Annotated[int, typer.Option("--after", help="Begin behind this position.", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1)] = 100,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the entries, oldest first: position, source, samples, and what time they span."""
    from collector.spool.inspection import listed

    with _opened(_path(config, file)) as opened:
        entries = listed(opened, after, limit)
    rows = [{**dataclasses.asdict(entry), "age": _seconds(entry.age)} for entry in entries]
    show([{("age_s" if key == "age" else key): value for key, value in row.items()} for row in rows], output)


@app.command("repair")
def repair_spool(
    config: ConfigFile = DEFAULT_CONFIG, file: SpoolPath = None, output: Output = OutputFormat.TABLE
) -> None:
    """Read every entry; set aside what is damaged, and save what can be read where the file itself is damaged.

    Only while no collector runs. The damaged file is kept beside the new one. What is lost is noted in the spool, and
    becomes gaps when the collector starts. Exit code 0: the spool is whole now; 1: nothing could be done.
    """
    from collector.alone import OtherCollectorError, alone
    from collector.spool.contract import SpoolError
    from collector.spool.inspection import opened, repair

    path = _path(config, file)
    try:
        if not path.exists():
            opened(path)
        with alone(path):
            done = repair(path)
    except (OtherCollectorError, SpoolError) as error:
        fail(error)
    except OSError as error:
        fail(f"the spool {path} cannot be repaired ({error}): make room on its disk, or let this user write there")
    facts = {"file": str(path), **dataclasses.asdict(done)}
    if output is OutputFormat.JSON:
        show_json(facts)
    else:
        show([{"what": name, "value": value} for name, value in facts.items()], output, title="the spool is whole")


@app.command("export")
def export_samples(
    target: Annotated[Path, typer.Argument(help="File to write: its name ends in .parquet, .csv or .arrow.")],
    config: ConfigFile = DEFAULT_CONFIG,
    file: SpoolPath = None,
    start: Annotated[
        int | None,
        typer.Option("--from", help="First position; without it, the first that the store does not have.", min=1),
    ] = None,
    end: Annotated[int | None, typer.Option("--to", help="Last position; without it, the newest.", min=1)] = None,
    damaged: Annotated[
        Path | None, typer.Option("--damaged", help="Folder for the bytes of damaged entries, as they were found.")
    ] = None,
    *,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Write the samples that the store does not have yet, or those of some entries, to a file. No cursor moves."""
    from collector.spool.contract import STORE
    from collector.spool.inspection import SINKS, export, export_damaged

    if target.suffix not in SINKS:
        fail(f"{target}: its name must end in {', '.join(SINKS)}", code=2)
    if target.exists():
        fail(f"{target} is there already; name another file", code=2)
    path = _path(config, file)
    with _opened(path) as opened:
        after = opened.cursors().get(STORE, 0) if start is None else start - 1
        upto = opened.state().end if end is None else end
        try:
            samples = export(opened, target, after, upto)
            raw = export_damaged(opened, damaged) if damaged is not None else []
        except OSError as error:
            fail(f"the samples cannot be written ({error}): make room, or name another place")
    done = {"file": str(target) if samples else None, "samples": samples, "from": after + 1, "to": upto}
    if damaged is not None:
        done["damaged"] = len(raw)
    if output is OutputFormat.JSON:
        show_json(done)
    else:
        show([done], output, title="exported" if samples else "nothing to export")


@contextmanager
def _opened(path: Path) -> Iterator["SpoolFile"]:
    """Open a spool's file; end the verb where that does not work."""
    from collector.spool.contract import SpoolError
    from collector.spool.inspection import opened

    try:
        file = opened(path)
        try:
            yield file
        finally:
            file.close()
    except SpoolError as error:
        fail(error)


def _path(config: Path, file: Path | None) -> Path:
    """Give the spool's file."""
    if file is not None:
        return file
    from collector.load import ConfigError, load

    try:
        return load(config).installation.spool.path
    except ConfigError as error:
        fail(error, code=2)


def _files(path: Path) -> list[Path]:
    """Give the files that the spool consists of."""
    return [one for one in path.parent.glob(f"{path.name}*") if one.is_file()]


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else round(age.total_seconds(), 1)
