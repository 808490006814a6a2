"""The live demo: the recorded day at a chosen pace, in the terminal and on the page, until Ctrl-C."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from api.demo.installation import install
from api.demo.machine import Machine, first_activity
from api.demo.screen import show
from api.demo.stage import Stage
from collector.log import LogFormat, LogLevel, configure
from collector.run import listening


async def live(example: Path, recordings: Sequence[Path], pace: float) -> None:
    """Play recordings through a copy of the installation in `example`, and show it until SIGINT or SIGTERM.

    Raises:
        ConfigError: the installation has mistakes.
        StageError: the collector does not connect.
    """
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    stop = asyncio.Event()
    share = 0.0

    async def play(stage: Stage) -> None:
        nonlocal share
        await stage.linked()
        async for tally in stage.play(held=False):
            share = tally.fraction

    with tempfile.TemporaryDirectory(prefix="parkline-demo-") as name, listening(stop):
        folder = Path(name)
        config = install(example, folder)
        address = f"http://{config.installation.api.host}:{config.installation.api.port}"
        async with httpx.AsyncClient(base_url=address, timeout=5) as client, asyncio.TaskGroup() as group:
            screen = group.create_task(show(client, folder, lambda: share, stop), name="screen")
            begin = await first_activity(config.park, recordings)
            stage = Stage(config, Machine(config.park, recordings, pace=pace, begin=begin), folder / "roles.log")
            async with stage.running():
                playing = group.create_task(play(stage), name="machine")
                await screen
                playing.cancel()
