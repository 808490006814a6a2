"""Every mistake of a configuration is told in one run, at its place, with what to write instead.

The YAML files in mistakes/ mark their own, in the line of each; those of the CSV file stand here.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.load import ConfigError, Problem, load

MISTAKES = Path(__file__).parent / "mistakes"

IN_THE_TABLE = (
    (1, 7, "the column `limit_hihg` is not known; did you mean `limit_high`?"),
    (1, 8, "the column `rolle` is not known; did you mean `role`?"),
    (3, 1, "signal `force` is already on line 2"),
    (3, 6, "`kNn` is no UCUM unit; did you mean `kN`?"),
    (4, 11, "this cell stands in no column of the first row"),
    (5, 11, "this cell stands in no column of the first row"),
    (6, 2, "there is no source `meter`; did you mean `meters`?"),
    (6, 5, "`number` is not known; write `float`, `int`, `bool` or `text`"),
)


def marked() -> Iterator[tuple[str, int, int, str]]:
    """Give file, line, column and words of every marked mistake."""
    for file in sorted(MISTAKES.rglob("*.yaml")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for column, words in re.findall(r"(?:#!|\|) (\d+): (.+?)(?= \||$)", line):
                yield str(file), number, int(column), words
    for number, cell, words in IN_THE_TABLE:
        yield str(MISTAKES / "lines" / "press-02.csv"), number, cell, words


@pytest.fixture(scope="module")
def problems() -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        load(MISTAKES)
    return refused.value.problems


@pytest.mark.parametrize(("file", "line", "column", "words"), list(marked()))
def test_a_mistake_is_told_where_it_stands(
    problems: tuple[Problem, ...], file: str, line: int, column: int, words: str
) -> None:
    here = [one for one in problems if (one.file, one.line) == (file, line)]
    assert any(one.column == column and words in one.message for one in here), [str(one) for one in here]


def test_nothing_else_is_told(problems: tuple[Problem, ...]) -> None:
    told = Counter((one.file, one.line, one.column) for one in problems)
    assert told == Counter((file, line, column) for file, line, column, _ in marked())


def test_problems_come_by_file_and_line(problems: tuple[Problem, ...]) -> None:
    places = [(one.file, one.line, one.column) for one in problems]
    assert places == sorted(places)
    assert len(places) > 60


def test_no_secret_is_repeated(problems: tuple[Problem, ...]) -> None:
    told = "\n".join(str(one) for one in problems)
    assert not [secret for secret in ("hunter2", "wJalrXUtnFEMI", "12345") if secret in told]
