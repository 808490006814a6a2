"""Published: results read back from the store, one row per window, as `parkline kpi` prints them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import polars as pl

from adapters.stores.contract import Store
from analytics.calendar import PERIODS
from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.kpis.contract import PLANNED
from analytics.kpis.utilisation import UTILISATION
from analytics.ledger import read_superseded
from analytics.notes import WITHDRAWN
from analytics.restatement import as_of
from collector.config.problems import did_you_mean
from collector.park import EquipmentState, Park
from collector.records import Records

BRIEF: Final = (
    UTILISATION.slug,
    "oee",
    "availability",
    "effectiveness",
    "quality_ratio",
    PLANNED,
    *(f"{state.value}_time" for state in EquipmentState),
    "unknown_time",
    "total_count",
)
"""What a table shows when nothing else is asked for: there are many more numbers than fit on a screen."""

_ALWAYS: Final = frozenset({UTILISATION.slug, PLANNED})
_DAY: Final = timedelta(days=1)
_DAWN: Final = datetime(1970, 1, 2, tzinfo=UTC)
_DUSK: Final = datetime(2262, 1, 1, tzinfo=UTC)


class QuestionError(Exception):
    """What was asked for cannot be; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which numbers somebody wants to see."""

    park: Park
    """Whose."""

    paths: tuple[str, ...]
    """Of what, by path, in the order of the files."""

    period: str
    """Per hour, shift or day."""

    start: datetime | None
    """First instant at which a window begins, UTC; None: see `answer`."""

    end: datetime | None
    """First instant at which no window begins any more, UTC; None: no bound."""

    kpis: tuple[str, ...]
    """Which, by slug, in the order of the catalogue."""

    @classmethod
    def of(cls, park: Park, path: str, period: str, since: str, until: str, kpis: Sequence[str]) -> Self:
        """Read a question as it was written; raises QuestionError."""
        for slug in kpis:
            if slug not in BY_SLUG:
                msg = f"--kpi: there is no KPI {slug!r}{did_you_mean(slug, BY_SLUG)}"
                raise QuestionError(msg)
        if period not in PERIODS:
            msg = f"--period: {period!r} is no period{did_you_mean(period, PERIODS)}"
            raise QuestionError(msg)
        known = _paths(park)
        if path and path not in known:
            msg = f"{path!r} is nothing in this park{did_you_mean(path, known)}"
            raise QuestionError(msg)
        below = [one for one in known if path in {"", park.id, one} or one.startswith(f"{path}/")]
        start, end = _instant("--from", since, park, path), _instant("--to", until, park, path)
        if start is not None and end is not None and start >= end:
            msg = f"--from {since} is not before --to {until}; windows that begin from the one to the other are shown"
            raise QuestionError(msg)
        chosen = tuple(kpi.slug for kpi in KPIS if not kpis or kpi.slug in kpis)
        return cls(park, tuple(below), period, start, end, chosen)

    async def answer(
        self, store: Store, records: Records | None = None, known_at: datetime | None = None
    ) -> pl.DataFrame:
        """Ask the store; without bounds, for the windows of the latest local day that has any.

        Args:
            store: where the results rest.
            records: where what they replaced rests; needed for `known_at`.
            known_at: give the numbers as they were known at this instant, UTC; None: as they are.

        Returns:
            path, period, name, start, end (UTC), coverage, a column per KPI, and `notes`: kpi and note, of those that
            have one (why a number is null or odd, and what to configure); by start, and by path in the order of the
            files. Windows that were withdrawn are left out.

        Raises:
            StoreError: the store does not answer or forbids.
            RecordsError: the records do not answer.
        """
        start, end = self.start, self.end
        if start is None and end is None:
            latest = await self._latest(store)
            if latest is not None:
                day = latest.astimezone(_zone(self.park, self.paths[0])).date()
                zone = _zone(self.park, self.paths[0])
                start, end = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + _DAY))
        results = await store.results(
            start=start or _DAWN, end=end or _DUSK, paths=self.paths, periods=[self.period], kpis=self.kpis
        )
        if known_at is not None and records is not None:
            before = await records.run(
                lambda connection: read_superseded(
                    connection, start=start, end=end, periods=[self.period], known_at=known_at
                )
            )
            results = as_of(results, before, known_at).filter(pl.col("kpi").is_in(self.kpis))
        results = results.filter(pl.col("note") != WITHDRAWN)
        order = pl.DataFrame({"path": self.paths}).with_row_index("place")
        window = ["path", "period", "name", "start", "end", "coverage"]
        values = (pl.col("value").filter(pl.col("kpi") == slug).last().alias(slug) for slug in self.kpis)
        noted = pl.struct("kpi", "note").filter(pl.col("note") != "")
        return (
            results.group_by("path", "period", "start", maintain_order=True)
            .agg(pl.col("name", "end", "coverage").last(), *values, notes=noted)
            .join(order, on="path")
            .sort("start", "place")
            .select(*window, *self.kpis, "notes")
        )

    def told(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        """Give an answer for people: local times, ratios in per cent, times in hours, without times of nothing.

        Who asked for no number by its name sees `BRIEF`, as far as they are known.
        """
        if len(self.kpis) == len(KPIS):
            shown = [slug for slug in BRIEF if slug in _ALWAYS or rows[slug].sum() > 0]
        else:
            shown = [slug for slug in self.kpis if _is_ratio(slug) or slug in _ALWAYS or rows[slug].sum() > 0]
        return [
            {
                "path": row["path"],
                self.period: self._window(row),
                **{
                    _heading(slug): None if row[slug] is None else row[slug] * _SCALE[BY_SLUG[slug].kind]
                    for slug in shown
                },
                "coverage %": None if row["coverage"] is None else row["coverage"] * 100,
            }
            for row in rows.iter_rows(named=True)
        ]

    def _window(self, row: dict[str, Any]) -> str:
        zone = _zone(self.park, row["path"])
        start, end = (row[edge].astimezone(zone) for edge in ("start", "end"))
        if self.period == "day":
            return f"{start:%Y-%m-%d}" if end.time() == time() else f"{start:%Y-%m-%d} to {end:%H:%M}"
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M} {row['name']}".rstrip()

    async def _latest(self, store: Store) -> datetime | None:
        """Give the start of the latest window; looks back further and further."""
        end, step = datetime.now(UTC) + 2 * _DAY, 8 * _DAY
        while end > _DAWN:
            start = max(end - step, _DAWN)
            found = await store.results(
                start=start, end=end, paths=self.paths, periods=[self.period], kpis=[self.kpis[0]]
            )
            if len(found):
                latest: datetime = found.select(pl.col("start").max()).item()
                return latest
            end, step = start, step * 4
        return None


_SCALE: Final = {"ratio": 100.0, "time": 1 / 3600, "count": 1.0, "rate": 1.0, "energy": 1.0}
"""By kind of KPI: what its values are shown times."""


def _is_ratio(slug: str) -> bool:
    return BY_SLUG[slug].kind == "ratio"


def _heading(slug: str) -> str:
    kpi = BY_SLUG[slug]
    name = slug.removesuffix("_time").replace("_", " ")
    units = {"ratio": f"{slug} %", "time": f"{name} h", "count": name}
    return units.get(kpi.kind, f"{name} {kpi.unit}")


def _paths(park: Park) -> list[str]:
    """Give every path that has results, in the order of the files."""
    paths = [park.id]
    for factory in park.factories:
        paths.append(factory.path)
        for line in factory.lines:
            paths += [line.path, *(machine.path for machine in line.equipment)]
    return paths


def _zone(park: Park, path: str) -> ZoneInfo:
    return park.factories[0].zone if path in {"", park.id} else park.factory_of(path).zone


def instant_of(park: Park, written: str) -> datetime | None:
    """Read `--as-of`, local to the park where it has no offset; None where it is empty. Raises QuestionError."""
    return _instant("--as-of", written, park, park.id)


def _instant(option: str, written: str, park: Park, path: str) -> datetime | None:
    """Read a day or an instant; one without an offset is local at `path`."""
    if not written:
        return None
    try:
        instant = datetime.fromisoformat(written)
    except ValueError as error:
        msg = f"{option}: {written!r} is no day or instant; write 2026-03-02 or 2026-03-02T06:00+08:00"
        raise QuestionError(msg) from error
    return (instant if instant.tzinfo is not None else instant.replace(tzinfo=_zone(park, path))).astimezone(UTC)
