"""Page tokens."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ProblemError
from api.paging import Paging, behind, instant, microseconds, paging

read = paging(default=10, most=100)


def ask(query: str, *, limit: int = 10, token: str = "", path: str = "/api/v1/things") -> Paging:
    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": [], "app": FastAPI()}
    try:
        read(Request(scope), limit, token).send(None)
    except StopIteration as answered:  # it waits for nothing, so no loop is needed
        paging: Paging = answered.value
        return paging
    raise AssertionError


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(TEXTS | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_a_token_gives_back_the_position_it_was_made_of(position: list[str | int]) -> None:
    first = ask("path=a&path=b")
    again = ask("path=b&limit=3&path=a&page_token=x", token=first.token(position))
    assert again.after(*map(type, position)) == tuple(position)


def test_the_first_page_has_no_position() -> None:
    assert ask("").after(int) is None


@pytest.mark.parametrize(("query", "path"), [("path=c", "/api/v1/things"), ("path=a", "/api/v1/others")])
def test_a_token_of_another_query_is_refused(query: str, path: str) -> None:
    token = ask("path=a").token([1])
    with pytest.raises(ProblemError, match="belongs to another query"):
        ask(query, token=token, path=path)


@given(st.text())
def test_a_made_up_token_is_refused(token: str) -> None:
    if token:
        with pytest.raises(ProblemError, match="page_token"):
            ask("", token=token).after(int)


@pytest.mark.parametrize("position", [["1"], [1, 2], [None], [True], [1.5], [], [2**63]])
def test_a_token_with_a_foreign_position_is_refused(position: list[int]) -> None:
    with pytest.raises(ProblemError, match="no token of this API"):
        ask("", token=ask("").token(position)).after(int)


@given(st.integers(-(10**15), 7 * 10**15))
def test_an_instant_survives_in_a_position(number: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number)
    assert instant(microseconds(at)) == at


@pytest.mark.parametrize("position", [2**62, -(2**62)])
def test_an_instant_that_is_none_is_refused(position: int) -> None:
    with pytest.raises(ProblemError, match="no token of this API"):
        instant(position)


def test_a_text_that_no_database_takes_is_refused() -> None:
    with pytest.raises(ProblemError, match="no token of this API"):
        ask("", token=ask("").token(["a\0b"])).after(str)


KEYS = st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("xyz"))


@given(st.sets(KEYS), KEYS)
def test_behind_a_position_are_the_rows_that_sort_after_it(
    rows: set[tuple[str, int, str]], position: tuple[str, int, str]
) -> None:
    schema = {"one": pl.String, "two": pl.Int64, "three": pl.String}
    frame = pl.DataFrame(sorted(rows), schema=schema, orient="row")
    found = frame.filter(behind([pl.col(name) for name in schema], position)).rows()
    assert found == sorted(row for row in rows if row > position)
