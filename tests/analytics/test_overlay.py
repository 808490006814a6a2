"""Overlay: pieces cover what the base covers, and say what each layer says."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.overlay import joined, overlay
from analytics.spans import MOMENT
from tests.analytics.plant import EXAMPLES, at
from tests.analytics.shopfloor import LATHE, PRESS, seconds

Row = tuple[str, int, int, str]


def frame(rows: list[Row], column: str) -> pl.DataFrame:
    schema = {"equipment": pl.String(), "start": MOMENT, "end": MOMENT, column: pl.String()}
    return pl.DataFrame([(who, at(a), at(b), what) for who, a, b, what in rows], schema=schema, orient="row")


def test_pieces_end_where_anything_changes() -> None:
    base = frame([(PRESS, 0, 10, "A"), (PRESS, 10, 30, "B"), (LATHE, 5, 6, "C")], "base")
    layer = frame([(PRESS, 3, 12, "x"), (PRESS, 12, 15, "y"), (PRESS, 40, 50, "z")], "layer")
    laid = overlay(base, layer)
    assert laid["equipment"].to_list() == [LATHE, *[PRESS] * 5]
    assert seconds(laid, "base", "layer") == [
        (5, 6, "C", None),
        (0, 3, "A", None),
        (3, 10, "A", "x"),
        (10, 12, "B", "x"),
        (12, 15, "B", "y"),
        (15, 30, "B", None),
    ]


def test_nothing_laid_over_nothing_is_nothing() -> None:
    laid = overlay(frame([], "base"), frame([(PRESS, 0, 1, "x")], "layer"))
    assert laid.is_empty()
    assert laid.columns == ["equipment", "start", "end", "base", "layer"]
    assert joined(laid).is_empty()


def test_intervals_that_touch_and_are_alike_are_one() -> None:
    rows: list[Row] = [(PRESS, 5, 9, "A"), (PRESS, 0, 5, "A"), (PRESS, 10, 11, "A"), (PRESS, 11, 12, "B")]
    assert seconds(joined(frame(rows, "what")), "what") == [(0, 9, "A"), (10, 11, "A"), (11, 12, "B")]


@st.composite
def laid_out(draw: st.DrawFn) -> list[Row]:
    """Draw intervals of two machines that do not overlap; some have no length."""
    rows = []
    for equipment in (PRESS, LATHE):
        edges = sorted(draw(st.lists(st.integers(0, 30), max_size=9)))
        kept = draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
        rows += [
            (equipment, a, b, f"{equipment}{a}") for a, b, keep in zip(edges, edges[1:], kept, strict=False) if keep
        ]
    return draw(st.permutations(rows))


def holds(rows: list[Row], equipment: str, second: int) -> str | None:
    return next((what for who, a, b, what in rows if who == equipment and a <= second < b), None)


@EXAMPLES
@given(laid_out(), laid_out(), laid_out())
def test_every_second_says_what_its_layers_say(base: list[Row], one: list[Row], two: list[Row]) -> None:
    laid = overlay(frame(base, "base"), frame(one, "one"), frame(two, "two"))
    told = {
        (equipment, second): (said, a, b)
        for (start, end, said, a, b), equipment in zip(
            seconds(laid, "base", "one", "two"), laid["equipment"], strict=True
        )
        for second in range(int(start), int(end))
    }
    expected = {
        (equipment, second): (said, holds(one, equipment, second), holds(two, equipment, second))
        for equipment in (PRESS, LATHE)
        for second in range(31)
        if (said := holds(base, equipment, second)) is not None
    }
    assert told == expected
    assert laid.filter(pl.col("start") >= pl.col("end")).is_empty()
