"""Roles as processes: started, started again, stopped in order."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.run import Supervisor, listening, roles
from tests.collector.fakes import until
from tests.collector.test_assembly import INSTALLATION, PARK

PARKLINE = (sys.executable, "-m", "collector")
PATIENCE = 30.0
"""Seconds in which a process must be up, or gone; starting Python with Polars takes two."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation whose one line has nothing to collect."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text(INSTALLATION)
    (tmp_path / "lines" / "line.yaml").write_text("line: line\nfactory: works\n")
    return tmp_path


@asynccontextmanager
async def started(
    *arguments: str, stdin: int = asyncio.subprocess.DEVNULL
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command; kill it in the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *PARKLINE, *arguments, stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process, word: str) -> str:
    """Read the process's log up to the line with `word`."""
    assert process.stderr is not None
    lines = []
    async with asyncio.timeout(PATIENCE):
        while line := (await process.stderr.readline()).decode():
            lines.append(line)
            if word in line:
                break
        else:
            pytest.fail(f"{word!r} was never said:\n{''.join(lines)}")
    return "".join(lines)


def test_the_roles_are_found_upstream_first() -> None:
    assert roles()[:4] == ["collector", "alerts", "analytics", "api"]


async def test_a_role_in_the_foreground_ends_in_order_when_told(folder: Path) -> None:
    async with started("run", "--role", "collector", "-c", str(folder)) as process:
        await said(process, "store up")
        process.terminate()
        await said(process, "stopped")
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_a_role_stops_when_its_supervisor_is_gone(folder: Path) -> None:
    arguments = ("run", "--role", "collector", "--supervised", "-c", str(folder))
    async with started(*arguments, stdin=asyncio.subprocess.PIPE) as process:
        await said(process, "store up")
        assert process.stdin is not None
        process.stdin.close()
        await said(process, "stopped")
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_a_second_collector_on_one_spool_says_why_it_does_not_start(folder: Path) -> None:
    async with started("run", "--role", "collector", "-c", str(folder)) as first:
        await said(first, "store up")
        async with started("run", "--role", "collector", "-c", str(folder)) as second:
            output, errors = await asyncio.wait_for(second.communicate(), PATIENCE)
            assert second.returncode == 1
            assert f"process {first.pid} collects into" in errors.decode()
            assert output == b""


@pytest.mark.parametrize(
    ("arguments", "words"), [(("--role", "colector"), "there is no role 'colector'"), (("-c", "nowhere"), "nowhere")]
)
async def test_a_wrong_call_ends_with_2(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    async with started("run", "-c", str(folder), *arguments) as process:
        _, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 2
        assert words in errors.decode()


async def test_a_killed_role_is_started_again_and_stopped_with_the_supervisor(folder: Path) -> None:
    log = folder / "log"

    def times_up() -> int:
        return log.read_text().count("store up")

    with log.open("wb") as out:
        async with Supervisor(["collector"], folder, log=out) as supervisor:
            await until(lambda: times_up() == 1, patience=PATIENCE)
            first = supervisor.process("collector")
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await until(lambda: times_up() == 2, patience=PATIENCE)
            second = supervisor.process("collector")
    assert second not in {None, first}
    assert supervisor.process("collector") is None
    assert supervisor.killed == []
    assert log.read_text().count("stopped") == 1


async def test_a_signal_asks_to_stop_and_a_second_one_insists() -> None:
    stop = asyncio.Event()

    async def serve() -> None:
        with listening(stop):
            await asyncio.Event().wait()

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(stop.wait(), PATIENCE)
    assert not serving.done()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait({serving}, timeout=PATIENCE)
    assert serving.cancelled()
