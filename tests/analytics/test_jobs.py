"""The jobs: what is touched is computed, with all that lies above it, and nothing else."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl
import pytest
from structlog.testing import capture_logs

from adapters.stores.contract import StoreUnavailableError
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from collector.links import write_links
from collector.records import Records
from tests.analytics.plant import ResultStore, at, line, link, machine, park, samples

HOUR, DAY = 3600, 86_400
PRESS, LATHE = "works/line/press", "works/line/lathe"
PLANT = park(line("works/line", machine(PRESS), machine(LATHE)))


async def compute(
    store: ResultStore,
    records: Records,
    *ranges: tuple[str, float, float],
    until: Mapping[str, float],
    now: float = 0,
    plant: object = PLANT,
) -> int:
    touched = pl.concat([ranges_of([path], at(start), at(end)) for path, start, end in ranges])
    jobs = Jobs(Reader(plant, store, records))  # type: ignore[arg-type]
    frontiers = {path: at(second) for path, second in until.items()}
    return await jobs.compute(touched, now=at(now), frontiers=frontiers)


def computed_at(store: ResultStore, path: str, period: str) -> dict[float, float]:
    """Give when each window was computed, by its start, in seconds."""
    rows = store.kept.filter(path=path, period=period, kpi="utilisation").select("start", "computed")
    return {(start - at(0)).total_seconds(): (when - at(0)).total_seconds() for start, when in rows.iter_rows()}


async def test_a_machine_and_all_above_it(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (3 * HOUR, "WAIT")]))
    await store.put(samples(f"{LATHE}/state", [(0, "WAIT")]))
    ranges = [(PRESS, 0, 3 * HOUR), (LATHE, 0, 1)]
    written = await compute(store, records, *ranges, until={PRESS: 6 * HOUR, LATHE: 6 * HOUR})
    assert written == len(store.kept)
    assert store.value(PRESS, "day", at(0), "utilisation") == 0.5
    assert store.value(PRESS, "hour", at(2 * HOUR), "producing_time") == HOUR
    for path in ("works/line", "works", "park"):
        assert store.value(path, "day", at(0), "utilisation") == 0.25
        assert store.value(path, "shift", at(0), "planned_time") == 12 * HOUR


async def test_running_again_changes_nothing(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (5000, "STOP")]))
    await compute(store, records, (PRESS, 0, 5001), until={PRESS: 2 * HOUR})
    once = store.kept
    await compute(store, records, (PRESS, 0, 5001), until={PRESS: 2 * HOUR})
    assert store.result_writes == 1
    assert store.kept.equals(once)


async def test_late_data_changes_what_lies_between_it_and_the_next_report(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (5 * HOUR + 60, "WAIT")]))
    await compute(store, records, (PRESS, 0, 5 * HOUR + 61), until={PRESS: 9 * HOUR}, now=1)
    await store.put(samples(f"{PRESS}/state", [(2 * HOUR + 1800, "STOP")]))
    await compute(store, records, (PRESS, 2 * HOUR + 1800, 2 * HOUR + 1801), until={PRESS: 9 * HOUR}, now=2)
    hours = computed_at(store, PRESS, "hour")
    assert [hours[n * HOUR] for n in range(9)] == [1, 1, 2, 2, 2, 2, 1, 1, 1]
    assert store.value(PRESS, "hour", at(2 * HOUR), "producing_time") == 1800
    assert store.value(PRESS, "day", at(0), "unplanned_stop_time") == 2.5 * HOUR + 60
    assert store.value("park", "hour", at(4 * HOUR), "utilisation") == 0


async def test_the_next_report_may_be_weeks_away(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (30 * DAY, "RUN"), (31 * DAY, "WAIT")]))
    until = {PRESS: 32 * DAY}
    await compute(store, records, (PRESS, 0, 31 * DAY + 1), until=until, now=1)
    await store.put(samples(f"{PRESS}/state", [(DAY, "STOP")]))
    await compute(store, records, (PRESS, DAY, DAY + 1), until=until, now=2)
    days = computed_at(store, PRESS, "day")
    assert [days[n * DAY] for n in (0, 1, 29, 30, 31)] == [1, 2, 2, 1, 1]


async def test_a_window_that_runs_is_replaced_as_it_grows(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN")]))
    for until in (600.0, 1200.0):
        await compute(store, records, (PRESS, 0, 1), until={PRESS: until})
        assert store.value(PRESS, "hour", at(0), "planned_time") == until
        assert store.kept.filter(path=PRESS, period="hour")["end"].unique().to_list() == [at(until)]


async def test_machines_that_are_not_computed_enter_the_sums_as_stored(store: ResultStore, records: Records) -> None:
    for path, value in ((PRESS, "RUN"), (LATHE, "WAIT")):
        await store.put(samples(f"{path}/state", [(0, value)]))
        await compute(store, records, (path, 0, 1), until={path: HOUR})
    assert store.value("works/line", "hour", at(0), "utilisation") == 0.5
    assert store.value("works/line", "hour", at(0), "planned_time") == 2 * HOUR


async def test_bridging_by_the_middle_reaches_back(store: ResultStore, records: Records) -> None:
    plant = park(line("works/line", machine(PRESS, bridge="middle", hold_for=timedelta(minutes=20))))
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (HOUR - 600, None)]))
    await compute(store, records, (PRESS, 0, HOUR - 599), until={PRESS: HOUR + 500}, plant=plant)
    assert store.value(PRESS, "hour", at(0), "producing_time") == HOUR
    await store.put(samples(f"{PRESS}/state", [(HOUR + 400, "WAIT")]))
    await compute(store, records, (PRESS, HOUR + 400, HOUR + 401), until={PRESS: HOUR + 500}, plant=plant)
    assert store.value(PRESS, "hour", at(0), "producing_time") == HOUR - 100
    assert store.value(PRESS, "hour", at(HOUR), "idle_time") == 500


async def test_a_long_history_is_computed_block_by_block(
    store: ResultStore, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.touched.TOGETHER", 20)
    await store.put(samples(f"{PRESS}/state", [(day * DAY, "RUN" if day % 2 else "WAIT") for day in range(50)]))
    await compute(store, records, (PRESS, 0, 50 * DAY), until={PRESS: 50 * DAY})
    assert store.result_writes == 3
    days = store.kept.filter(path="park", period="day", kpi="utilisation")
    assert len(days) == 50
    assert days["value"].sum() == 25


async def test_what_has_no_frontier_is_passed_over(store: ResultStore, records: Records) -> None:
    assert await compute(store, records, (PRESS, 0, 1), until={}) == 0
    assert await compute(store, records, (PRESS, 0, 1), until={LATHE: HOUR}) == 0


async def test_without_frontiers_the_links_tell_them(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN")]))
    await records.run(lambda c: write_links(c, [link(last=0, seen=90)]))
    await Jobs(Reader(PLANT, store, records)).compute(ranges_of([PRESS], at(0), at(1)), now=at(500))
    assert store.value(PRESS, "hour", at(0), "planned_time") == 90


async def test_a_store_that_is_away_is_told(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN")]))
    store.result_troubles.append(StoreUnavailableError("memory", "away"))
    with pytest.raises(StoreUnavailableError):
        await compute(store, records, (PRESS, 0, 1), until={PRESS: HOUR})


async def test_values_that_no_state_is_configured_for_are_told(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "ODD"), (10, "RUN"), (20, "ODD")]))
    jobs = Jobs(Reader(PLANT, store, records))
    with capture_logs() as logs:
        for _ in range(2):
            await jobs.compute(ranges_of([PRESS], at(0), at(21)), now=at(0), frontiers={PRESS: at(HOUR)})
    (told,) = [entry for entry in logs if entry["event"] == "state unmapped"]
    assert (told["signal"], told["value"], told["spans"]) == (f"{PRESS}/state", "ODD", 2)


async def test_nothing_is_computed_beyond_the_frontier(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(0, "RUN")]))
    asked = ranges_of([PRESS], at(0), at(4000 * DAY))
    await Jobs(Reader(PLANT, store, records)).compute(asked, now=at(0), frontiers={PRESS: at(HOUR)})
    assert store.kept.select(pl.col("start").max(), last=pl.col("end").max()).row(0) == (at(0), at(HOUR))
