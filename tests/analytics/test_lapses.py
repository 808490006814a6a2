"""Lapses: the gaps of the ledger that may lie behind the newest samples, by signal."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.contract import GAPS
from analytics.lapses import LINGER, Lapses
from collector.gaps import Gap
from collector.park import Signal
from tests.analytics.plant import EXAMPLES, Address, at, line, machine, park, samples, state_signal

SECOND = 10**9
BEGIN = int(at(0).timestamp()) * SECOND
PRESS, MILL = state_signal("works/line/press").path, state_signal("works/line/mill").path
PLANT = park(line("works/line", machine("works/line/press", source="plc"), machine("works/line/mill", source="mqtt")))
LONG = LINGER // SECOND


def gap(number: int, start: float, end: float | None, state: str = "open", source: str = "plc", *signals: str) -> Gap:
    ends = None if end is None else at(end)
    return Gap(number, source, signals, at(start), ends, "cable", state, changed=number)


def behind(lapses: Lapses, *frames: tuple[str, float]) -> list[tuple[str, float, float | None]]:
    """Give the gaps behind samples: signal, start and end in seconds."""
    found = [lapses.behind(samples(signal, [(second, "RUN")])) for signal, second in frames]
    return [
        (signal, (start - BEGIN) / SECOND, None if end is None else (end - BEGIN) / SECOND)
        for frame in found
        for signal, start, end in frame.iter_rows()
    ]


def lapsed(*gaps: Gap) -> Lapses:
    lapses = Lapses(PLANT.signals.values())
    lapses.take(gaps)
    return lapses


def test_a_gap_of_a_source_is_behind_each_of_its_signals() -> None:
    lapses = lapsed(gap(1, 5, 8))
    assert behind(lapses, (PRESS, 9), (MILL, 9)) == [(PRESS, 5, 8)]
    assert lapses.change == 1


def test_a_gap_of_some_signals_is_behind_these() -> None:
    lapses = lapsed(gap(1, 5, 8, "open", "mqtt", MILL, "gone/signal"))
    assert behind(lapses, (PRESS, 9), (MILL, 9)) == [(MILL, 5, 8)]


def test_a_gap_that_lasts_is_behind_and_one_that_was_filled_is_not() -> None:
    lapses = lapsed(gap(1, 5, None), gap(2, 1, 2, "filled"), gap(3, 3, 4, "unfillable"))
    assert behind(lapses, (PRESS, 9)) == [(PRESS, 3, 4), (PRESS, 5, None)]
    lapses.take([Gap(1, "plc", (), at(5), at(8), "cable", "filled", changed=4)])
    assert behind(lapses, (PRESS, 9)) == [(PRESS, 3, 4)]
    assert lapses.change == 4


def test_a_gap_long_before_what_was_looked_at_is_told_no_more() -> None:
    lapses = lapsed(gap(1, 5, 8))
    lapses.looked_at(samples(PRESS, [(8 + LONG - 1, "RUN")]))
    assert behind(lapses, (PRESS, 9 + LONG)) == [(PRESS, 5, 8)]
    lapses.looked_at(samples(PRESS, [(8 + LONG, "RUN")]))
    assert behind(lapses, (PRESS, 9 + LONG)) == []


def test_a_gap_is_behind_a_signal_of_which_nothing_came_since() -> None:
    lapses = lapsed(gap(1, 5, 8))
    lapses.looked_at(samples(PRESS, [(3, "RUN")]))
    silent = lapses.behind(samples(MILL, [(900, "RUN")]), {PRESS: BEGIN})
    assert silent["signal"].to_list() == [PRESS]
    assert lapses.behind(samples(MILL, []), {MILL: BEGIN}).is_empty()


def test_without_samples_there_is_nothing_behind() -> None:
    assert lapsed(gap(1, 5, 8)).behind(samples(PRESS, [])).is_empty()


def test_each_signal_of_a_source_has_the_gaps_behind_its_own_newest_sample() -> None:
    heat = Signal(path="works/line/press/heat", name="heat", source="plc", address=Address(), type="float")
    lapses = Lapses([*PLANT.signals.values(), heat])
    lapses.take([gap(1, 5, 8), gap(2, 20, None), gap(3, 6, 30, "unfillable", "plc", heat.path), gap(4, 1, 2)])
    lapses.looked_at(samples(PRESS, [(8 + LONG, "RUN")]))
    asked = samples(PRESS, [(9 + LONG, "RUN")])
    found = lapses.behind(asked, [heat.path, MILL])
    told = [(signal.rpartition("/")[2], (start - BEGIN) // SECOND) for signal, start, _ in found.iter_rows()]
    assert told == [("heat", 1), ("heat", 5), ("heat", 6), ("heat", 20), ("state", 20)]
    assert found.schema == GAPS
    assert found["end"].null_count() == 2


def test_gaps_that_are_behind_no_signal_any_more_are_forgotten() -> None:
    lapses = lapsed(gap(1, 5, 8), gap(2, 5, 8, "open", "mqtt"), gap(3, 5, 8, "open", "mqtt", MILL), gap(4, 6, None))
    lapses.looked_at(samples(PRESS, [(8 + LONG, "RUN")]))
    lapses.take([gap(5, 9, 10), gap(6, 9, 10, "open", "elsewhere")])
    assert len(lapses) == 4
    lapses.looked_at(samples(MILL, [(8 + LONG, "RUN")]))
    lapses.take([gap(7, 11, 12)])
    assert len(lapses) == 3
    assert behind(lapses, (PRESS, 9 + LONG)) == [(PRESS, 6, None), (PRESS, 9, 10), (PRESS, 11, 12)]


def test_what_is_looked_through_does_not_grow_with_the_signals_of_a_source() -> None:
    """A source of many signals with many gaps: what is kept and told are gaps, not gaps times signals."""
    many = [
        Signal(path=f"works/line/press/s{number}", name=f"s{number}", source="plc", address=Address(), type="float")
        for number in range(200)
    ]
    lapses = Lapses(many)
    lapses.take(gap(number + 1, 60 * number, 60 * number + 5) for number in range(500))
    assert len(lapses) == 500
    newest = pl.concat(samples(one.path, [(500 * 60, 1.0)]) for one in many)
    lapses.looked_at(newest)
    assert lapses.behind(newest).height == 200 * 10


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9), st.sampled_from(["plc", "mqtt"]))),
    st.dictionaries(st.sampled_from([PRESS, MILL]), st.integers(0, 19)),
)
def test_gaps_are_told_as_the_ledger_has_them(
    ledger: list[tuple[int, int | None, str]], newest: dict[str, int]
) -> None:
    """Gaps may overlap, begin together, lie in each other, and last; those that end after what was looked at count."""
    gaps = [
        gap(number + 1, start, None if length is None else start + length, "open", source)
        for number, (start, length, source) in enumerate(ledger)
    ]
    lapses = lapsed(*gaps)
    for signal, second in newest.items():
        lapses.looked_at(samples(signal, [(second + LONG, "RUN")]))
    lapses.take(gaps[:1])
    expected = [
        (signal, BEGIN + start * SECOND, None if length is None else BEGIN + (start + length) * SECOND)
        for signal, mine in ((MILL, "mqtt"), (PRESS, "plc"))
        for start, length, source in ledger
        if source == mine and (length is None or signal not in newest or start + length > newest[signal])
    ]
    found = lapses.behind(samples(PRESS, []), [PRESS, MILL]).rows()
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert [(signal, start) for signal, start, _ in found] == sorted((signal, start) for signal, start, _ in expected)
