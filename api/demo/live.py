"""The live demo: the recorded day at a chosen pace, in the terminal and on the page, until Ctrl-C."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from api.demo.installation import install
from api.demo.machine import Machine, first_activity
from api.demo.screen import show
from api.demo.stage import Stage
from collector.log import LogFormat, LogLevel, configure
from collector.run import listening

if TYPE_CHECKING:
    from datetime import datetime


async def live(example: Path, recordings: Sequence[Path], pace: float) -> None:
    """Play recordings through a copy of the installation in `example`, and show it until SIGINT or SIGTERM.

    Raises:
        ConfigError: the installation has mistakes.
        StageError: the collector does not connect.
    """
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    stop = asyncio.Event()
    share = 0.0
    with tempfile.TemporaryDirectory(prefix="parkline-demo-") as name:
        folder = Path(name)
        config = install(example, folder)
        begin: datetime | None = await first_activity(config.park, recordings)
        stage = Stage(config, Machine(config.park, recordings, pace=pace, begin=begin), folder / "roles.log")
        address = f"http://{config.installation.api.host}:{config.installation.api.port}"

        async def play() -> None:
            nonlocal share
            await stage.linked()
            async for tally in stage.play(held=False):
                share = tally.fraction

        with listening(stop):
            sys.stderr.write(f"parkline demo: {address} in a moment, Ctrl-C ends it\n")
            async with (
                stage.running(),
                httpx.AsyncClient(base_url=address, timeout=5) as client,
                asyncio.TaskGroup() as group,
            ):
                playing = group.create_task(play(), name="machine")
                await show(client, lambda: share, stop)
                playing.cancel()
