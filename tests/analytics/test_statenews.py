"""State news: what goes on is told span by span, what became another is told with its begin."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.statenews import AT_MOST, REMEMBERED, Known, Piece, StateNews, Timeline, is_doubtful, state_news
from analytics.touched import Cause

T0 = datetime(2026, 3, 2, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def line(*states: tuple[float, str]) -> Timeline:
    return tuple(Known(at(minute), state, state.upper()) for minute, state in states)


def piece(since: float, *states: tuple[float, str], end: float | None = None, doubtful: bool = False) -> Piece:
    return Piece(at(since), None if end is None else at(end), line(*states), doubtful)


def told(news: list[StateNews]) -> list[tuple[str, datetime, datetime | None, datetime | None]]:
    return [(one.known.state, one.known.start, one.until, one.revised_from) for one in news]


def test_the_first_look_tells_all_it_saw() -> None:
    remembered, news = state_news((), [piece(0, (0, "unknown"), (5, "idle"))])
    assert told(news) == [("unknown", at(0), at(5), None), ("idle", at(5), None, None)]
    assert remembered == line((0, "unknown"), (5, "idle"))


def test_a_machine_of_which_only_the_past_is_known_waits() -> None:
    assert state_news((), [piece(0, (0, "idle"), end=60)]) == ((), [])


def test_what_goes_on_is_told_span_by_span() -> None:
    before = line((0, "idle"), (10, "producing"))
    after, news = state_news(before, [piece(20, (10, "producing"), (25, "idle"), (30, "producing"))])
    assert told(news) == [("idle", at(25), at(30), None), ("producing", at(30), None, None)]
    assert after == line((0, "idle"), (10, "producing"), (25, "idle"), (30, "producing"))


def test_a_state_that_lasts_is_not_told_again_though_its_begin_was_cut() -> None:
    before = line((0, "idle"), (10, "producing"))
    assert state_news(before, [piece(50, (40, "producing"))]) == (before, [])


def test_late_data_that_changes_what_was_told_says_since_when() -> None:
    before = line((0, "idle"), (10, "producing"), (20, "idle"), (30, "producing"))
    after, news = state_news(before, [piece(20, (10, "producing"))])
    assert told(news) == [("producing", at(10), None, at(20))]
    assert after == line((0, "idle"), (10, "producing"))
    _, news = state_news(before, [piece(5, (0, "idle"), (8, "setup"), (10, "producing"), end=20)])
    assert told(news) == [("producing", at(30), None, at(8))]


def test_late_data_that_changes_nothing_is_not_told() -> None:
    before = line((0, "idle"), (10, "producing"), (20, "idle"))
    assert state_news(before, [piece(5, (0, "idle"), (10, "producing"), end=15, doubtful=True)]) == (before, [])


def test_a_change_between_two_looks_that_was_not_told_yet_is_no_revision() -> None:
    _, news = state_news(line((0, "idle")), [piece(3, (0, "idle"), (5, "setup"), (6, "idle"))])
    assert told(news) == [("setup", at(5), at(6), None), ("idle", at(6), None, None)]


def test_what_is_older_than_all_remembered_is_told_where_states_may_be_others() -> None:
    before = line((100, "idle"), (110, "producing"))
    assert state_news(before, [piece(5, (0, "idle"), end=20)]) == (before, [])
    after, news = state_news(before, [piece(5, (0, "idle"), end=20, doubtful=True)])
    assert told(news) == [("producing", at(110), None, at(5))]
    assert after == before


def test_too_many_at_once_are_told_as_one() -> None:
    states = [(float(n), ("producing", "idle")[n % 2]) for n in range(1, AT_MOST + 2)]
    _, news = state_news(line((0, "producing"), (1, "idle")), [piece(1, *states)])
    assert len(news) == AT_MOST
    more = [*states, (float(AT_MOST + 2), "off"), (float(AT_MOST + 3), "idle")]
    after, news = state_news(line((0, "producing"), (1, "idle")), [piece(1, *more)])
    assert told(news) == [("idle", at(AT_MOST + 3), None, at(2))]
    assert after[-1] == news[0].known
    many = [(float(n), ("idle", "producing")[n % 2]) for n in range(3 * REMEMBERED)]
    assert len(state_news((), [piece(0, *many)])[0]) == REMEMBERED


def test_doubt_comes_of_what_states_are_told_from() -> None:
    assert is_doubtful([Cause.LATE], ["a/b/c/state"], {"a/b/c/state"})
    assert not is_doubtful([Cause.LATE], ["a/b/c/parts"], {"a/b/c/state"})
    assert not is_doubtful([Cause.CALENDAR], [], {"a/b/c/state"})
    assert all(is_doubtful([cause], [], set()) for cause in (Cause.GAP, Cause.FILLED, Cause.MAP, Cause.ASKED))
    assert not is_doubtful([], [], {"a/b/c/state"})


class Consumer:
    """Keeps a timeline from what it is told; reads it again where it is told to."""

    def __init__(self) -> None:
        self.states: Timeline = ()

    def take(self, news: list[StateNews], truth: Timeline) -> None:
        for one in news:
            if one.revised_from is None:
                self.states = (*self.states, one.known)
            else:
                kept = tuple(state for state in self.states if state.start < one.revised_from)
                self.states = (*kept, *(state for state in truth if state.start >= one.revised_from))


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.sampled_from(["idle", "producing", "off"]), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_who_listens_knows_the_timeline(reports: list[tuple[int, str, bool]]) -> None:
    """Reports come in any order, some together; after each look the listener's timeline is the machine's."""
    known: dict[int, str] = {0: "unknown"}
    new = {0}
    remembered: Timeline = ()
    consumer = Consumer()
    for minute, state, more in reports:
        known[minute] = state
        new.add(minute)
        if more:
            continue
        truth = _truth(known)
        since = at(min(new))
        lasting = [one for one in truth if one.start <= since][-1:]
        seen = Piece(since, None, (*lasting, *(one for one in truth if one.start > since)), doubtful=True)
        remembered, news = state_news(remembered, [seen])
        consumer.take(news, truth)
        assert consumer.states == truth == remembered
        new = {minute}


def _truth(known: dict[int, str]) -> Timeline:
    states = [Known(at(minute), state, state.upper()) for minute, state in sorted(known.items())]
    return (states[0], *(one for before, one in pairwise(states) if before.state != one.state))
