"""Problems: what is wrong in the configuration, where, and what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a file."""

    file: str
    """The file, as the person who started parkline would name it."""

    line: int = 1
    """Line, from 1; in a CSV file the line on which the row begins."""

    column: int = 1
    """Character, from 1; in a CSV file the number of the cell."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in the configuration."""

    file: str
    """The file it stands in."""

    line: int
    """Line, from 1."""

    column: int
    """Character, from 1; in a CSV file the number of the cell."""

    message: str
    """What is wrong, and what to write instead; never a secret."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` are all of its mistakes, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Report:
    """Collects the problems of one run, so that all of them are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, mark: Mark, message: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(mark.file, mark.line, mark.column, message))


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Give the ending of a message: the nearest of `choices`, or all of them when none is near; may be empty."""
    known = list(dict.fromkeys(choices))
    lowered = {choice.lower(): choice for choice in reversed(known)}
    near = get_close_matches(word.lower(), lowered, n=1)
    if near:
        return f"; did you mean `{lowered[near[0]]}`?"
    if not known:
        return ""
    return f"; write {one_of(known)}"


def one_of(choices: Iterable[str]) -> str:
    """Give `a`, `b` or `c`."""
    quoted = [f"`{choice}`" for choice in choices]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]])) if quoted else "nothing"
