"""The timeline of machines, read from store and records."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Connection

from adapters.sources.contract import GapKind
from analytics.frontier import frontier, frontiers
from analytics.spans import Machine, lookback, signals_of
from analytics.timeline import Reader, read_states
from collector.gaps import add_gap, begin_gap, end_gap
from collector.links import Link, write_links
from collector.park import Equipment, Signal, SignalRole
from collector.records import Records
from tests.analytics.plant import BEGIN, Address, ResultStore, at, line, link, machine, park, samples

PRESS = "works/line/press"
STATE = f"{PRESS}/state"
MILL = "works/line/mill"
PLANT = park(line("works/line", machine(PRESS, hold_for=timedelta(minutes=1))))


@pytest.mark.parametrize(
    ("state", "seen", "now", "expected"),
    [
        ("up", 160, 500, 160),
        ("held", 160, 500, 160),
        ("ended", 160, 500, 100),
        ("down", 160, 500, 500),
        ("refused", 160, 500, 500),
        ("down", 160, 90, 100),
    ],
)
def test_the_frontier_follows_the_link(state: str, seen: float, now: float, expected: float) -> None:
    assert frontier(link(state=state, last=100, seen=seen), at(now)) == at(expected)


def test_without_samples_there_is_no_frontier() -> None:
    assert frontier(None, at(0)) is None
    assert frontiers(PLANT, {}, at(0)) == {}


def test_a_recording_carries_the_frontier_as_far_as_it_goes() -> None:
    recording = link("recording-works-line", "ended", last=300)
    assert frontiers(PLANT, {recording.source: recording}, at(900)) == {PRESS: at(300)}
    assert frontiers(PLANT, {recording.source: recording, "plc": link(last=500)}, at(900)) == {PRESS: at(500)}


def mill(**keys: Any) -> Equipment:
    """Give a machine whose state two sources tell."""
    names = {"execution": "plc", "mode": "panel"}
    signals = tuple(
        Signal(path=f"{MILL}/{name}", name=name, source=source, address=Address(), type="text")
        for name, source in names.items()
    )
    rule = {"kind": "mtconnect", "execution": "execution", "mode": "mode"}
    given = {"path": MILL, "id": "mill", "signals": signals, "state_from": rule, "hold_for": timedelta(minutes=1)}
    return Equipment.model_validate(given | keys)


async def told(
    reader: Reader, start: float = 0, end: float = 1000, now: float = 1000, *, path: str = PRESS
) -> list[tuple[float, float, str]]:
    found = await reader.timeline([path], at(start), at(end), now=at(now))
    second = [((pl.col(edge) - BEGIN).dt.total_microseconds() / 1e6).alias(edge) for edge in ("start", "end")]
    return found.select(*second, "state").rows()


@pytest.mark.parametrize(
    ("links", "reached"),
    [
        ([link(last=100), link("panel", last=300)], 100),
        ([link(last=300), link("panel", "down", last=100)], 300),
        ([link(last=100)], None),
        ([link(last=100), link("recording-works-line", "ended", last=50)], 50),
    ],
)
def test_the_slowest_source_says_how_far_a_machine_is_known(links: list[Link], reached: float | None) -> None:
    found = frontiers(park(line("works/line", mill())), {one.source: one for one in links}, at(500))
    assert found == ({} if reached is None else {MILL: at(reached)})


async def test_the_state_of_a_machine_may_come_from_two_sources(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{MILL}/execution", [(-9000, "ACTIVE"), (700, "READY")]))
    await store.put(samples(f"{MILL}/mode", [(-9000, "AUTOMATIC"), (50, "MANUAL"), (600, "AUTOMATIC")]))

    def note(connection: Connection) -> None:
        write_links(connection, [link(last=800), link("panel", last=900)])
        add_gap(connection, "panel", [], at(100), at(500), "cable", kind=GapKind.OUTAGE)
        add_gap(connection, "elsewhere", [], at(0), at(800), "cable", kind=GapKind.OUTAGE)

    await records.run(note)
    reader = Reader(park(line("works/line", mill())), store, records)
    assert reader.state_signals(MILL) == [f"{MILL}/execution", f"{MILL}/mode"]
    assert reader.state_signal(MILL) == ""
    assert await told(reader, path=MILL) == [
        (0, 50, "producing"),
        (50, 160, "setup"),
        (160, 600, "unknown"),
        (600, 700, "producing"),
        (700, 800, "idle"),
    ]


async def test_as_much_is_read_as_the_rules_need(store: ResultStore) -> None:
    counter = {"kind": "counter", "signal": "execution"}
    press = mill(state_from=counter, ideal_cycle=timedelta(minutes=10), products={"a": timedelta(hours=1)})
    product = Signal(
        path=f"{MILL}/product", name="product", source="plc", address=Address(), type="text", role=SignalRole.PRODUCT
    )
    press = press.model_copy(update={"signals": (*press.signals, product)})
    hours = [(3600.0 * hour, "x") for hour in range(-10, 10)]
    for name in ("execution", "mode", "product"):
        await store.put(samples(f"{MILL}/{name}", hours))
    inside, earlier = await read_states(store, [Machine(press, at(0))], at(0), at(3600))
    assert lookback(press) == timedelta(hours=3, minutes=1)
    assert [one.name for one in signals_of(press)] == ["execution", "product"]
    times = inside.filter(pl.col("signal") == f"{MILL}/product").collect()["time"]
    assert (times.min(), times.max()) == (at(-3 * 3600), at(4 * 3600))
    assert earlier["time"].unique().to_list() == [at(-4 * 3600)]
    assert inside.collect()["signal"].unique().sort().to_list() == [f"{MILL}/execution", f"{MILL}/product"]


async def test_a_timeline_ends_at_the_frontier(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(10, "RUN"), (50, "WAIT")]))
    await records.run(lambda c: write_links(c, [link(last=50, seen=80)]))
    reader = Reader(PLANT, store, records)
    assert await told(reader) == [(0, 10, "unknown"), (10, 50, "producing"), (50, 80, "idle")]
    assert await told(reader, 60, 70) == [(60, 70, "idle")]
    assert await told(reader, 90) == []


async def test_a_link_that_is_down_is_bridged_and_then_unknown(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(10, "RUN")]))
    await records.run(lambda c: write_links(c, [link(state="down", last=10, seen=40)]))
    assert await told(Reader(PLANT, store, records), 10) == [(10, 100, "producing"), (100, 1000, "unknown")]


async def test_a_long_gap_long_ago_still_counts_until_the_next_report(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(0, "RUN"), (90_000, "RUN")]))

    def gap(connection: object) -> None:
        write_links(connection, [link(last=90_000, seen=100_000)])  # type: ignore[arg-type]
        add_gap(connection, "plc", [], at(100), at(3600), "cable", kind=GapKind.OUTAGE)  # type: ignore[arg-type]

    await records.run(gap)
    reader = Reader(PLANT, store, records)
    assert await told(reader, 80_000, 95_000) == [(80_000, 90_000, "unknown"), (90_000, 95_000, "producing")]


async def test_filled_gaps_and_those_of_other_signals_are_none(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(0, "RUN")]))

    def gaps(connection: object) -> None:
        write_links(connection, [link(last=900, seen=900)])  # type: ignore[arg-type]
        begin_gap(connection, "plc", at(100), "restart")  # type: ignore[arg-type]
        end_gap(connection, "plc", at(300), filled=True)  # type: ignore[arg-type]
        add_gap(connection, "plc", [f"{PRESS}/force"], at(400), at(800), "overflow", kind=GapKind.OVERFLOW)  # type: ignore[arg-type]
        add_gap(connection, "other", [], at(400), at(800), "cable", kind=GapKind.OUTAGE)  # type: ignore[arg-type]

    await records.run(gaps)
    assert await told(Reader(PLANT, store, records)) == [(0, 900, "producing")]


async def test_a_gap_before_the_interval_is_known_by_its_bad_reports(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(0, "RUN"), (500, None), (700, None), (800, "WAIT")]))
    await records.run(lambda c: write_links(c, [link(last=900)]))
    reader = Reader(PLANT, store, records)
    assert await told(reader, 520) == [(520, 560, "producing"), (560, 800, "unknown"), (800, 900, "idle")]
    assert await told(reader, 750) == [(750, 800, "unknown"), (800, 900, "idle")]


async def test_equipment_without_a_state_has_no_spans(store: ResultStore, records: Records) -> None:
    force = Signal(path="works/line/jig/force", name="force", source="plc", address=Address(), type="float")
    plant = park(line("works/line", machine("works/line/jig", state=force)))
    await records.run(lambda c: write_links(c, [link(last=900)]))
    assert (await Reader(plant, store, records).timeline(["works/line/jig"], at(0), at(9), now=at(9))).is_empty()


async def test_a_recording_brings_its_own_frontier(store: ResultStore, records: Records) -> None:
    await store.put(samples(STATE, [(0, "RUN")]))
    found = await Reader(PLANT, store, records).timeline([PRESS], at(0), at(100), now=at(0), frontiers={PRESS: at(30)})
    assert found.select("start", "end").rows() == [(at(0), at(30))]
