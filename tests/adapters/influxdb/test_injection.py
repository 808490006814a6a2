"""Names that are InfluxQL elsewhere, asked for on the real server: each finds its own samples and nobody else's."""

import asyncio
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as searched
from hypothesis import strategies as st

from adapters.stores.contract import Position
from adapters.stores.influxdb import create
from adapters.stores.influxdb.settings import InfluxSettings
from tests.conformance.store import NOON, at, batch, sample

CODE = (
    "'",
    '"',
    "\\",
    "\n",
    " OR ",
    "1=1",
    "--",
    ";",
    "=~ .*",
    "::tag",
    "(",
    ")",
    "DROP",
    "*",
    "%",
    "%27",
    "压",
    " ",
)
"""What InfluxQL, line protocol and our own way to write names in tags are made of."""

NAMES = st.lists(
    st.lists(st.sampled_from(CODE), min_size=1, max_size=6).map("".join),
    min_size=2,
    max_size=6,
    unique=True,
)


@pytest.mark.system
@given(names=NAMES)
@example(names=["' OR ''='", "'", "\\", "\\'", "%5C", "x' OR 'a'='a"])
@searched(max_examples=20, suppress_health_check=list(HealthCheck))
def test_a_name_finds_its_own_samples_alone(settings: InfluxSettings, names: list[str]) -> None:
    paths = [f"plant/line-1/{name}/level" for name in names]

    async def ask() -> list[pl.DataFrame]:
        async with create(settings) as store:
            rows = (sample(path, at(), float(number)) for number, path in enumerate(paths))
            await store.write(batch(*rows), Position("log", 1))
            window = NOON, NOON + timedelta(hours=1)
            found = [(await store.samples([path], *window)).collect() for path in paths]
            last = [await store.last([path], NOON + timedelta(hours=1)) for path in paths]
            assert [one["float"].to_list() for one in last] == [one["float"].to_list() for one in found]
            return found

    for number, (path, rows) in enumerate(zip(paths, asyncio.run(ask()), strict=True)):
        assert rows["signal"].to_list() == [path]
        assert rows["float"].to_list() == [float(number)]
