"""Play a real machine tool's day through the whole corridor: OPC UA, MQTT, store, utilisation, alerts, API."""

from pathlib import Path
from typing import Annotated

import typer

from collector.output import OutputFormat, fail, show_json

app = typer.Typer()


@app.command()
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Play the day once, as fast as it goes, print what came of it, and end.")
    ] = False,
    pace: Annotated[float, typer.Option(min=0.1, max=3600, help="How many times real time the live demo plays.")] = 60,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Folder of the installation to play into; a copy of it runs.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option(help="Recorded file to play: SHDR, CSV or Parquet; else NIST's day.")
    ] = None,
    output: Annotated[OutputFormat, typer.Option("--output", "-o", help="How --once prints.")] = OutputFormat.TABLE,
) -> None:
    """Play a real machine tool's day through the whole corridor: OPC UA, MQTT, store, utilisation, alerts, API.

    Live, until Ctrl-C, in the terminal and on the page. With --once: exit code 0 only if all that was sent is stored.
    """
    import asyncio

    from adapters.stores.contract import StoreError
    from api.demo.installation import EXAMPLE
    from api.demo.live import live
    from api.demo.once import once as play_once
    from api.demo.stage import StageError
    from collector.load import ConfigError
    from collector.records import RecordsError

    example = config or EXAMPLE
    recordings = [recording] if recording else sorted((EXAMPLE / "recordings").glob("*.shdr.txt.gz"))
    missing = [str(file) for file in recordings if not file.is_file()] or ([] if recordings else [str(EXAMPLE)])
    if missing:
        fail(f"no recording at {', '.join(missing)}; name one with --recording", code=2)
    try:
        if not once:
            asyncio.run(live(example, recordings, pace))
            return
        played = asyncio.run(play_once(example, recordings))
    except ConfigError as error:
        fail(error, code=2)
    except (StageError, StoreError, RecordsError) as error:
        fail(error)
    except ExceptionGroup as errors:
        told = errors.subgroup((StageError, StoreError, RecordsError))
        if told is None:
            raise
        fail(told.exceptions[0])
    if output is OutputFormat.JSON:
        show_json(played)
    else:
        from api.demo.once import tables

        tables(played)
    sent, stored = played["samples"]["sent"], played["samples"]["stored"]
    if stored != sent:
        fail(f"{sent - stored} of {sent} samples are not in the store")
