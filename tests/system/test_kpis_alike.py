"""One recorded day, stored in InfluxDB and in the lake: the same numbers, the same alerts."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.stores.contract import RESULTS
from analytics.recording import Recorded, play
from analytics.site import site
from collector.assembly import open_store
from tests.servers.influxdb import InfluxServer

CONFIGS = Path(__file__).parents[2] / "configs"
DAY = CONFIGS / "recordings" / "mazak01-2016-12-14.shdr.txt.gz"


async def stored(folder: Path, store: str) -> tuple[Recorded, pl.DataFrame]:
    """Play the day in an installation of its own; give what was printed, and every result."""
    shutil.copytree(CONFIGS, folder, ignore=shutil.ignore_patterns("data", "recordings"))
    with site(folder / "lines" / "milling.yaml", None, store) as (config, line):
        async with open_store(config) as opened:
            recorded = await play(config, line, [DAY], opened, now=datetime.now(UTC), tell=lambda _: None)
            results = await opened.results(start=datetime(2016, 1, 1, tzinfo=UTC), end=datetime(2018, 1, 1, tzinfo=UTC))
    return recorded, results


def told(recorded: Recorded) -> dict[str, Any]:
    return {"machines": recorded.machines, "alerts": recorded.alerts, "totals": recorded.totals}


@pytest.mark.system
async def test_influxdb_and_the_lake_give_the_same_numbers(tmp_path: Path) -> None:
    in_lake, lake_results = await stored(tmp_path / "one", f"lake:{tmp_path / 'lake'}")
    (tmp_path / "influxdb").mkdir()
    async with InfluxServer(tmp_path / "influxdb") as influx:
        in_influx, influx_results = await stored(tmp_path / "two", f"influxdb:url={influx.url},bucket=alike")
    assert in_lake.totals.sent == in_lake.totals.stored > 10_000
    assert told(in_lake) == told(in_influx)
    assert lake_results.schema == influx_results.schema == RESULTS
    key = ["path", "period", "start", "kpi"]
    assert lake_results.drop("computed").sort(key).equals(influx_results.drop("computed").sort(key))
    assert lake_results.filter(kpi="producing_time", period="day")["value"].max() > 3600  # type: ignore[operator]
