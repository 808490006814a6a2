"""Numbers that were told never change silently: a version, a reason, and what they were before."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.stores.contract import RESULTS
from analytics.restatement import CHANGES, RESTATEMENTS, SUPERSEDED, as_of, changes, restated, values_of
from analytics.spans import MOMENT
from tests.analytics.plant import BEGIN, EXAMPLES, at

HOUR = timedelta(hours=1)
THEN, NOW = at(4000), at(9000)
PRESS = "works/line/press"
CAUSES = pl.Schema({"path": pl.String(), "start": MOMENT, "end": MOMENT, "cause": pl.String()})
KEY = ["path", "period", "start", "kpi"]


def number(
    kpi: str = "utilisation",
    value: float | None = 0.5,
    *,
    path: str = PRESS,
    start: datetime = BEGIN,
    computed: datetime = THEN,
    **others: Any,
) -> dict[str, Any]:
    """Give one row of `RESULTS`, about an hour."""
    row = {"path": path, "period": "hour", "name": "", "start": start, "end": start + HOUR, "kpi": kpi, "value": value}
    told = {"coverage": 1.0, "computed": computed, "version": 1, "reason": "", "note": ""}
    return row | told | others


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=RESULTS)


def because(*rows: tuple[str, str], start: datetime = BEGIN, end: datetime = BEGIN + HOUR) -> pl.DataFrame:
    """Give causes: path and cause of each, within [start, end)."""
    return pl.DataFrame([(path, start, end, cause) for path, cause in rows], schema=CAUSES, orient="row")


LATE = because((PRESS, "late samples"))
FEW = settings(EXAMPLES, max_examples=15)


def again(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give rows as computed now."""
    return table(*(row | {"computed": NOW} for row in rows))


def test_what_is_not_stored_is_written_as_it_is() -> None:
    new = table(number(), number("oee", None, note="parts are not counted"))
    written, superseded = restated(new, table(), LATE)
    assert_frame_equal(written, new)
    assert_frame_equal(superseded, SUPERSEDED.to_frame())
    other = table(number(start=BEGIN - HOUR))
    assert_frame_equal(restated(new, other, LATE)[0], new)


def test_a_number_that_changed_is_told_with_the_next_version_and_a_reason() -> None:
    stored = table(number(), number("oee", 0.4, note="odd"))
    written, superseded = restated(again(number(value=0.6), number("oee", 0.4, note="odd")), stored, LATE)
    expected = [number(value=0.6), number("oee", 0.4, note="odd")]
    assert_frame_equal(
        written, table(*(row | {"computed": NOW, "version": 2, "reason": "late samples"} for row in expected))
    )
    [old] = superseded.to_dicts()
    assert orjson.loads(old.pop("values")) == {"utilisation": [0.5, ""], "oee": [0.4, "odd"]}
    assert old == {
        "path": PRESS,
        "period": "hour",
        "name": "",
        "start": BEGIN,
        "end": BEGIN + HOUR,
        "version": 1,
        "computed": THEN,
        "made_for": "",
        "reason": "late samples",
        "coverage": 1.0,
    }


def test_nothing_that_stayed_is_written() -> None:
    stored = table(number(), number("oee", None), number("producing_time", 1800.0), number("unknown_time", 0.0))
    noise = [
        number(value=0.5 * (1 + 4e-10)),
        number("oee", None),
        number("producing_time", 1800.0000005),
        number("unknown_time", 3e-7),
    ]
    written, superseded = restated(again(*noise), stored, LATE)
    assert written.is_empty()
    assert superseded.is_empty()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (number(value=0.5), number(value=0.5 * (1 + 3e-9))),
        (number(value=None), number(value=0.0)),
        (number(value=0.0), number(value=None)),
        (number("unknown_time", 0.0), number("unknown_time", 2e-6)),
        (number(coverage=0.9), number(coverage=0.8)),
        (number(coverage=None), number(coverage=0.0)),
        (number(name="early"), number(name="morning")),
        (number(end=BEGIN + HOUR), number(end=BEGIN + HOUR / 2)),
    ],
)
def test_what_makes_a_number_another(before: dict[str, Any], after: dict[str, Any]) -> None:
    written, superseded = restated(again(after), table(before), LATE)
    assert written["version"].to_list() == [2]
    assert superseded.height == 1


@pytest.mark.parametrize("value", [0.5, 0.6])
def test_a_window_that_grew_is_written_and_is_no_restatement(value: float) -> None:
    stored = table(number(end=at(1800), version=3, reason="gap"))
    written, superseded = restated(again(number(value=value, end=at(1860))), stored, LATE)
    assert_frame_equal(written, again(number(value=value, end=at(1860), version=3, reason="gap")))
    assert superseded.is_empty()


def test_a_shift_that_another_calendar_made_longer_is_restated() -> None:
    stored = table(number(end=at(1800)))
    calendar = because((PRESS, "calendar changed"))
    written, superseded = restated(again(number()), stored, calendar)
    assert written.select("version", "reason").rows() == [(2, "calendar changed")]
    assert superseded["end"].to_list() == [at(1800)]
    grown, nothing = restated(again(number(end=at(1859))), stored, calendar)
    assert grown["version"].to_list() == [1]
    assert nothing.is_empty()


def test_seconds_by_reason_come_and_go() -> None:
    stored = table(number(), number("loss:idle/", 60.0, coverage=None), number("loss:idle/lunch", 0.0, coverage=None))
    new = again(number(), number("loss:idle/no material", 60.0, coverage=None))
    written, _ = restated(new, stored, LATE)
    assert dict(written.select("kpi", "value").iter_rows()) == {
        "utilisation": 0.5,
        "loss:idle/": 0.0,
        "loss:idle/no material": 60.0,
        "loss:idle/lunch": 0.0,
    }
    assert written["version"].unique().to_list() == [2]
    assert restated(written.with_columns(version=1, reason=pl.lit("")), written, LATE)[0].is_empty()


def test_stops_by_reason_come_and_go_with_their_seconds() -> None:
    stored = table(number(), number("loss:idle/", 60.0, coverage=None), number("stops:idle/", 2.0, coverage=None))
    new = again(number(), number("loss:off/", 60.0, coverage=None), number("stops:off/", 1.0, coverage=None))
    written, superseded = restated(new, stored, LATE)
    assert dict(written.filter(version=2).select("kpi", "value").iter_rows()) == {
        "utilisation": 0.5,
        "loss:off/": 60.0,
        "stops:off/": 1.0,
        "loss:idle/": 0.0,
        "stops:idle/": 0.0,
    }
    told = superseded.with_columns(replaced=pl.lit(NOW))
    before = as_of(written, told, THEN).filter(kpi="stops:idle/")
    assert before.select("value", "coverage").rows() == [(2.0, None)]


def test_stops_that_an_older_version_did_not_count_restate_nothing() -> None:
    stored = table(number(), number("loss:idle/", 60.0, coverage=None))
    new = again(number(), number("loss:idle/", 60.0, coverage=None), number("stops:idle/", 2.0, coverage=None))
    written, superseded = restated(new, stored, LATE)
    assert written.select("kpi", "value", "version").rows() == [("stops:idle/", 2.0, 1)]
    assert superseded.is_empty()


def test_what_an_older_version_did_not_compute_is_added() -> None:
    stored = table(number(version=2, reason="gap"))
    new = again(number(), number("nee", 0.1), number("loss:idle/", 60.0))
    written, superseded = restated(new, stored, LATE)
    assert_frame_equal(
        written,
        again(number("nee", 0.1, version=2, reason="gap"), number("loss:idle/", 60.0, version=2, reason="gap")),
    )
    assert superseded.is_empty()


def test_another_note_leaves_the_number_as_it_was_told() -> None:
    stored = table(number(version=2, reason="gap"), number("oee", None, version=2, reason="gap", note="no counter"))
    new = again(number(), number("oee", None, note="no ideal cycle"))
    written, superseded = restated(new, stored, LATE)
    assert_frame_equal(written, table(number("oee", None, version=2, reason="gap", note="no ideal cycle")))
    assert superseded.is_empty()


def test_a_write_that_broke_off_is_finished_and_not_restated_again() -> None:
    new = again(number(value=0.6), number("oee", 0.7))
    stored = table(number(), number("oee", 0.4))
    written, superseded = restated(new, stored, LATE)
    torn = pl.concat([written.filter(kpi="oee"), stored.filter(kpi="utilisation")])
    finished, nothing = restated(new, torn, LATE)
    assert superseded.height == 1
    assert_frame_equal(finished, written)
    assert nothing.is_empty()


def test_causes_are_told_in_one_order() -> None:
    told = ["recomputed", "gap", "stop reason changed", "gap filled", "late samples", "map changed", "calendar changed"]
    causes = because(*((PRESS, cause) for cause in [*told, *told]))
    written, _ = restated(again(number(value=0.6)), table(number()), causes)
    assert written["reason"].to_list() == [
        "late samples, gap filled, gap, calendar changed, map changed, stop reason changed, recomputed"
    ]


def test_without_a_cause_it_was_recomputed() -> None:
    for causes in (pl.DataFrame(schema=CAUSES), because((PRESS, "gap"), start=BEGIN + HOUR, end=BEGIN + 2 * HOUR)):
        written, _ = restated(again(number(value=0.6)), table(number()), causes)
        assert written["reason"].to_list() == ["recomputed"]


def test_above_machines_the_causes_are_those_below() -> None:
    paths = [PRESS, "works/line/saw", "works/line", "works/lines/mill", "works/lines", "works", "other/l/m", "park"]
    stored = table(*(number(path=path) for path in paths))
    causes = because((PRESS, "gap"), ("other/l/m", "late samples"))
    written, superseded = restated(again(*(number(path=path, value=0.6) for path in paths)), stored, causes)
    expected = ["gap", "recomputed", "gap", "recomputed", "recomputed", "gap", "late samples", "late samples, gap"]
    assert dict(written.select("path", "reason").iter_rows()) == dict(zip(paths, expected, strict=True))
    assert dict(superseded.select("path", "reason").iter_rows()) == dict(zip(paths, expected, strict=True))


def test_texts_survive() -> None:
    odd = '"quoted"\\ \n\t 冷却液 {}'
    before = table(number(note=odd), number(f"loss:idle/{odd}", 1e-7), number("oee", 1e22), number("nee", -0.1))
    _, superseded = restated(again(number(value=0.6)), before, LATE)
    assert_frame_equal(
        values_of(superseded).select("kpi", "value", "note"), before.select("kpi", "value", "note").sort("kpi")
    )


VALUES = st.sampled_from([None, 0.0, 0.25, 0.5, 1.0])
SECONDS = st.sampled_from([0.0, 60.0])
HOURS = st.dictionaries(st.integers(0, 2), st.tuples(VALUES, SECONDS, st.sampled_from([None, 0.5, 1.0])), min_size=1)


def told(rounds: Iterable[dict[int, Any]]) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Let hours be computed again and again; give what is stored after each round, and what was restated."""
    stored, history, moments = table(), pl.DataFrame(schema=RESTATEMENTS), []
    for n, hours in enumerate(rounds):
        now = at(20_000 + n)
        rows = [
            number(kpi, value, start=BEGIN + hour * HOUR, coverage=told[2], computed=now)
            for hour, told in hours.items()
            for kpi, value in zip(("oee", "loss:idle/"), told[:2], strict=True)
        ]
        written, superseded = restated(table(*rows), stored, LATE)
        stored = pl.concat([stored, written]).unique(KEY, keep="last").sort(KEY)
        replaced = superseded.with_columns(replaced=pl.lit(now, MOMENT)).select(RESTATEMENTS.names())
        history = pl.concat([history, replaced])
        moments.append(stored)
    return moments, history


@FEW
@given(st.lists(HOURS, min_size=1, max_size=5))
def test_what_was_known_at_an_instant_can_be_told_ever_after(rounds: list[dict[int, Any]]) -> None:
    moments, history = told(rounds)
    for n, moment in enumerate(moments):
        known = as_of(moments[-1], history, at(20_000 + n))
        assert_frame_equal(known.drop("coverage"), moment.drop("coverage"))
        assert_frame_equal(known.filter(kpi="oee"), moment.filter(kpi="oee"))
    assert as_of(moments[-1], history, at(19_999)).is_empty()


@FEW
@given(st.lists(HOURS, min_size=1, max_size=5))
def test_changes_lead_from_each_version_to_the_next(rounds: list[dict[int, Any]]) -> None:
    moments, history = told(rounds)
    found = changes(history, moments[-1])
    assert found.schema == CHANGES
    told_values: dict[Any, float | None] = {}
    for moment in moments:
        for row in moment.iter_rows(named=True):
            told_values[row["start"], row["kpi"], row["version"]] = row["value"]
    for row in found.iter_rows(named=True):
        assert row["before"] != row["after"]
        assert row["before"] == told_values[row["start"], row["kpi"], row["version"]]
        assert row["after"] == told_values[row["start"], row["kpi"], row["version"] + 1]
    known = {tuple(row) for row in found.select("start", "kpi", "version").iter_rows()}
    for (start, kpi, version), value in told_values.items():
        following = told_values.get((start, kpi, version + 1), value)
        assert ((start, kpi, version) in known) == (following != value)


def test_a_version_whose_successor_was_not_stored_yet_has_changed_nothing() -> None:
    stored = table(number())
    _, superseded = restated(again(number(value=0.6)), stored, LATE)
    assert changes(superseded, stored).is_empty()
    assert changes(SUPERSEDED.to_frame(), stored).is_empty()


def test_a_reason_that_nobody_gave_before_was_zero_seconds() -> None:
    stored = table(number(), number("loss:idle/", 60.0))
    new = again(number(), number("loss:idle/lunch", 60.0), number("nee", 0.1))
    written, superseded = restated(new, stored, LATE)
    found = changes(superseded, written)
    assert found.select("kpi", "before", "after").rows() == [
        ("loss:idle/", 60.0, 0.0),
        ("loss:idle/lunch", 0.0, 60.0),
    ]
