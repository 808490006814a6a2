"""What a robot's answer means: the code in its body counts, whatever the HTTP status is. Pure.

A code is 0 for success. Which others mean later, and what to do about the rest, is a table of each robot's own; a code
that no table knows means no, unless what is said with it speaks of haste or of a busy server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_LATER: Final = re.compile(
    r"too (fast|many|frequent)|frequen\w* limit|limit\w* exceed|freq out of limit|system (is )?busy|timed? ?out"
    r"|try again|限流|频率|频繁|繁忙|稍后",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"-?\d{1,12}")


@dataclass(frozen=True, slots=True)
class Code:
    """What one code means."""

    advice: str
    """What to do."""

    later: bool = False
    """Whether waiting helps."""

    wait: float | None = None
    """Seconds to wait; None where the rules do not say."""

    words: Mapping[str, str] | None = None
    """What to do instead, by a word of what is said with the code, in lower case."""

    def told(self, said: str) -> str:
        """Say what to do about it, when `said` came with it."""
        hints = (advice for word, advice in (self.words or {}).items() if word in said.lower())
        return next(hints, self.advice)


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a product answers."""

    product: str
    """Its name, for people."""

    codes: tuple[str, ...]
    """Fields of the answer that may hold the code; the first that is there counts."""

    said: tuple[str, ...]
    """Fields that may hold what is said with it."""

    known: Mapping[int, Code]
    """The codes that are known, without 0."""

    def code(self, answer: Mapping[str, Any]) -> int | None:
        """Give the code of an answer; None where it has none."""
        for field in self.codes:
            value = answer.get(field)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            if isinstance(value, str) and _NUMBER.fullmatch(value):
                return int(value)
        return None

    def words(self, answer: Mapping[str, Any]) -> str:
        """Give what is said with the code."""
        values = (answer.get(field) for field in self.said)
        return next((value for value in values if isinstance(value, str) and value), "")

    def meaning(self, code: int, said: str) -> Code:
        """Tell what a code other than 0 means, when `said` came with it."""
        known = self.known.get(code)
        if _LATER.search(said) and not (known and known.later):
            return Code("it is tried again", later=True)
        return known or Code(f"look the code up in the documentation of {self.product}'s robots")
