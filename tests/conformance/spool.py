"""The promises of `collector.spool.contract`, each as a test; every spool passes the suite.

A new spool subclasses `SpoolConformance` in `tests/collector/spool/` and gives the fixture `opening`: a function that
opens the same spool again and again, as other processes do, with the settings it is given.

    class TestSqlite(SpoolConformance):
        @pytest.fixture
        def opening(self, tmp_path: Path) -> Opening:
            return lambda **settings: SqliteSpool(tmp_path / "spool.db", **settings)
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

import polars as pl
import pytest

from adapters.sample import SAMPLES, no_samples
from collector.spool.contract import STORE, Spool, SpoolFullError, WhenFull
from tests.collector.fakes import NOON, batch, numbers, row, until

FOREVER = timedelta(days=1)

ROOMY: Mapping[str, Any] = {"limit": 2**26, "linger": timedelta(0), "keep": timedelta(0)}
"""Settings that hold nothing back."""


class Opening(Protocol):
    """Opens the spool of one test, once more each time."""

    def __call__(
        self, *, limit: int, linger: timedelta, keep: timedelta, age: timedelta = FOREVER, when_full: WhenFull = "hold"
    ) -> AbstractAsyncContextManager[Spool]:
        """Give it, not yet open."""


def values(samples: pl.DataFrame) -> list[float]:
    """Give the floats of a batch."""
    return samples["float"].to_list()


class SpoolConformance:
    """What holds for every spool."""

    async def test_a_batch_is_read_back_exactly(self, opening: Opening) -> None:
        written = batch(
            row("f/l/e/float", float=1.5),
            row("f/l/e/float", float=float("-inf")),
            row("f/l/e/int", int=2**63 - 1),
            row("f/l/e/bool", bool=False),
            row("f/l/e/text", text="暂停 ⏸\x00"),
            row("f/l/e/none", status=2**32 - 1),
        )
        async with opening(**ROOMY) as spool:
            upto = await spool.append(written, "plc")
            chunk = await spool.read(0, 100)
        assert chunk.samples.equals(written)
        assert chunk.samples.schema == SAMPLES
        assert (chunk.upto, chunk.missed) == (upto, False)

    async def test_what_was_appended_is_there_after_opening_again(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            await spool.append(numbers([1, 2]), "plc")
            log = spool.log
        async with opening(**ROOMY) as spool:
            assert values((await spool.read(0, 100)).samples) == [1, 2]
            assert spool.log == log

    async def test_entries_come_back_in_order_and_whole(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            ends = [await spool.append(numbers([n, n + 0.5]), "plc") for n in range(4)]
            assert ends == sorted(set(ends))
            first = await spool.read(0, 3)
            assert values(first.samples) == [0, 0.5, 1, 1.5]
            assert first.upto == ends[1]
            rest = await spool.read(first.upto, 100)
            assert values(rest.samples) == [2, 2.5, 3, 3.5]
            assert rest.upto == ends[3] == await spool.end()
            assert (await spool.read(rest.upto, 100)).samples.is_empty()

    async def test_nothing_to_read_is_an_empty_batch(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            chunk = await spool.read(0, 100)
            assert chunk.samples.equals(no_samples())
            assert (chunk.upto, chunk.missed) == (0, False)
            assert await spool.end() == 0

    async def test_a_batch_without_rows_makes_no_entry(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            upto = await spool.append(numbers([1]), "plc")
            assert await spool.append(no_samples(), "plc") == upto
            assert await spool.end() == upto

    async def test_each_consumer_has_a_cursor_that_never_goes_back(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            assert await spool.cursor(STORE) == 0
            ends = [await spool.append(numbers([n]), "plc") for n in range(3)]
            await spool.commit(STORE, ends[1])
            await spool.commit("faults", ends[0])
            await spool.commit(STORE, ends[0])
        async with opening(**ROOMY) as spool:
            assert await spool.cursor(STORE) == ends[1]
            assert await spool.cursor("faults") == ends[0]

    async def test_an_entry_stays_until_the_required_consumer_has_passed_it(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            ends = [await spool.append(numbers([n]), "plc") for n in range(3)]
            await spool.commit("faults", ends[2])
            assert values((await spool.read(0, 100)).samples) == [0, 1, 2]
            await spool.commit(STORE, ends[1])
            await until(lambda: _holds(spool, [2]))

    async def test_an_entry_stays_for_a_slower_consumer_while_it_is_young(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "keep": FOREVER}) as spool:
            ends = [await spool.append(numbers([n]), "plc") for n in range(3)]
            await spool.commit("faults", ends[0])
            await spool.commit(STORE, ends[2])
            chunk = await spool.read(ends[0], 100)
            assert values(chunk.samples) == [1, 2]
            assert not chunk.missed

    async def test_a_consumer_that_was_too_slow_is_told_what_it_missed(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            ends = [await spool.append(numbers([n]), "plc") for n in range(3)]
            await spool.commit("faults", ends[0])
            await spool.commit(STORE, ends[1])
            await until(lambda: _holds(spool, [2]))
            chunk = await spool.read(ends[0], 100)
            assert values(chunk.samples) == [2]
            assert chunk.missed
            assert chunk.upto == ends[2]

    async def test_positions_are_not_used_again_when_all_is_dropped(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            upto = await spool.append(numbers([1]), "plc")
            await spool.commit(STORE, upto)
            await until(lambda: _holds(spool, []))
        async with opening(**ROOMY) as spool:
            assert await spool.end() == upto
            assert await spool.append(numbers([2]), "plc") > upto

    async def test_a_full_spool_refuses_until_there_is_room(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "limit": 40_000}) as spool:
            kept = [0.0]

            async def fill() -> None:
                while kept[-1] < 1000:
                    await spool.append(numbers([kept[-1]]), "plc")
                    kept.append(kept[-1] + 1)

            with pytest.raises(SpoolFullError, match="limit"):
                await fill()
            upto = await spool.end()
            assert values((await spool.read(0, 10**6)).samples) == kept[:-1]
            assert 30_000 < await spool.size() <= 40_000
            await spool.commit(STORE, upto)
            await until(lambda: _holds(spool, []))
            assert await spool.append(numbers(kept), "plc") > upto

    async def test_a_full_spool_does_without_what_the_store_has_before_it_refuses(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "limit": 10_000, "keep": FOREVER}) as spool:
            await spool.commit("faults", 0)
            ends = [await spool.append(numbers([n]), "plc") for n in range(4)]
            await spool.commit(STORE, ends[2])
            for n in range(4, 7):
                await spool.append(numbers([n]), "plc")
            chunk = await spool.read(0, 100)
            assert values(chunk.samples)[-4:] == [3, 4, 5, 6]
            assert chunk.missed
            assert await spool.losses() == []

    async def test_a_spool_with_entries_that_are_too_old_refuses_until_the_store_has_them(
        self, opening: Opening
    ) -> None:
        async with opening(**{**ROOMY, "age": timedelta(0)}) as spool:
            upto = await spool.append(numbers([1]), "plc")
            with pytest.raises(SpoolFullError, match="age"):
                await spool.append(numbers([2]), "plc")
            assert values((await spool.read(0, 100)).samples) == [1]
            await spool.commit(STORE, upto)
            assert await spool.append(numbers([2]), "plc") > upto

    async def test_where_a_person_chose_it_the_oldest_are_dropped_and_told(self, opening: Opening) -> None:
        settings = {**ROOMY, "limit": 10_000, "when_full": "drop_oldest"}
        async with opening(**settings) as spool:
            for n in range(12):
                since = NOON + timedelta(hours=n)
                await spool.append(numbers([n, n + 0.5], since=since), "plc" if n % 2 else "broker")
            chunk = await spool.read(0, 100)
            read = values(chunk.samples)
            assert read == [n + k for n in range(12) for k in (0, 0.5)][-len(read) :]
            assert chunk.missed
            losses = await spool.losses()
            assert sum(loss.samples for loss in losses) == 24 - len(read)
            assert {loss.source for loss in losses} == {"plc", "broker"}
            assert {loss.kind for loss in losses} == {"dropped"}
            first = min(loss.start for loss in losses)
            assert first == NOON
            assert [loss.id for loss in losses] == sorted({loss.id for loss in losses})
        async with opening(**settings) as spool:
            assert await spool.losses() == losses
            await spool.forget(losses[-2].id)
            assert await spool.losses() == losses[-1:]

    async def test_what_the_store_has_is_no_loss_when_it_is_dropped(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "limit": 10_000, "when_full": "drop_oldest"}) as spool:
            for n in range(12):
                await spool.commit(STORE, await spool.append(numbers([n]), "plc"))
            assert await spool.losses() == []

    async def test_a_commit_beyond_the_end_takes_positions_out_of_use(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            upto = await spool.append(numbers([1]), "plc")
            # A store may remember more than a spool whose disk lost what it said it had synced.
            await spool.commit(STORE, upto + 5)
            assert await spool.append(numbers([2]), "plc") > upto + 5
            assert await spool.losses() == []

    async def test_an_empty_spool_takes_a_batch_of_any_size(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "limit": 1}) as spool:
            await spool.append(numbers(range(1000)), "plc")
            with pytest.raises(SpoolFullError):
                await spool.append(numbers([1]), "plc")

    async def test_size_is_what_is_held(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            assert await spool.size() == 0
            upto = await spool.append(numbers([1]), "plc")
            one = await spool.size()
            assert one > 0
            await spool.append(numbers([2]), "plc")
            assert await spool.size() == pytest.approx(2 * one, rel=0.1)
            await spool.commit(STORE, upto)
            await until(lambda: _holds(spool, [2]))
            assert await spool.size() == pytest.approx(one, rel=0.1)

    async def test_appends_at_once_are_all_there_once(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "linger": timedelta(milliseconds=5)}) as spool:
            ends = await asyncio.gather(*(spool.append(numbers([n]), "plc") for n in range(50)))
            assert len(set(ends)) == 50
            assert sorted(values((await spool.read(0, 10**6)).samples)) == list(range(50))

    async def test_one_callers_appends_keep_their_order(self, opening: Opening) -> None:
        async def append(caller: int) -> None:
            for n in range(10):
                await spool.append(numbers([100 * caller + n]), "plc")

        async with opening(**{**ROOMY, "linger": timedelta(milliseconds=1)}) as spool:
            await asyncio.gather(*(append(caller) for caller in range(4)))
            read = values((await spool.read(0, 10**6)).samples)
        for caller in range(4):
            own = [value for value in read if value // 100 == caller]
            assert own == [100 * caller + n for n in range(10)]

    async def test_closing_finishes_the_appends_under_way(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "linger": timedelta(seconds=1)}) as spool:
            await spool.append(numbers([0]), "plc")
            under_way = asyncio.create_task(spool.append(numbers([1]), "plc"))
            await asyncio.sleep(0)
        assert await under_way > 0
        async with opening(**ROOMY) as spool:
            assert values((await spool.read(0, 100)).samples) == [0, 1]

    async def test_an_append_that_is_given_up_does_no_harm(self, opening: Opening) -> None:
        async with opening(**{**ROOMY, "linger": timedelta(milliseconds=50)}) as spool:
            await spool.append(numbers([0]), "plc")
            given_up = asyncio.create_task(spool.append(numbers([1]), "plc"))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.wait({given_up})
            await spool.append(numbers([2]), "plc")
            read = values((await spool.read(0, 100)).samples)
        assert read in ([0, 2], [0, 1, 2])

    async def test_waiting_ends_with_the_next_append(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            waiting = asyncio.create_task(spool.grown(0, patience=60))
            await asyncio.sleep(0)
            await spool.append(numbers([1]), "plc")
            assert await asyncio.wait_for(waiting, 5)

    async def test_waiting_ends_with_patience(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            upto = await spool.append(numbers([1]), "plc")
            assert await spool.grown(0, patience=0)
            assert not await spool.grown(upto, patience=0)
            assert not await spool.grown(upto, patience=0.01)

    async def test_another_process_reads_waits_and_commits(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool, opening(**ROOMY) as other:
            assert other.log == spool.log
            waiting = asyncio.create_task(other.grown(0, patience=60))
            upto = await spool.append(numbers([1]), "plc")
            assert await asyncio.wait_for(waiting, 5)
            chunk = await other.read(0, 100)
            assert values(chunk.samples) == [1]
            await other.commit("faults", chunk.upto)
            assert await spool.cursor("faults") == upto

    async def test_two_spools_are_told_apart(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            assert len(spool.log) >= 8

    async def test_columns_that_are_no_batch_are_a_defect(self, opening: Opening) -> None:
        async with opening(**ROOMY) as spool:
            with pytest.raises(TypeError, match="SAMPLES"):
                await spool.append(pl.DataFrame({"signal": ["a"], "time": [NOON]}), "plc")


async def _holds(spool: Spool, expected: list[float]) -> bool:
    return values((await spool.read(0, 10**6)).samples) == expected
