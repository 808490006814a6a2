"""What InfluxDB's answer to a write means.

    201, 204                         stored
    408, 425, 429, 5xx               later: the same batch again
    413                              too large: in halves
    400, 422 about lines             bad lines: found by their numbers, or in halves; the others are stored
    401, 403, 404, limits, others    forbidden: a person must act, the batch stays where it is

What each version stores of a piece with bad lines, and what it tells:

    1.x            the good lines; 400 {"error": "partial write: … dropped=2"}. `dropped` counts conflicts of types and
                   lines beyond the retention policy, of one shard; lines that it cannot read are not counted
    2.x            the good lines; 422 {"code", "message": "… partial write: … dropped=2"}. Nothing where it cannot read
                   a line; 400 {"code": "invalid", "message": "unable to parse …"}
    3 Core,        the good lines; 400 {"error": "partial write of line protocol occurred", "data": [{"line_number": 2,
    Enterprise     "error_message": …, "original_line": …}, …]}
    3 Cloud,       the good lines, or nothing; 400 {"code": "invalid", "line": 2, "message": "…error parsing line 2
    Clustered      (1-based): …"}, of at most 100 lines

A limit of the server (`max-series-per-database`) can be raised, so its lines are not bad. An answer that is not
InfluxDB's own (a proxy's page, a web server's complaint about TLS, a portal's 200) says nothing about lines.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

import orjson

REASON_KEPT: Final = 400
"""Characters of the server's reason that are passed on; InfluxDB repeats every bad line in it."""

_STORED: Final = frozenset({201, 204})
_LATER: Final = frozenset({408, 425, 429, *range(500, 600)})
_ABOUT_LINES: Final = frozenset({400, 422})
LONGEST_RETRY: Final = 300.0
"""Seconds that a server's `Retry-After` counts at most: its clock, or a proxy's, may be wrong."""

_LIMIT: Final = re.compile(r"max-\S+ limit exceeded|would exceed (number|limit) of")
_PARTIAL: Final = "partial write of line protocol"
_LINE_FAULT: Final = re.compile(
    r"unable to parse|partial write|type conflict|beyond retention|parsing (failed|error)|failed to parse line",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"\bline (\d+) \(1-based\): ([^\n]*)")
_DROPPED: Final = re.compile(r"\bdropped=(\d+)\s*$")


class Verdict(Enum):
    """What to do about a write."""

    STORED = auto()
    """Nothing: it is durable."""
    LATER = auto()
    """Write it again later."""
    TOO_LARGE = auto()
    """Write it in smaller pieces."""
    BAD_LINES = auto()
    """Find the bad lines."""
    FORBIDDEN = auto()
    """Tell a person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    """Its status code."""

    headers: Mapping[str, str]
    """Its headers; names in any case."""

    body: bytes
    """Its body."""

    @property
    def good(self) -> bool:
        """Whether it is 2xx: what was asked for."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def verdict(self) -> Verdict:
        """What it means, as the answer to a write."""
        told = self._told()
        verdict = Verdict.FORBIDDEN
        if self.status in _STORED:
            verdict = Verdict.STORED
        elif self.lacks_retention_policy or self._names_a_limit:  # 1.x answers 500 to the first: waiting does not help
            verdict = Verdict.FORBIDDEN
        elif told is not None and told.startswith(_PARTIAL):  # some 3.x have answered 500 at /api/v2/write
            verdict = Verdict.BAD_LINES
        elif self.status in _LATER:
            verdict = Verdict.LATER
        elif self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            verdict = Verdict.TOO_LARGE
        elif self.status in _ABOUT_LINES and told is not None:
            verdict = Verdict.BAD_LINES
        return verdict

    @property
    def reason(self) -> str:
        """What the server said, on one line; its status where it said nothing."""
        said = " ".join((self._told() or self.body.decode(errors="replace")).split())
        status = f"HTTP {self.status}"
        if not said or said.startswith("<"):  # a page for people
            return status
        return f"{status}: {said[:REASON_KEPT]}{'…' if len(said) > REASON_KEPT else ''}"

    @property
    def names_a_line_fault(self) -> bool:
        """Whether it complains of lines in words that are known to be about nothing else."""
        return _LINE_FAULT.search(self._told() or "") is not None

    @property
    def found_nothing(self) -> bool:
        """Whether it is what a server says to an empty write that it would have taken."""
        return self.verdict in {Verdict.STORED, Verdict.BAD_LINES} or b"incoming write was empty" in self.body

    @property
    def dropped(self) -> int | None:
        """How many lines of the piece it says it dropped; None where it does not say."""
        found = _DROPPED.search(self._told() or "")
        return int(found[1]) if found else None

    def bad_lines(self, count: int) -> dict[int, str]:
        """Give the bad lines that it names (3.x), each with what is said of it.

        Args:
            count: how many lines the piece had.

        Returns:
            Index in the piece, from 0, to the reason; empty where it names none, or some that the piece has not.
        """
        named = {number - 1: " ".join(said.split())[:REASON_KEPT] for number, said in self._numbered()}
        return named if all(0 <= index < count for index in named) else {}

    def _numbered(self) -> Iterator[tuple[int, str]]:
        told = self._json()
        data = told.get("data")
        for line in data if isinstance(data, list) else []:
            number, said = (line.get("line_number"), line.get("error_message")) if isinstance(line, dict) else (0, "")
            yield (number, f"HTTP {self.status}: {said}") if isinstance(number, int) else (0, "")
        if isinstance(told.get("line"), int):
            for number, said in _NUMBERED.findall(self._told() or ""):
                yield int(number), f"HTTP {self.status}: {said}"

    @property
    def _names_a_limit(self) -> bool:
        """Whether it complains of a limit that a person can raise."""
        said = (self._told() or "", *(said for _, said in self._numbered()))
        return self.status in _ABOUT_LINES and any(map(_LIMIT.search, said))

    @property
    def lacks_retention_policy(self) -> bool:
        """Whether it says that the retention policy is not there (1.x)."""
        return "retention policy not found" in (self._told() or "")

    def retry_after(self, now: datetime) -> float | None:
        """Give the seconds it asks to wait, 0 to `LONGEST_RETRY`; None where it does not ask."""
        asked = self.headers.get("Retry-After", "").strip()
        if asked.isdecimal():
            return min(float(asked), LONGEST_RETRY)
        try:
            return min(max((parsedate_to_datetime(asked) - now).total_seconds(), 0.0), LONGEST_RETRY)
        except (TypeError, ValueError):  # none, or no date; or a date without a zone
            return None

    def _told(self) -> str | None:
        """Give the error's text from the JSON of 1.x (`error`), 2.x and 3.x (`message`, `error`); None without."""
        told = self._json()
        text = told.get("message") or told.get("error")
        return text if isinstance(text, str) else None

    def _json(self) -> dict[str, Any]:
        """Give the object that its body is; empty where it is none."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}
