"""The shell: pace, shift, progress, errors. Time is virtual."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.sample import INSTANT
from adapters.sources.contract import Delivery, Point, SourceLostError, SourceRefusedError, SourceUnreachableError
from adapters.sources.replay.pace import TICK, Schedule
from adapters.sources.replay.recording import Recording
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings
from adapters.sources.replay.source import ReplaySource

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
TODAY = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)


class VirtualClock:
    """A clock on which a sleep takes no time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> int:
        return round((TODAY.timestamp() + self.seconds) * 1e9)

    def elapsed(self) -> float:
        return 1000.0 + self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def write(path: Path, *seconds: float, item: str = "load") -> Path:
    lines = [f"{NOON + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S.%fZ}|{item}|{second}\n" for second in seconds]
    path.write_text("".join(lines))
    return path


def source_of(
    *files: Path, clock: VirtualClock | None = None, items: Sequence[str] = ("load",), **keys: Any
) -> ReplaySource:
    points = [Point(f"works/line/mill/{item}", "float", ReplayAddress(item=item)) for item in items]
    return ReplaySource("day", ReplaySettings.model_validate({"files": files, **keys}), points, clock=clock)


async def play(source: ReplaySource) -> list[Delivery]:
    async with source.connect() as deliveries:
        return [delivery async for delivery in deliveries]


def floats(deliveries: Sequence[Delivery]) -> list[list[float]]:
    return [delivery.samples["float"].to_list() for delivery in deliveries]


async def test_as_fast_as_it_goes_nothing_waits_and_no_delivery_is_too_big(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = write(tmp_path / "day.txt", 0, 3600, 7200, 7201, 7202)
    deliveries = await play(source_of(path, clock=clock, rows=2))
    assert floats(deliveries) == [[0, 3600], [7200, 7201], [7202]]
    assert not clock.slept


async def test_at_a_pace_samples_come_as_far_apart_as_they_were_recorded(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = write(tmp_path / "day.txt", 0, 60, 61, 600)
    arrivals = []
    async with source_of(path, clock=clock, pace=60).connect() as deliveries:
        async for delivery in deliveries:
            arrivals += [(value, round(clock.seconds, 3)) for value in delivery.samples["float"]]
    assert arrivals == [(0, 0), (60, 1), (61, 1.1), (600, 10)]


async def test_samples_of_the_same_tick_travel_together(tmp_path: Path) -> None:
    path = write(tmp_path / "day.txt", *(n / 100 for n in range(100)))
    deliveries = await play(source_of(path, clock=VirtualClock(), pace=1))
    assert len(deliveries) <= 1 / TICK + 1
    assert [value for values in floats(deliveries) for value in values] == [n / 100 for n in range(100)]


async def test_what_was_recorded_before_the_beginning_comes_at_once(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = write(tmp_path / "day.txt", -86_400, -10, 0, 10)
    deliveries = await play(source_of(path, clock=clock, pace=1, begin=NOON))
    assert floats(deliveries) == [[-86_400, -10, 0], [10]]
    assert clock.seconds == pytest.approx(10)


async def test_a_sample_recorded_after_a_later_one_is_not_held_up(tmp_path: Path) -> None:
    path = write(tmp_path / "day.txt", 0, 10, 5, 20)
    assert floats(await play(source_of(path, clock=VirtualClock(), pace=1))) == [[0], [10, 5], [20]]


async def test_the_pace_goes_on_from_file_to_file(tmp_path: Path) -> None:
    clock = VirtualClock()
    files = [write(tmp_path / "a.txt", 0, 10), write(tmp_path / "b.txt", 20, 30)]
    assert floats(await play(source_of(*files, clock=clock, pace=10))) == [[0], [10], [20], [30]]
    assert clock.seconds == pytest.approx(3)


@given(
    seconds=st.lists(st.integers(-100, 1000), min_size=1, max_size=30),
    pace=st.floats(0.5, 500),
    now=st.floats(-10, 100),
)
def test_what_has_come_was_due_and_what_has_not_is_still_to_come(seconds: list[int], pace: float, now: float) -> None:
    times = pl.Series([1000 * 10**9 + second * 10**9 for second in seconds]).cast(INSTANT)
    schedule = Schedule(times, pace, begin=1000 * 10**9, opened=5.0)
    reached = schedule.reached(now)
    due = [5.0 + max(seconds[: n + 1]) / pace for n in range(len(seconds))]
    assert all(one <= now + 1e-6 for one in due[:reached])
    assert all(one > now - 1e-6 for one in due[reached:])
    if reached < len(seconds):
        assert schedule.wait(reached, now) == pytest.approx(max(TICK, due[reached] - now))


async def test_times_are_as_recorded_and_received_is_now(tmp_path: Path) -> None:
    [delivery] = await play(source_of(write(tmp_path / "day.txt", 0, 1), clock=VirtualClock()))
    assert delivery.samples["time"].to_list() == [NOON, NOON + timedelta(seconds=1)]
    assert set(delivery.samples["received"].dt.cast_time_unit("ms")) == {TODAY.replace(microsecond=0)}


async def test_times_can_be_shifted(tmp_path: Path) -> None:
    [delivery] = await play(source_of(write(tmp_path / "day.txt", 0, 1), shift="-8 h"))
    assert delivery.samples["time"].to_list() == [NOON - timedelta(hours=8), NOON + timedelta(hours=-8, seconds=1)]


@pytest.mark.parametrize(("begin", "first"), [(None, 0), (NOON + timedelta(seconds=1), -1)])
async def test_times_can_be_shifted_to_now_and_stay_so_when_played_again(
    begin: datetime | None, first: int, tmp_path: Path
) -> None:
    clock = VirtualClock()
    source = source_of(write(tmp_path / "day.txt", 0, 1), clock=clock, shift="now", begin=begin)
    [once] = await play(source)
    clock.seconds = 500
    [again] = await play(source)
    assert once.samples["time"][0].timestamp() == pytest.approx(TODAY.timestamp() + first)
    assert once.samples["time"].diff()[1] == timedelta(seconds=1)
    assert once.samples["time"].equals(again.samples["time"])


async def test_files_come_in_their_order(tmp_path: Path) -> None:
    files = [write(tmp_path / "b.txt", 10, 11), write(tmp_path / "a.txt", 0, 1)]
    assert floats(await play(source_of(*files))) == [[10, 11], [0, 1]]


async def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.txt", 0, 1, 2, 3), write(tmp_path / "b.txt", 4, 5, 6)]
    files[1].write_text(files[1].read_text() + "nonsense\n")
    source = source_of(*files, rows=2)
    async with source.connect() as deliveries:
        assert source.progress.share == 0.0
        seen = [source.progress async for _ in deliveries]
    half = files[0].stat().st_size / sum(path.stat().st_size for path in files)
    assert [progress.rows for progress in seen] == [2, 4, 7, 8]
    assert [progress.share for progress in seen[:2]] == pytest.approx([half / 2, half])
    assert half < seen[2].share < seen[3].share
    assert source.progress.share == 1.0


async def test_refusals_travel_even_where_no_sample_does(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text("nonsense\n2024-05-17T12:00:00Z|load|much\n")
    [delivery] = await play(source_of(path))
    assert delivery.samples.is_empty()
    assert delivery.refusals["address"].to_list() == ["day.txt:1", "load"]
    assert delivery.refusals["received"].null_count() == 0


async def test_the_log_tells_what_nobody_wanted_and_what_never_came(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.txt", 0, 1), write(tmp_path / "b.txt", 0, item="speed")]
    with capture_logs() as logs:
        await play(source_of(*files, items=["load", "laod"]))
    assert logs == [
        {
            "event": "recording played",
            "log_level": "info",
            "source": "day",
            "samples": 2,
            "refusals": 0,
            "skipped": 1,
            "skipped_items": {"speed": 1},
            "unseen_items": ["laod"],
        }
    ]


async def test_a_file_that_is_not_there_may_come(tmp_path: Path) -> None:
    source = source_of(tmp_path / "day.txt")
    with pytest.raises(SourceUnreachableError, match=r"day: .*day\.txt is not there; put it there"):
        await play(source)
    write(tmp_path / "day.txt", 0)
    assert floats(await play(source)) == [[0]]


async def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match="may not be read"):
        await play(source_of(tmp_path))


async def test_a_disk_that_fails_is_told_apart_from_a_file_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "day.txt", 0)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Recording, "read", fail)
    with pytest.raises(SourceLostError, match=r"can no longer be read \(Input/output error\); check its disk"):
        await play(source_of(path))
    monkeypatch.setattr(Recording, "check", fail)
    with pytest.raises(SourceUnreachableError, match="check its disk"):
        await play(source_of(path))


async def test_a_file_that_turns_out_wrong_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    pl.DataFrame({"time": [NOON], "load": [[1.0]]}).write_parquet(path)
    with pytest.raises(SourceRefusedError, match=r"day\.parquet: column load holds List"):
        await play(source_of(path))


async def test_leaving_while_a_thread_reads_waits_for_nobody_and_closes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    reading, closed, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def read(*_: object) -> Any:
        try:
            loop.call_soon_threadsafe(reading.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
            yield from ()
        finally:
            loop.call_soon_threadsafe(closed.set)

    monkeypatch.setattr(Recording, "read", read)
    task = asyncio.create_task(play(source_of(write(tmp_path / "day.txt", 0))))
    await reading.wait()
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not closed.is_set()
        go_on.set()
        await closed.wait()
