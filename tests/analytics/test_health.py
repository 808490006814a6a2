"""Health: scores that are explained by their parts, and alerts of scores that fall."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerts import Alert
from analytics.faults.contract import Indicator, nanoseconds
from analytics.health import AT_LIMIT, LOST, MOST, STALE, TITLES, HealthBook, Heard, Score, score
from analytics.sayings import message
from collector.faultrules.machine import Health
from collector.faultrules.rules import MachineFaults
from collector.park import Park, Severity, Title
from tests.analytics.plant import EXAMPLES, at, line, machine, park

PUMP, FAN = "works/line/pump", "works/line/fan"
NOW = 1_772_409_600 * 10**9
MINUTE = nanoseconds(timedelta(minutes=1))


def plant(health: Health | None = None) -> Park:
    pump = machine(PUMP, faults=MachineFaults(health=health), title=Title(zh="水泵", en="Pump"))
    return park(line("works/line", pump, machine(FAN)))


def indicator(value: float, *, signal: str = "bearing", equipment: str = PUMP, name: str = "vibration") -> Indicator:
    return Indicator(equipment, f"{equipment}/{signal}", name, NOW, value, 1.0)


def heard(value: float, detector: str = "vibration", ago: int = 0, **keys: Any) -> Heard:
    return Heard(detector, indicator(value, **keys), NOW - ago)


def alert(severity: Severity, *, detector: str = "vibration", signal: str = "bearing", equipment: str = PUMP) -> Alert:
    return Alert(equipment, f"{equipment}/{signal}", detector, "zone", severity, "vibration.c", "3", at(0))


def of(indicators: Iterable[Heard] = (), *alerts: Alert) -> Score:
    return score(PUMP, indicators, alerts, NOW)


def test_a_machine_that_nobody_looks_at_has_no_score() -> None:
    assert of().score is None
    assert of([heard(0.1, ago=STALE + 1)]).score is None


def test_a_machine_of_which_all_numbers_are_far_from_their_limits_has_the_best() -> None:
    found = of([heard(0.1), heard(0.5, signal="motor")])
    assert (found.score, [part.lost for part in found.parts]) == (100, [0, 0])


@pytest.mark.parametrize(("value", "expected"), [(0.5, 100), (0.75, 90), (1.0, 80), (9.0, 80)])
def test_an_indicator_costs_more_the_nearer_it_is_to_its_limit(value: float, expected: float) -> None:
    assert of([heard(value)]).score == expected


@pytest.mark.parametrize(
    ("severity", "expected"),
    [(Severity.LOW, 85), (Severity.MEDIUM, 70), (Severity.HIGH, 40), (Severity.CRITICAL, 10)],
)
def test_an_alert_costs_by_its_priority(severity: Severity, expected: float) -> None:
    assert of([], alert(severity)).score == expected


def test_what_an_alert_and_its_own_indicator_say_counts_once() -> None:
    found = of([heard(2.0)], alert(Severity.MEDIUM))
    assert (found.score, len(found.parts)) == (70, 1)
    assert found.parts[0].kind == "alert"


def test_each_further_part_counts_half() -> None:
    found = of([heard(1.0, signal="motor")], alert(Severity.HIGH))
    assert found.score == 100 - 60 - 20 / 2
    assert [(part.subject, part.lost) for part in found.parts] == [(f"{PUMP}/bearing", 60), (f"{PUMP}/motor", 10)]
    assert found.parts[0].title == TITLES["vibration"]
    assert found.parts[0].title.zh == "振动烈度"


def test_an_alert_that_is_over_costs_nothing() -> None:
    over = Alert(PUMP, PUMP, "limit", "k", Severity.HIGH, "limit.high", "", at(0), at(9))
    assert of([heard(0.1)], over).score == 100


PARTS = st.lists(
    st.tuples(st.sampled_from(["vibration", "trend", "ewma"]), st.integers(0, 30), st.floats(0, 5)), max_size=40
)
ALERTS = st.lists(st.tuples(st.sampled_from(Severity), st.integers(0, 30)), max_size=10)


@EXAMPLES
@given(PARTS, ALERTS)
def test_the_parts_add_up(numbers: list[tuple[str, int, float]], alerts: list[tuple[Severity, int]]) -> None:
    found = of(
        [heard(value, detector, signal=f"s{signal}") for detector, signal, value in numbers],
        *(alert(severity, signal=f"s{signal}") for severity, signal in alerts),
    )
    if found.score is None:
        assert not numbers
        assert not alerts
        return
    assert 0 <= found.score <= 100
    assert 100 - sum(part.lost for part in found.parts) == pytest.approx(found.score)
    assert len(found.parts) <= MOST
    assert [part.lost for part in found.parts] == sorted((part.lost for part in found.parts), reverse=True)
    worst = max([AT_LIMIT * (value >= 1) for *_, value in numbers] + [LOST[severity] for severity, _ in alerts])
    assert found.score <= 100 - worst + 0.05


@EXAMPLES
@given(PARTS, ALERTS, st.sampled_from(Severity))
def test_one_more_alert_never_makes_it_better(
    numbers: list[tuple[str, int, float]], alerts: list[tuple[Severity, int]], severity: Severity
) -> None:
    indicators = [heard(value, detector, signal=f"s{signal}") for detector, signal, value in numbers]
    lasting = [alert(one, signal=f"s{signal}") for one, signal in alerts]
    before, after = of(indicators, *lasting), of(indicators, *lasting, alert(severity, signal="more"))
    assert after.score is not None
    assert before.score is None or after.score <= before.score + 0.2  # parts are told to a tenth


def carried_on(book: HealthBook, where: Park) -> HealthBook:
    return HealthBook(where, json.loads(json.dumps(book.carried)))


def test_a_book_tells_scores_that_changed_by_a_point() -> None:
    where = plant()
    book = HealthBook(where)
    assert [one.score for one in book.update([("vibration", indicator(0.75))], [], NOW)] == [90]
    book = carried_on(book, where)
    assert book.update([("vibration", indicator(0.76))], [], NOW + 1) == []
    assert book.scores[PUMP].score == 89.6
    (one,) = book.update([("vibration", indicator(0.9))], [], NOW + 2)
    assert one.score == 84


def test_a_number_that_says_nothing_new_is_noted_once_a_minute() -> None:
    book = HealthBook(plant())
    touched = []
    for second, value in ((0, 0.1), (5, 0.2), (10, 0.75), (15, 0.75), (59, 0.75), (70, 0.75), (75, 0.3), (80, 0.1)):
        book.update([("vibration", indicator(value))], [], NOW + second * 10**9)
        touched.append(bool(book.touched))
    assert touched == [True, False, True, False, False, True, True, False]
    assert [part.ratio for part in book.scores[PUMP].parts] == [0.3]


def test_a_book_forgets_numbers_that_are_not_heard_of_any_more() -> None:
    book = HealthBook(plant())
    book.update([("vibration", indicator(0.75)), ("ewma", indicator(0.1, name="ewma"))], [], NOW)
    book.update([("ewma", indicator(0.1, name="ewma"))], [], NOW + STALE)
    (one,) = book.update([("ewma", indicator(0.1, name="ewma"))], [], NOW + STALE + 1)
    assert one.score == 100
    (gone,) = book.update([], [], NOW + 3 * STALE)
    assert gone.score is None
    assert book.carried[PUMP]["heard"] == {}


def test_a_book_knows_machines_of_its_park_only() -> None:
    book = HealthBook(plant(), {"works/line/gone": {"heard": {}, "score": 50.0, "rules": {}}})
    source = Alert("works/line", "source:plc", "link", "lost", Severity.HIGH, "link.lost", "", at(0))
    told = book.update([("vibration", indicator(0.1, equipment="works/other/mill"))], [source], NOW)
    assert told == []
    assert book.carried == {}


def test_machines_do_not_share_scores() -> None:
    book = HealthBook(plant())
    told = book.update([("vibration", indicator(0.1, equipment=FAN))], [alert(Severity.HIGH)], NOW)
    assert {one.equipment: one.score for one in told} == {PUMP: 40, FAN: 100}


def test_a_score_that_stays_low_is_an_alert_until_it_is_well_back() -> None:
    where = plant(Health(limit=50))
    book = HealthBook(where)
    grave = alert(Severity.HIGH)
    for minute in range(5):
        book.update([], [grave], NOW + minute * MINUTE)
        assert book.alerts == ()
        book = carried_on(book, where)
    book.update([], [grave], NOW + 5 * MINUTE)
    (found,) = book.alerts
    assert (found.equipment, found.signal, found.detector, found.key) == (PUMP, PUMP, "health", "score")
    assert book.lasting == {PUMP}
    assert message(found, "en") == "Pump: health score 40, below 50; mainly Vibration severity (bearing) −60"
    assert message(found, "zh") == "水泵：健康评分 40，低于 50；主要原因：振动烈度 (bearing) −60"
    book = carried_on(book, where)
    book.update([], [grave, found], NOW + 6 * MINUTE)
    assert book.scores[PUMP].score == 40  # its own alert does not make it worse
    book.update([("vibration", indicator(0.1))], [], NOW + 7 * MINUTE)
    (over,) = book.alerts
    assert (over.id, over.active) == (found.id, False)
    assert book.lasting == frozenset()


def test_with_a_count_so_many_scores_in_a_row_must_be_low() -> None:
    book = HealthBook(plant(Health(limit=50, on_delay=timedelta(0), count=3)))
    found = []
    for look in range(4):
        book.update([], [alert(Severity.HIGH)], NOW + look * MINUTE)
        found.append(len(book.alerts))
    assert found == [0, 0, 1, 0]


def test_an_alert_of_a_score_ends_when_the_last_thing_that_was_bad_is_gone() -> None:
    book = HealthBook(plant(Health(limit=50, on_delay=timedelta(0))))
    book.update([], [alert(Severity.HIGH)], NOW)
    assert [one.active for one in book.alerts] == [True]
    (gone,) = book.update([], [], NOW + MINUTE)
    assert gone.score is None
    assert [one.active for one in book.alerts] == [False]
