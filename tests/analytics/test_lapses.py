"""Lapses: the gaps of the ledger that may lie behind the newest samples, by signal."""

from analytics.lapses import LINGER, Lapses
from collector.gaps import Gap
from tests.analytics.plant import at, line, machine, park, samples, state_signal

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
