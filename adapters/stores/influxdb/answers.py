"""What InfluxDB's answer to a write means.

    201, 204                         stored
    408, 425, 429, 5xx               later: the same batch again
    413                              too large: in halves
    400, 422 about lines             bad lines: in halves, until the bad ones stand alone; the others are stored
    401, 403, 404, limits, others    forbidden: a person must act, the batch stays where it is

1.x and 2.x store the good lines of such a piece and say how many they dropped. A limit of the server
(`max-series-per-database`) can be raised, so its lines are not bad. An answer that is not InfluxDB's own (a proxy's
page, a web server's complaint about TLS, a portal's 200) says nothing about lines.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import orjson

REASON_KEPT: Final = 400
"""Characters of the server's reason that are passed on; InfluxDB repeats every bad line in it."""

_STORED: Final = frozenset({201, 204})
_LATER: Final = frozenset({408, 425, 429, *range(500, 600)})
_ABOUT_LINES: Final = frozenset({400, 422})
_LIMIT: Final = re.compile(r"max-\S+ limit exceeded")
_LINE_FAULT: Final = re.compile(
    r"unable to parse|partial write|type conflict|beyond retention|parsing failed", re.IGNORECASE
)
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
        elif self.lacks_retention_policy:  # 1.x answers 500, but waiting does not help
            verdict = Verdict.FORBIDDEN
        elif self.status in _LATER:
            verdict = Verdict.LATER
        elif self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            verdict = Verdict.TOO_LARGE
        elif self.status in _ABOUT_LINES and told is not None and not _LIMIT.search(told):
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
    def dropped(self) -> int | None:
        """How many lines of the piece it says it dropped; None where it does not say."""
        found = _DROPPED.search(self._told() or "")
        return int(found[1]) if found else None

    @property
    def lacks_retention_policy(self) -> bool:
        """Whether it says that the retention policy is not there (1.x)."""
        return "retention policy not found" in (self._told() or "")

    def retry_after(self, now: datetime) -> float | None:
        """Give the seconds it asks to wait, 0 or more; None where it does not ask."""
        asked = self.headers.get("Retry-After", "").strip()
        if asked.isdecimal():
            return float(asked)
        try:
            return max((parsedate_to_datetime(asked) - now).total_seconds(), 0.0)
        except (TypeError, ValueError):  # none, or no date; or a date without a zone
            return None

    def _told(self) -> str | None:
        """Give the error's text from the JSON of 1.x (`error`), 2.x and 3.x (`message`, `error`); None without."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(told, dict):
            return None
        text = told.get("message") or told.get("error")
        return text if isinstance(text, str) else None
