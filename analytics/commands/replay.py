"""Play recorded files as a line's: store them, compute utilisation and faults, and print what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.output import Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from analytics.recording import Recorded
    from collector.load import Config
    from collector.park import Line

app = typer.Typer()


@app.command()
def replay(
    line: Annotated[
        Path, typer.Argument(help="The line's file; its signals are looked up in the recordings by `item`.")
    ],
    files: Annotated[
        list[Path], typer.Argument(help="Recorded files: SHDR, CSV or Parquet, in the order of their times.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="The installation. Without it: parkline.yaml beside or above the line's file."
        ),
    ] = None,
    store: Annotated[
        str, typer.Option(help="Where to store instead: lake:FOLDER, influxdb:URL or KIND:key=value,…")
    ] = "",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Play recorded files as a line's: store them, compute utilisation and faults, and print what came of it.

    Exits with 0 only if every sample of the files is stored. Without an installation, a passing one is used: its
    factory in UTC, work planned around the clock, and nothing kept but what --store keeps.
    """
    import asyncio

    from adapters.sources.contract import SourceError
    from adapters.stores.contract import StoreError
    from analytics.site import site
    from collector.load import ConfigError
    from collector.records import RecordsError
    from collector.spool.contract import SpoolError

    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        fail(f"no such file: {', '.join(missing)}", code=2)
    try:
        with site(line, config, store) as (installation, played):
            recorded = asyncio.run(_play(installation, played, files))
    except ConfigError as error:
        fail(error, code=2)
    except (SourceError, StoreError, SpoolError, RecordsError) as error:
        fail(error)
    _print(recorded, output)
    if recorded.totals.stored != recorded.totals.sent:
        refused = recorded.totals.sent - recorded.totals.stored
        fail(f"{refused} of {recorded.totals.sent} samples were refused; the log and the dead letters say why")


async def _play(installation: "Config", line: "Line", files: list[Path]) -> "Recorded":
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from analytics.recording import play
    from collector.assembly import open_store

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(line.path, total=1.0)
        async with open_store(installation) as store:
            return await play(
                installation,
                line,
                files,
                store,
                now=datetime.now(UTC),
                tell=lambda share: bar.update(task, completed=share),
            )


def _print(recorded: "Recorded", output: OutputFormat) -> None:
    from analytics.report import alert
    from analytics.sayings import message

    totals = {"sent": recorded.totals.sent, "stored": recorded.totals.stored}
    if output is OutputFormat.JSON:
        show_json(
            {"samples": totals, "equipment": recorded.machines, "alerts": [alert(one) for one in recorded.alerts]}
        )
        return
    show([totals], output, title="Samples")
    states = sorted({state for machine in recorded.machines for state in machine["seconds"]})
    show(
        [
            {
                "machine": machine["path"],
                **{f"{name} %": _percent(machine[name]) for name in ("utilisation", "coverage")},
                **{f"{state} h": machine["seconds"].get(state, 0.0) / 3600 for state in states},
            }
            for machine in recorded.machines
        ],
        output,
        title="Machines",
    )
    show(
        [
            {
                "began": one.began.isoformat(sep=" ", timespec="seconds"),
                "ended": "" if one.ended is None else one.ended.isoformat(sep=" ", timespec="seconds"),
                "severity": one.severity.value,
                "machine": one.equipment,
                "message": message(one, "en"),
            }
            for one in recorded.alerts
        ],
        output,
        title="Alerts",
    )


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * 100
