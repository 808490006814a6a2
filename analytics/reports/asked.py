"""What somebody asks a report for, as they wrote it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from analytics.reports.scope import PERIODS, Days, Period, Scope, ScopeError
from collector.config.problems import did_you_mean
from collector.park import Park


@dataclass(frozen=True, slots=True)
class Asked:
    """A report as it is asked for."""

    scope: Scope
    """Of what."""

    period: Period
    """What it is divided into."""

    days: Days
    """Of which local days."""

    before: Days | None
    """The days that it is compared with."""

    @classmethod
    def written(cls, park: Park, path: str, period: str, days: tuple[str, str], before: tuple[str, str]) -> Self:
        """Read what was written on a command line; raises ScopeError.

        Args:
            park: whose.
            path: of what; empty is the park.
            period: day, week or month.
            days: the first local day, and the one before which it ends; empty: the latest ones.
            before: the same of the days to compare with; empty: none.
        """
        scope = Scope.of(park, path)
        for known in PERIODS:
            if period == known:
                chosen = known
                break
        else:
            msg = f"--period: {period!r} is no period of a report{did_you_mean(period, PERIODS)}"
            raise ScopeError(msg)
        now = datetime.now(UTC)
        asked = _days("--from", "--to", days) or Days.latest(chosen, now, scope.zone)
        return cls(scope, chosen, asked, _days("--compare-from", "--compare-to", before))


def _days(since: str, until: str, written: tuple[str, str]) -> Days | None:
    if not any(written):
        return None
    if not all(written):
        msg = f"give both {since} and {until}"
        raise ScopeError(msg)
    first, end = (_day(option, text) for option, text in zip((since, until), written, strict=True))
    if first >= end:
        msg = f"{since} {first} is not before {until} {end}; days from the one to before the other are shown"
        raise ScopeError(msg)
    return Days(first, end)


def _day(option: str, written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        msg = f"{option}: {written!r} is no day; write one like 2026-03-02"
        raise ScopeError(msg) from error
