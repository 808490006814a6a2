"""The audit's rows and their chain, and that nobody changes it unseen."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from api.auditcheck import AT_ONCE, TOLD, check_audit
from api.auditlog import (
    AUDIT,
    AUDIT_HEAD,
    NOTHING,
    PRUNED_AT_ONCE,
    Entry,
    Head,
    Wanted,
    prune_audit,
    read_audit,
    read_head,
    write_audit,
)
from collector.records import Records
from tests.api.inmemory import InMemory

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENTRY = Entry(
    at=NOON,
    event="answer",
    caller="key:5f0c1b7e",
    name="gear works",
    peer="10.20.3.40",
    method="GET",
    operation="listKpis",
    path="/api/v1/kpis",
    query="path=gears",
    status=200,
    factories=("gears",),
    rows=100,
    bytes=41377,
    duration_us=18344,
    missing=0,
    request_id="8d43063e3ce22865",
)


@pytest.fixture
def quick(ledger: sa.Connection) -> InMemory:
    return InMemory(ledger)


async def write(records: Records | InMemory, *entries: Entry) -> None:
    await records.run(partial(write_audit, entries=entries))


async def fill(records: Records | InMemory, count: int) -> None:
    """Write rows that were answered a minute apart."""
    await write(records, *(replace(ENTRY, at=NOON + timedelta(minutes=place), rows=place) for place in range(count)))


async def numbers(records: Records | InMemory, **wanted: Any) -> list[int]:
    rows = await records.run(partial(read_audit, wanted=Wanted(**wanted), limit=100, newest_first=False))
    return [row.number for row in rows]


async def faults(records: Records | InMemory, **known: str) -> tuple[str, ...]:
    return (await check_audit(records.run, {int(number[1:]): digest for number, digest in known.items()})).faults


async def do(records: Records | InMemory, *statements: sa.Executable) -> None:
    """Do to the database what no part of parkline does."""

    def work(connection: sa.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    await records.run(work)


@pytest.mark.every_database
async def test_a_row_is_read_as_it_was_written(records: Records) -> None:
    await write(records, ENTRY, replace(ENTRY, caller="", factories=None, status=401, rows=None, bytes=None))
    newest, oldest = await records.run(partial(read_audit, wanted=Wanted(), limit=10))
    assert (oldest.number, oldest.kind, oldest.entry) == (1, "key", ENTRY)
    assert (newest.number, newest.kind, newest.entry.factories, newest.entry.status) == (2, "unknown", None, 401)
    assert await records.run(read_head) == Head(2, newest.hash, 0, NOTHING)


async def test_a_hash_is_that_of_the_row_and_the_hash_before_it(quick: InMemory) -> None:
    await write(quick, ENTRY)
    [row] = await quick.run(partial(read_audit, wanted=Wanted(), limit=10))
    cells = (
        b'[1,1795521600000000,"answer","key:5f0c1b7e","gear works","key","10.20.3.40","GET","listKpis","/api/v1/kpis",'
        b'"path=gears",200,["gears"],100,41377,18344,0,"8d43063e3ce22865"]'
    )
    assert row.hash == sha256(b"0" * 64 + cells).hexdigest()


@pytest.mark.every_database
async def test_texts_of_callers_are_kept_safe(records: Records) -> None:
    await write(
        records,
        replace(
            ENTRY,
            name="li\n2026-11-24 admin",
            method="GET\x1b[2J",
            path="/api/v1/\u2028\ud800\0x",
            query="api_key=s3cret&q=%0a\r",
            peer="fe80::1%\n",
            factories=("\ud800", "a\0"),
        ),
        replace(
            ENTRY, caller="oidc:" + "x" * 5000, name="n" * 5000, path="p" * 5000, query="q" * 5000, method="M" * 99
        ),
    )
    long, odd = await records.run(partial(read_audit, wanted=Wanted(), limit=10))
    assert odd.entry.name == r"li\n2026-11-24 admin"
    assert odd.entry.method == r"GET\x1b[2J"
    assert odd.entry.path == r"/api/v1/\u2028\ud800\x00x"
    assert odd.entry.query == r"api_key=***&q=%0a\r"
    assert [len(long.entry.caller), len(long.entry.path) + len(long.entry.query)] == [300, 2000]
    assert long.entry.path.endswith("p…")
    assert await faults(records) == ()


@pytest.mark.every_database
async def test_rows_are_filtered(records: Records) -> None:
    await write(
        records,
        ENTRY,
        replace(ENTRY, caller="oidc:li", method="POST", status=403, path="/api/v1/alerts/1/comments"),
        replace(ENTRY, at=NOON + timedelta(hours=1), status=599, path="/api/v1/alertsX%_", method="DELETE"),
        replace(ENTRY, event="missing", status=None, path="", missing=7),
    )
    assert await numbers(records) == [1, 2, 3, 4]
    assert await numbers(records, caller="oidc:li") == [2]
    assert await numbers(records, methods=["POST", "DELETE"]) == [2, 3]
    assert await numbers(records, classes=[4, 5]) == [2, 3]
    assert await numbers(records, classes=[]) == []
    assert await numbers(records, start=NOON + timedelta(minutes=1)) == [3]
    assert await numbers(records, end=NOON + timedelta(minutes=1)) == [1, 2, 4]
    assert await numbers(records, prefix="/api/v1/alerts") == [2, 3]
    assert await numbers(records, prefix="/api/v1/ALERTS") == []
    assert await numbers(records, prefix="/api/v1/alertsX%") == [3]
    assert await numbers(records, prefix="%") == []


@pytest.mark.every_database
async def test_who_sees_some_factories_sees_callers_of_those_alone(records: Records) -> None:
    given: list[tuple[str, ...] | None] = [("gears",), ("gears", "moulds"), ("gears-2",), (), None, ("gears", "x")]
    await write(records, *(replace(ENTRY, factories=one) for one in given))
    for grants, seen in (
        (None, [1, 2, 3, 4, 5, 6]),
        (["gears"], [1]),  # and not who is granted none: they may be of any factory
        (["gears", "moulds"], [1, 2]),
        (["gears-2"], [3]),
        (["gears", "gears-2"], [1, 3]),
        (["g"], []),
        ([], []),
        (["gears", *(f"works-{number}" for number in range(2000))], [1]),
    ):
        assert await numbers(records, grants=grants) == seen


async def test_pages_go_on_behind_a_number(quick: InMemory) -> None:
    await fill(quick, 5)
    pages = [
        await quick.run(partial(read_audit, wanted=Wanted(), limit=2, after=after, newest_first=newest))
        for after, newest in ((None, True), (4, True), (2, False))
    ]
    assert [[row.number for row in page] for page in pages] == [[5, 4], [3, 2], [3, 4]]


async def test_nothing_is_written_of_nothing(quick: InMemory) -> None:
    await write(quick)
    assert await numbers(quick) == []
    assert await faults(quick) == ()


@pytest.mark.every_database
async def test_who_writes_at_once_makes_one_chain(records: Records, records_url: str) -> None:
    async with Records(records_url) as other:
        await asyncio.gather(*(write(one, ENTRY, ENTRY) for one in (records, other) * 5))
    assert await numbers(records) == list(range(1, 21))
    assert await faults(records) == ()


@pytest.mark.every_database
async def test_old_rows_go_and_what_is_left_is_still_held(records: Records) -> None:
    await fill(records, 10)
    assert await records.run(partial(prune_audit, before=NOON + timedelta(minutes=4))) == 4
    assert await records.run(partial(prune_audit, before=NOON + timedelta(minutes=4))) == 0
    assert await numbers(records) == [5, 6, 7, 8, 9, 10]
    verdict = await check_audit(records.run)
    assert (verdict.checked, verdict.faults, verdict.head.pruned) == (6, (), 4)
    await do(records, sa.delete(AUDIT).where(AUDIT.c.number == 5))
    assert await faults(records) == ("row 5 is not there",)


async def test_all_rows_may_be_old(quick: InMemory) -> None:
    await fill(quick, 3)
    assert await quick.run(partial(prune_audit, before=NOON + timedelta(days=1))) == 3
    assert await faults(quick) == ()
    await write(quick, ENTRY)
    assert await numbers(quick) == [4]
    assert await faults(quick) == ()


async def test_only_a_beginning_is_pruned_however_clocks_went(quick: InMemory) -> None:
    late, early = replace(ENTRY, at=NOON + timedelta(days=9)), ENTRY
    await write(quick, early, late, early)
    assert await quick.run(partial(prune_audit, before=NOON + timedelta(days=1))) == 1
    assert await numbers(quick) == [2, 3]
    assert await faults(quick) == ()


async def test_many_old_rows_go_in_pieces(quick: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.auditlog.PRUNED_AT_ONCE", 3)
    assert PRUNED_AT_ONCE > 3
    await fill(quick, 8)
    went = [await quick.run(partial(prune_audit, before=NOON + timedelta(minutes=7))) for _ in range(4)]
    assert went == [3, 3, 1, 0]
    assert await faults(quick) == ()


TAMPERING: dict[str, tuple[list[sa.Executable], tuple[str, ...]]] = {
    "a cell": (
        [sa.update(AUDIT).where(AUDIT.c.number == 4).values(path="/api/v1/assets")],
        ("row 4 (2026-11-24T12:03:00Z) was changed or put in by hand, or the row before it was",),
    ),
    "a hash": (
        [sa.update(AUDIT).where(AUDIT.c.number == 4).values(hash="0" * 64)],
        (
            "row 4 (2026-11-24T12:03:00Z) was changed or put in by hand, or the row before it was",
            "row 5 (2026-11-24T12:04:00Z) was changed or put in by hand, or the row before it was",
        ),
    ),
    "one is taken out": ([sa.delete(AUDIT).where(AUDIT.c.number == 4)], ("row 4 is not there",)),
    "the first is taken out": ([sa.delete(AUDIT).where(AUDIT.c.number == 1)], ("row 1 is not there",)),
    "the tail is cut": ([sa.delete(AUDIT).where(AUDIT.c.number > 6)], ("rows 7 to 8 are not there",)),
    "all are taken out": ([sa.delete(AUDIT)], ("rows 1 to 8 are not there",)),
    "two are swapped": (
        [
            sa.update(AUDIT).where(AUDIT.c.number == 3).values(number=99),
            sa.update(AUDIT).where(AUDIT.c.number == 6).values(number=3),
            sa.update(AUDIT).where(AUDIT.c.number == 99).values(number=6),
        ],
        tuple(
            f"row {number} (2026-11-24T12:0{minute}:00Z) was changed or put in by hand, or the row before it was"
            for number, minute in ((3, 5), (4, 3), (6, 2), (7, 6))
        ),
    ),
    "one is taken out and the others moved up": (
        [
            sa.delete(AUDIT).where(AUDIT.c.number == 7),
            sa.update(AUDIT).where(AUDIT.c.number == 8).values(number=7),
            sa.update(AUDIT_HEAD).values(last=7),
        ],
        ("row 7 (2026-11-24T12:07:00Z) was changed or put in by hand, or the row before it was",),
    ),
    "one is put in at the end": (
        [
            sa.insert(AUDIT).from_select(
                [column.name for column in AUDIT.c],
                sa.select(sa.literal(9), *list(AUDIT.c)[1:]).where(AUDIT.c.number == 8),
            )
        ],
        ("row 9 is put in by hand",),
    ),
    "the head says less": (
        [sa.update(AUDIT_HEAD).values(last=6)],
        ("the head's hash is not that of row 6: one of them was changed", "rows 7 to 8 are put in by hand"),
    ),
    "the head has another hash": (
        [sa.update(AUDIT_HEAD).values(hash="f" * 64)],
        ("the head's hash is not that of row 8: one of them was changed",),
    ),
    "the head is taken away": (
        [sa.delete(AUDIT_HEAD)],
        ("the head is not there: whether rows were cut off at the end cannot be told",),
    ),
    "a beginning is told to be pruned": (
        [sa.delete(AUDIT).where(AUDIT.c.number < 4), sa.update(AUDIT_HEAD).values(pruned=3)],
        ("row 4 (2026-11-24T12:03:00Z) was changed or put in by hand, or the row before it was",),
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_what_was_done_to_it_by_hand_shows(quick: InMemory, what: str) -> None:
    await fill(quick, 8)
    assert await faults(quick) == ()
    statements, told = TAMPERING[what]
    await do(quick, *statements)
    assert await faults(quick) == told


async def test_an_audit_made_anew_shows_by_a_head_that_was_noted(quick: InMemory) -> None:
    await fill(quick, 4)
    noted = (await check_audit(quick.run)).head
    await do(quick, sa.delete(AUDIT), sa.update(AUDIT_HEAD).values(last=0, hash=NOTHING))
    await write(quick, *(replace(ENTRY, path="/api/v1/assets") for _ in range(5)))
    assert await faults(quick) == ()
    assert await faults(quick, n4=noted.hash) == ("row 4 has another hash than was noted: the audit was made anew",)
    assert await faults(quick, n9=noted.hash) == ("row 9, which was noted, is not there: the audit ends before it",)


async def test_a_head_that_was_noted_fits_an_audit_that_went_on_and_was_pruned(quick: InMemory) -> None:
    await fill(quick, 4)
    noted = (await check_audit(quick.run)).head
    await fill(quick, 4)
    assert await faults(quick, n4=noted.hash) == ()
    await quick.run(partial(prune_audit, before=NOON + timedelta(minutes=10)))
    await fill(quick, 1)
    assert await faults(quick, n4=noted.hash) == ()


@pytest.mark.every_database
async def test_it_is_written_on_whatever_was_done_to_it(records: Records) -> None:
    for what in ("one is put in at the end", "the head is taken away", "the tail is cut"):
        await fill(records, 8)
        await do(records, *TAMPERING[what][0])
        await write(records, ENTRY)
        assert len(await faults(records)) > 0
        await do(records, sa.delete(AUDIT), sa.update(AUDIT_HEAD).values(last=0, hash=NOTHING))


async def test_more_faults_than_anybody_reads_are_counted(quick: InMemory) -> None:
    await write(quick, *[ENTRY] * (TOLD + 50))
    await do(quick, sa.update(AUDIT).values(status=500))
    verdict = await check_audit(quick.run)
    assert (len(verdict.faults), verdict.found, verdict.checked) == (TOLD, TOLD + 50, TOLD + 50)


@pytest.mark.parametrize("meanwhile", ["written", "pruned"])
async def test_it_is_checked_while_it_is_written_and_pruned(
    quick: InMemory, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    monkeypatch.setattr("api.auditcheck.AT_ONCE", 3)
    assert AT_ONCE > 3
    await fill(quick, 10)
    pieces = 0

    async def run(work: Callable[[sa.Connection], Any]) -> Any:
        nonlocal pieces
        pieces += 1
        if pieces == 3 and meanwhile == "written":
            await fill(quick, 2)
        elif pieces == 3:
            await quick.run(partial(prune_audit, before=NOON + timedelta(minutes=8)))
        return await quick.run(work)

    verdict = await check_audit(run)
    assert verdict.faults == ()
    assert verdict.checked == (12 if meanwhile == "written" else 8)
    assert verdict.head.last == (12 if meanwhile == "written" else 10)
