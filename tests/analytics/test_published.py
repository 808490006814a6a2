"""Questions to the store: which numbers, of what, from when to when."""

from datetime import UTC, datetime, time
from typing import Any

import polars as pl
import pytest

from analytics.jobs import Jobs, ranges_of
from analytics.notes import WITHDRAWN
from analytics.published import Question, QuestionError
from analytics.timeline import Reader
from collector.park import Calendar, Shift
from collector.records import Records
from tests.analytics.plant import ResultStore, at, line, machine, park, samples

PRESS, LATHE = "works/line/press", "works/line/lathe"
CALENDAR = Calendar(shifts=(Shift(name="early", start=time(6), end=time(14)),))
PLANT = park(line("works/line", machine(PRESS), machine(LATHE)), zone="Asia/Shanghai", calendar=CALENDAR)
HOUR = 3600


def ask(path: str = "", period: str = "day", since: str = "", until: str = "", kpis: tuple[str, ...] = ()) -> Question:
    return Question.of(PLANT, path, period, since, until, kpis)


@pytest.fixture
async def filled(store: ResultStore, records: Records) -> ResultStore:
    """Two days, in Shanghai from March 2nd 08:00 to March 3rd 09:30."""
    await store.put(samples(f"{PRESS}/state", [(0, "RUN"), (3 * HOUR, "WAIT")]))
    until = at(25.5 * HOUR)
    await Jobs(Reader(PLANT, store, records)).compute(
        ranges_of([PRESS], at(0), at(3 * HOUR + 1)), now=at(0), frontiers={PRESS: until}
    )
    return store


async def test_the_latest_local_day_is_shown(filled: ResultStore) -> None:
    rows = await ask().answer(filled)
    assert rows["path"].to_list() == ["park", "works", "works/line", PRESS]
    assert rows["start"].unique().to_list() == [datetime(2026, 3, 2, 16, tzinfo=UTC)]
    hours = await ask(PRESS, "hour").answer(filled)
    assert (hours["start"].min(), len(hours)) == (datetime(2026, 3, 2, 16, tzinfo=UTC), 10)


async def test_results_of_long_ago_are_found(store: ResultStore, records: Records) -> None:
    begin, until = at(-4000 * 86_400), at(-4000 * 86_400 + HOUR)
    await store.put(samples(f"{PRESS}/state", [(-4000 * 86_400, "RUN")]))
    await Jobs(Reader(PLANT, store, records)).compute(
        ranges_of([PRESS], begin, until), now=at(0), frontiers={PRESS: until}
    )
    assert len(await ask(PRESS).answer(store)) == 1


async def test_an_empty_store_has_no_rows(store: ResultStore) -> None:
    rows = await ask().answer(store)
    assert rows.is_empty()
    assert ask().told(rows) == []


async def test_days_are_local_and_instants_are_exact(filled: ResultStore) -> None:
    first = await ask(PRESS, since="2026-03-02", until="2026-03-03").answer(filled)
    assert first["start"].to_list() == [datetime(2026, 3, 1, 16, tzinfo=UTC)]
    hours = await ask(PRESS, "hour", since="2026-03-02T02:00+00:00", until="2026-03-02T12:00").answer(filled)
    assert hours["start"].to_list() == [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (2, 3)]


async def test_a_path_has_all_below_it(filled: ResultStore) -> None:
    assert (await ask("works").answer(filled))["path"].to_list() == ["works", "works/line", PRESS]
    assert (await ask("park").answer(filled))["path"].to_list() == ["park", "works", "works/line", PRESS]
    assert (await ask(LATHE).answer(filled)).is_empty()


async def test_numbers_are_chosen_and_told_for_people(filled: ResultStore) -> None:
    question = ask(
        PRESS, "shift", since="2026-03-02", until="2026-03-03", kpis=("utilisation", "idle_time", "off_time")
    )
    rows = await question.answer(filled)
    assert rows.columns == [
        "path",
        "period",
        "name",
        "start",
        "end",
        "coverage",
        "utilisation",
        "idle_time",
        "off_time",
        "notes",
    ]
    (row,) = question.told(rows)
    assert row == {
        "path": PRESS,
        "shift": "2026-03-02 06:00-14:00 early",
        "utilisation %": pytest.approx(37.5),
        "idle h": pytest.approx(3),
        "coverage %": pytest.approx(75),
    }


async def test_a_number_that_is_not_there_has_its_note(filled: ResultStore) -> None:
    question = ask(PRESS, since="2026-03-02", until="2026-03-03", kpis=("utilisation", "oee"))
    rows = await question.answer(filled)
    assert rows["oee"].to_list() == [None]
    (note,) = rows["notes"].item()
    assert note["kpi"] == "oee"
    assert note["note"].startswith(f"no part counter: give a signal of {PRESS}")


async def test_a_table_has_the_numbers_that_fit_on_a_screen(filled: ResultStore) -> None:
    question = ask(PRESS, since="2026-03-02", until="2026-03-03")
    rows = await question.answer(filled)
    assert len(rows.columns) > 60
    (row,) = question.told(rows)
    assert list(row) == [
        "path",
        "day",
        "utilisation %",
        "availability %",
        "planned h",
        "producing h",
        "idle h",
        "unknown h",
        "coverage %",
    ]


async def test_a_withdrawn_shift_is_not_shown(filled: ResultStore) -> None:
    question = ask(PRESS, "shift", since="2026-03-02", until="2026-03-03")
    (start,) = (await question.answer(filled))["start"]
    shift = filled.kept.filter(path=PRESS, period="shift", start=start)
    await filled.write_results(shift.with_columns(value=pl.lit(None, pl.Float64), note=pl.lit(WITHDRAWN)))
    assert (await question.answer(filled)).is_empty()


async def test_a_day_that_runs_says_until_when(filled: ResultStore) -> None:
    told = ask(PRESS).told(await ask(PRESS).answer(filled))
    assert told[0]["day"] == "2026-03-03 to 09:30"
    whole = ask(PRESS, since="2026-03-02", until="2026-03-03")
    assert whole.told(await whole.answer(filled))[0]["day"] == "2026-03-02"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ({"kpis": ("utilization",)}, "did you mean `utilisation`"),
        ({"period": "week"}, "write `hour`, `shift` or `day`"),
        ({"path": "works/lime"}, "did you mean `works/line`"),
        ({"since": "yesterday"}, "write 2026-03-02"),
        ({"since": "2026-03-03", "until": "2026-03-03"}, "is not before --to"),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_to_write(asked: Any, hint: str) -> None:
    with pytest.raises(QuestionError, match=hint):
        ask(**asked)
