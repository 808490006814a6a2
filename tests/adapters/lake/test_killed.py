"""A collector that is killed at the worst moments: between files, commit and cursor. Every sample is there once."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.adapters.lake.tables import listed, sample_table
from tests.conformance.store import DAY, NOON, at, batch, sample, stored

ENTRIES = 24
ROWS = 50
SIGNALS = [f"f/l/e/s{n}" for n in range(2)]

COLLECTOR = """
import asyncio, os, signal, sys
from datetime import timedelta
from pathlib import Path
from random import Random
from adapters.stores.lake import create, table
from adapters.stores.lake.settings import LakeSettings
from collector.clock import WallClock
from collector.deadletters import Bounds
from collector.drain import Drain
from collector.records import Records
from collector.settings import StoreSettings
from collector.spool.sqlite import SqliteSpool

folder, moment, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def killed_at(kind, name):
    before = getattr(kind, name)
    def late(self, *asked, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return before(self, *asked, **named)
    setattr(kind, name, late)

if moment == "committing":
    killed_at(table.Table, "_commit")
elif moment == "merging":
    killed_at(table.Table, "merge")
elif moment == "moving the cursor":
    killed_at(SqliteSpool, "commit")

async def main():
    lake = LakeSettings(folder=folder / "lake", compact_after=2)
    spool = SqliteSpool(folder / "spool.db", limit=2**30, linger=timedelta(0), keep=timedelta(0))
    async with spool:
        drain = Drain(
            spool, create(lake), Records("sqlite://"), settings=StoreSettings(batch=150, settings=lake), sources={},
            dead_letters=Bounds(1, 1), clock=WallClock(), random=Random(0), noted=False,
        )
        drain.finish()
        await drain.run()

asyncio.run(main())
"""


async def run(folder: Path, moment: str = "", left: int = 0) -> int | None:
    """Have another process drain the spool, killed when it has come to a moment for the so manieth time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COLLECTOR, folder, moment, str(left)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    async with asyncio.timeout(120):
        await process.communicate()
    return process.returncode


def spool_in(folder: Path) -> SqliteSpool:
    return SqliteSpool(folder / "spool.db", limit=2**30, linger=timedelta(0), keep=timedelta(0))


@pytest.mark.parametrize(
    ("moment", "times"), [("committing", (1, 3)), ("moving the cursor", (1, 2)), ("merging", (1,))]
)
async def test_a_killed_collector_has_stored_every_sample_once(
    tmp_path: Path, moment: str, times: tuple[int, ...]
) -> None:
    async with spool_in(tmp_path) as spool:
        for number in range(ENTRIES):
            ns = range(number * ROWS, (number + 1) * ROWS)
            await spool.append(batch(*(sample(SIGNALS[n % 2], at(n % 3 * DAY, ns=n), value=n) for n in ns)), "plc")
    for left in times:
        assert await run(tmp_path, moment, left) == -9
        async with spool_in(tmp_path) as spool, create(LakeSettings(folder=tmp_path / "lake")) as lake:
            written = await lake.written(spool.log) or 0
            assert await spool.cursor(STORE) <= written <= ENTRIES
            assert sum(part.rows for part in listed(sample_table(tmp_path / "lake"))) == written * ROWS
    assert await run(tmp_path) == 0
    async with spool_in(tmp_path) as spool, create(LakeSettings(folder=tmp_path / "lake")) as lake:
        assert await lake.written(spool.log) == ENTRIES == await spool.cursor(STORE)
        found = await stored(lake, SIGNALS, NOON - DAY, NOON + 9 * DAY)
        assert found["int"].sort().to_list() == list(range(ENTRIES * ROWS))
    assert sum(part.rows for part in listed(sample_table(tmp_path / "lake"))) == ENTRIES * ROWS
