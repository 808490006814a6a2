"""An outage of an OPC UA link, filled from the server's own history: collector, spool and store are whole and real."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from collector import filling
from collector.assembly import open_store
from collector.links import OVERTAKING, Link, read_links
from collector.load import Config
from collector.records import Records
from tests.collector.fakes import until
from tests.servers.node_opcua import NodeOpcua, node_opcua
from tests.servers.opcua_write import Write, node_id
from tests.servers.relay import Relay
from tests.system.collecting import collecting, gaps, install

__all__ = ["node_opcua"]

pytestmark = pytest.mark.system

PATIENCE = 30.0
MACHINE = "works/line/press"
MILLISECOND = timedelta(milliseconds=1)

LINE = """
line: line
factory: works
sources:
  - name: plc
    kind: opcua
    endpoint: "opc.tcp://127.0.0.1:{port}/park"
    publishing_interval: 50 ms
    keepalive: 1 s
    request_timeout: 2 s
equipment:
  - id: press
    signals:
      - {{name: force, source: plc, node: "{force}", type: float, scale: 10}}
      - {{name: plain, source: plc, node: "{plain}", type: float}}
"""


def line(port: int) -> str:
    return LINE.format(port=port, force=node_id("history.force"), plain=node_id("history.plain"))


async def link(records: Records) -> Link | None:
    return (await records.run(read_links)).get("plc")


async def stored(config: Config, since: datetime) -> pl.DataFrame:
    async with open_store(config) as store:
        day = timedelta(days=1)
        return (await store.samples([f"{MACHINE}/force"], since - day, since + day)).collect()


async def test_what_changed_while_the_link_was_down_is_in_the_store_and_the_gap_is_filled(
    node_opcua: NodeOpcua, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "LOOK", 0.1)
    monkeypatch.setattr(filling, "RIPE", timedelta(seconds=0.3))
    await node_opcua.add({"history.force": ("Double", 0.0)}, historize=True)
    await node_opcua.add({"history.plain": ("Double", 0.0)})
    began = datetime.now(UTC)
    async with Relay(node_opcua.port) as relay:
        config = install(tmp_path, line(relay.port))
        async with collecting(config) as records:

            async def stands(state: str, samples: int = 0) -> bool:
                found = await link(records)
                return found is not None and found.state == state and found.samples >= samples

            await until(lambda: stands("up", 2), patience=PATIENCE)
            # The gap will begin a second before the last sample: by then the history must have begun.
            await until(lambda: datetime.now(UTC) - began > OVERTAKING, patience=PATIENCE)
            await node_opcua.write(Write("history.force", -1.0))
            await until(lambda: stands("up", 3), patience=PATIENCE)
            await relay.stop()
            await until(lambda: stands("down"), patience=PATIENCE)
            lost = datetime.now(UTC).replace(microsecond=0)
            writes = [Write("history.force", float(n), time=lost + n * MILLISECOND) for n in range(1, 501)]
            await node_opcua.write(*writes)
            await node_opcua.write(Write("history.plain", 1.0), Write("history.plain", 2.0))
            await until(lambda: datetime.now(UTC) > lost + 501 * MILLISECOND)  # written before the link is back
            await relay.start()
            await until(lambda: stands("up"), patience=PATIENCE)

            async def resolved() -> bool:
                found = await gaps(records)
                return bool(found) and all(gap.state != "open" for gap in found)

            await until(resolved, patience=PATIENCE)
            found = await gaps(records)
    told = {gap.signals: (gap.state, gap.filled_by) for gap in found}
    assert told == {(f"{MACHINE}/force",): ("filled", "history"), (f"{MACHINE}/plain",): ("unfillable", None)}
    assert {gap.kind for gap in found} == {"outage"}
    [reason] = [gap.reason for gap in found if gap.state == "unfillable"]
    assert "keeps no history of node" in reason
    [whole] = [gap for gap in found if gap.state == "filled"]
    assert whole.samples is not None
    assert whole.samples >= 500
    samples = await stored(config, began)
    assert samples.filter(pl.col("float") > 0)["float"].to_list() == [10.0 * n for n in range(1, 501)]
    assert samples.n_unique(["signal", "time"]) == samples.height
