"""An outage of a Sparkplug link, filled by the rebirth as far as it can be: collector, spool and store are real."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from collector import filling
from collector.assembly import open_store
from collector.links import Link, read_links
from collector.records import Records
from tests.collector.fakes import until
from tests.servers.edge_node import DOUBLE, Change, EdgeNode, Metric
from tests.servers.mosquitto import Mosquitto
from tests.servers.relay import Relay
from tests.system.collecting import collecting, gaps, install

pytestmark = pytest.mark.system

PATIENCE = 90.0
MACHINE = "works/line/press"

LINE = """
line: line
factory: works
sources:
  - {{name: gateways, kind: sparkplug, host: 127.0.0.1, port: {port}, reorder: 100 ms}}
equipment:
  - id: press
    signals:
      - {{name: steady, source: gateways, group: works, node: gateway, device: press, metric: Steady, type: float}}
      - {{name: moving, source: gateways, group: works, node: gateway, device: press, metric: Moving, type: float}}
"""


async def link(records: Records) -> Link | None:
    return (await records.run(read_links)).get("gateways")


def now() -> datetime:
    """Give the present to the millisecond."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


async def test_what_has_not_changed_while_the_link_was_down_missed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "LOOK", 0.1)
    broker_folder = tmp_path / "broker"
    broker_folder.mkdir()
    old = now() - timedelta(minutes=30)
    metrics = {"Steady": Metric(DOUBLE, 1.0, old), "Moving": Metric(DOUBLE, 1.0, old)}
    async with (
        Mosquitto(broker_folder) as broker,
        Relay(broker.port) as relay,
        EdgeNode(broker.port, {"": {}, "press": metrics}) as node,
    ):
        config = install(tmp_path, LINE.format(port=relay.port))
        async with collecting(config) as records:

            async def stands(state: str, samples: int = 0) -> bool:
                found = await link(records)
                return found is not None and found.state == state and found.samples >= samples

            await until(lambda: stands("up", 2), patience=PATIENCE)
            await node.report("press", Change("Moving", 2.0, now()))
            await until(lambda: stands("up", 3), patience=PATIENCE)
            await relay.stop()
            await until(lambda: stands("down"), patience=PATIENCE)
            changed = now() + timedelta(milliseconds=300)
            await until(lambda: now() > changed)
            await node.report("press", Change("Moving", 3.0, changed))
            await relay.start()
            await until(lambda: stands("up", 5), patience=PATIENCE)

            async def resolved() -> bool:
                open_now = {
                    path for gap in await gaps(records) if gap.state == "open" for path in gap.signals or ("*",)
                }
                return open_now == {f"{MACHINE}/moving"}

            await until(resolved, patience=PATIENCE)
            found = await gaps(records)
    left = [gap for gap in found if gap.state == "open"]
    assert {gap.signals for gap in left} == {(f"{MACHINE}/moving",)}
    assert max(gap.end for gap in left if gap.end is not None) == changed
    steady = [gap for gap in found if f"{MACHINE}/steady" in gap.signals]
    assert {(gap.state, gap.filled_by) for gap in steady} == {("filled", "rebirth")}
    async with open_store(config) as store:
        day = timedelta(days=1)
        samples = (await store.samples([f"{MACHINE}/moving"], old - day, old + day)).collect()
    assert samples.sort("time")["float"].unique(maintain_order=True).to_list() == [1.0, 2.0, 3.0]
    assert samples.filter(pl.col("float") == 3.0)["time"].dt.cast_time_unit("us").to_list() == [changed]
