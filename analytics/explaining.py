"""Explaining: reads what lies behind the numbers of one window, from the store and the records as they are.

The shell of `analytics.explain`. Spans, losses and parts are made again from the samples by the very functions that the
jobs use; results and earlier versions are as they are stored.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self

import polars as pl

from adapters.stores.contract import Store
from analytics.accounts import accounts, divided, stops_begun
from analytics.calendar import WINDOWS, notes, windows_of
from analytics.computing import Told, tell
from analytics.explain import Explanation, kpis_of, stops_of
from analytics.kpis.contract import ACCOUNT
from analytics.ledger import read_superseded
from analytics.notes import notes as lacking
from analytics.planning import planner
from analytics.restatement import changes
from analytics.results import results
from analytics.timeline import Reader
from analytics.wording import NO_STATE, Language
from collector.config.problems import did_you_mean
from collector.gaps import read_gaps
from collector.park import Park

_DAY: Final = timedelta(days=1)
_SHORT: Final = timedelta(microseconds=1)
_YEARS: Final = range(1970, 2201)
"""Years that instants are stored of."""


class WindowError(Exception):
    """There is no such machine or window; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of one machine."""

    path: str
    """Path of the machine."""

    period: str
    """`hour`, `shift` or `day`."""

    name: str
    """Name of the shift; empty for hours and days."""

    start: datetime
    """Start, UTC."""

    end: datetime
    """End, UTC."""

    @classmethod
    def of(cls, park: Park, path: str, written: str) -> Self:
        """Read a window as people write it, local to the machine's factory; raises WindowError.

        `2026-03-02` is that day, `2026-03-02T06:00` the hour that begins then or holds that time, `2026-03-02/night`
        the shift of that name which begins on that day.
        """
        if path not in park.equipment:
            msg = f"{path!r} is no machine of this park{did_you_mean(path, park.equipment)}"
            raise WindowError(msg)
        zone = park.factory_of(path).zone
        day, _, shift = written.partition("/")
        try:
            instant = datetime.fromisoformat(day)
        except ValueError as error:
            msg = f"{written!r} is no window; write 2026-03-02, 2026-03-02T06:00 or 2026-03-02/night"
            raise WindowError(msg) from error
        if instant.year not in _YEARS:
            msg = f"{written!r} lies outside the years {_YEARS[0]} to {_YEARS[-1]}"
            raise WindowError(msg)
        local = instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)
        whole_day = _is_day(day)
        start = local.astimezone(UTC)
        calendar = park.calendar_of(path)
        windows = windows_of(calendar, zone, start, start + (_DAY if whole_day else timedelta(microseconds=1)))
        period = "shift" if shift else "day" if whole_day else "hour"
        found = windows.filter(pl.col("period") == period).sort("start")
        if shift:
            begins = found["start"].dt.convert_time_zone(zone.key).dt.date()
            known = found["name"].unique().sort().to_list()
            found = found.filter((pl.Series(begins) == local.date()) & (pl.col("name") == shift))
            if found.is_empty():
                msg = f"no shift {shift!r} of {path} begins on {local.date()}{did_you_mean(shift, known)}"
                raise WindowError(msg)
        row = found.row(0, named=True)
        return cls(path, period, row["name"], row["start"], row["end"])

    @classmethod
    def at(cls, park: Park, path: str, period: str, instant: datetime) -> Self:
        """Give the hour, shift or day of a machine that holds an instant, UTC; raises WindowError where there is none.

        Of two shifts that overlap it is the one that began last.
        """
        zone = park.factory_of(path).zone
        windows = windows_of(park.calendar_of(path), zone, instant, instant + _SHORT)
        holding = (pl.col("period") == period) & (pl.col("start") <= instant) & (pl.col("end") > instant)
        found = windows.filter(holding).sort("start")
        if found.is_empty():
            msg = f"no {period} of {path} holds {instant:%Y-%m-%dT%H:%M:%SZ}"
            raise WindowError(msg)
        row = found.row(-1, named=True)
        return cls(path, period, row["name"], row["start"], row["end"])

    def frame(self) -> pl.DataFrame:
        """Give it as a frame with `equipment` and columns of `calendar.WINDOWS`."""
        row = {"equipment": self.path, "period": self.period, "name": self.name, "start": self.start, "end": self.end}
        return pl.DataFrame([row], schema={"equipment": pl.String(), **WINDOWS})


async def explain(reader: Reader, window: Window, *, now: datetime, language: Language = "en") -> Explanation:
    """Explain the numbers of a window.

    Args:
        reader: where they rest.
        window: which.
        now: the present, UTC.
        language: of what is said of its days.

    Raises:
        StoreError: the store does not answer or forbids.
        RecordsError: the records do not answer.
    """
    park, store = reader.park, reader.store
    stored = await _stored(store, window)
    frontiers = await reader.frontiers(now)
    if stored.height:  # of a window that runs: what has come since its numbers were computed does not explain them
        frontiers = {path: min(until, stored["end"].item(0)) for path, until in frontiers.items()}
    task = (await planner(reader, [window.path], window.start, window.end, frontiers)).over(window.frame())
    told = await tell(store, task, window.start, window.end)
    made = accounts(told.intervals, told.parts, told.products, window.frame())
    account = made.select(ACCOUNT).row(0, named=True) if made.height else dict.fromkeys(ACCOUNT)
    rows = stored if stored.height else results(made, now, lacking(park))
    head: dict[str, Any] = rows.row(0, named=True) if rows.height else {}
    history = await reader.records.run(
        lambda connection: read_superseded(
            connection, paths=[window.path], periods=[window.period], start=window.start, end=window.start + _SHORT
        )
    )
    gaps = await reader.records.run(lambda connection: read_gaps(connection, start=window.start, end=window.end))
    signals = park.equipment[window.path].inputs
    sources = {signal.source for signal in signals}
    zone = park.factory_of(window.path).zone
    days = notes(park.calendar_of(window.path), zone, window.start, window.end, language=language)
    return Explanation(
        path=window.path,
        period=window.period,
        name=window.name,
        start=window.start,
        end=made["end"].item() if made.height else window.end,
        time_zone=zone.key,
        version=head["version"] if stored.height else 0,
        computed=head["computed"] if stored.height else None,
        reason=head["reason"] if stored.height else "",
        coverage=head.get("coverage"),
        kpis=kpis_of(rows, account),
        account=account,
        stops=stops_of(told.within(window.start, window.end), _begun(told, window)),
        intervals=divided(told.within(window.start, window.end), told.products, made),
        steps=_within(told, window),
        products=_products(told, window),
        signals=[signal.path for signal in signals],
        gaps=[
            {"start": gap.start, "end": gap.end, "cause": gap.cause, "kind": gap.kind, "state": gap.state}
            for gap in gaps
            if gap.source in sources and (not gap.signals or {s.path for s in signals} & set(gap.signals))
        ],
        days={str(day): note for day, note in days.items()},
        titles={code: reason.title for code, reason in park.stop_reasons.items()},
        lacks="" if park.equipment[window.path].state_inputs else NO_STATE.of(path=window.path),
        units={signal.path: signal.unit for signal in signals if signal.unit},
        restatements=_restatements(history, stored),
    )


async def _stored(store: Store, window: Window) -> pl.DataFrame:
    return await store.results(
        start=window.start, end=window.start + _SHORT, paths=[window.path], periods=[window.period]
    )


def _within(told: Told, window: Window) -> pl.DataFrame:
    return told.steps.filter((pl.col("time") >= window.start) & (pl.col("time") < window.end)).sort("signal", "time")


def _begun(told: Told, window: Window) -> pl.DataFrame:
    """Give the stops that began within the window."""
    begun = stops_begun(told.intervals)
    return begun.filter((pl.col("time") >= window.start) & (pl.col("time") < window.end))


def _products(told: Told, window: Window) -> list[dict[str, Any]]:
    """Give the products that were made within the window."""
    until = pl.col("time").shift(-1).over("equipment")
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("product", "ideal"))
    held = (
        told.products.sort("time")  # of one machine
        .filter(begins | (pl.int_range(pl.len()) == 0))  # where it begins to be judged, the product stays
        .with_columns(until=until)
        .filter((pl.col("time") < window.end) & (pl.col("until") > window.start).fill_null(value=True))
    )
    return held.select("product", "ideal", since="time").to_dicts()


def _restatements(history: pl.DataFrame, stored: pl.DataFrame) -> list[dict[str, Any]]:
    """Give what was told before and what the version after it changed, the newest first."""
    different = changes(history, stored)
    return [
        {
            **{name: row[name] for name in ("version", "computed", "replaced", "reason")},
            "changes": {
                kpi: (before, after)
                for kpi, before, after in different.filter(version=row["version"])
                .select("kpi", "before", "after")
                .iter_rows()
            },
        }
        for row in history.sort("version", descending=True).iter_rows(named=True)
    ]


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
