"""A whole collector beside a test: one line in the park `works/line`, a lake as its store, spool and records real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from collector.assembly import collect, open_records
from collector.gaps import Gap, read_gaps
from collector.load import Config, load
from collector.records import Records

PARK: Final = """
id: park
calendars:
  always: {shifts: [{name: day, start: "08:00", end: "16:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""


def install(folder: Path, line: str) -> Config:
    """Write the files of an installation with this line; load them."""
    (folder / "lines").mkdir()
    (folder / "parkline.yaml").write_text("store: {kind: lake, flush: 100 ms}\n")
    (folder / "park.yaml").write_text(PARK)
    (folder / "lines" / "line.yaml").write_text(line)
    return load(folder)


@asynccontextmanager
async def collecting(config: Config) -> AsyncIterator[Records]:
    """Run the collector meanwhile; give the records beside it."""
    stop = asyncio.Event()
    task = asyncio.create_task(collect(config, stop))
    try:
        async with open_records(config) as records:
            yield records
    finally:
        stop.set()
        await task


async def gaps(records: Records) -> list[Gap]:
    """Give the gaps of yesterday, today and tomorrow."""
    day = timedelta(days=1)
    now = datetime.now(UTC)
    return await records.run(lambda connection: read_gaps(connection, start=now - day, end=now + day))
