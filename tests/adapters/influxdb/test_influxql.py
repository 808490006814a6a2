"""Questions in InfluxQL: nothing in a name ends a literal, and every statement fits in a URL."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.influxdb import influxql
from adapters.stores.influxdb.tags import signal_tags

ESCAPES = {"n": "\n", "\\": "\\", '"': '"', "'": "'"}


def scanned(text: str, quote_mark: str) -> tuple[str, str]:
    """Scan a quoted token as InfluxQL's scanner does; give what it stands for, and the rest of the text."""
    assert text[0] == quote_mark
    found, place = "", 1
    while text[place] != quote_mark:
        assert text[place] != "\n", "a line end ends the token"
        if text[place] == "\\":
            place += 1
            found += ESCAPES[text[place]]
        else:
            found += text[place]
        place += 1
    return found, text[place + 1 :]


@given(st.text())
def test_a_literal_stands_for_its_text_and_ends_where_it_ends(text: str) -> None:
    assert scanned(influxql.literal(text) + " OR true", "'") == (text, " OR true")


@given(st.text())
def test_an_identifier_stands_for_its_name_and_ends_where_it_ends(name: str) -> None:
    assert scanned(influxql.identifier(name) + ", x", '"') == (name, ", x")


PATHS = st.builds("{}/{}/{}/{}".format, *[st.text("ab'\\\"; -中", min_size=1, max_size=60)] * 4)


@given(st.sets(st.one_of(PATHS, st.sampled_from(["", "a/b"])), max_size=60))
def test_conditions_on_signals_name_each_once_and_fit(signals: set[str]) -> None:
    wheres = list(influxql.of_signals(signals))
    for where in wheres:
        assert len(quote(influxql.select_samples(where, 0, 2**63))) < 8000
    named = [where.count('"signal" = ') for where in wheres]
    assert sum(named) == sum(signal_tags(signal) is not None for signal in signals)


def test_signals_of_one_machine_share_its_condition() -> None:
    (where,) = influxql.of_signals(["f/l/e/b", "f/l/e/a", "f/l/x/a"])
    assert where == (
        "((\"factory\" = 'f' AND \"line\" = 'l' AND \"equipment\" = 'e' AND (\"signal\" = 'a' OR \"signal\" = 'b'))"
        " OR (\"factory\" = 'f' AND \"line\" = 'l' AND \"equipment\" = 'x' AND (\"signal\" = 'a')))"
    )


def test_many_signals_of_one_machine_are_cut() -> None:
    wheres = list(influxql.of_signals([f"factory/line/machine/{'signal' * 8}-{n}" for n in range(1000)]))
    assert sum(where.count('"signal" = ') for where in wheres) == 1000
    assert len(wheres) > 10
    assert all(len(quote(where)) < 6000 for where in wheres)


def test_results_of_everything_need_no_condition() -> None:
    assert list(influxql.of_results(None, None, None)) == [influxql.EVERYTHING]
    statement = influxql.select_results(influxql.EVERYTHING, 1, 2)
    assert statement.endswith('FROM "kpi" WHERE time >= 1 AND time < 2')


def test_results_of_nothing_are_not_asked_for() -> None:
    assert list(influxql.of_results([], None, None)) == []
    assert list(influxql.of_results(None, ["hour"], [])) == []


def test_conditions_on_results_pair_every_path_with_every_kpi() -> None:
    paths = [f"plant/line-{n}/press" for n in range(300)]
    kpis = [f"kpi_{n}" for n in range(100)]
    wheres = list(influxql.of_results(paths, ["hour"], kpis))
    pairs = sum(where.count('"path" = ') * where.count('"kpi" = ') for where in wheres)
    assert pairs == 300 * 100
    assert all(where.count("\"period\" = 'hour'") == 1 for where in wheres)
    assert all(len(quote(influxql.select_results(where, 0, 2**63))) < 8000 for where in wheres)


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2024, 5, 17, 12, 0, 0, 1, tzinfo=UTC), 1_715_947_200_000_001_000),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1000),
        (datetime(1, 1, 1, tzinfo=UTC), influxql.FIRST_INSTANT),
        (datetime(9999, 1, 1, tzinfo=UTC), influxql.LAST_INSTANT + 1),
    ],
)
def test_instants_are_those_that_influxdb_stores(time: datetime, nanoseconds: int) -> None:
    assert influxql.instant(time) == nanoseconds
