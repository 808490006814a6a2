"""Parks of two factories, and their twins, in which one of the two is another: what a tenant must not notice.

    first    declares the source `shared-mqtt` beside its own
    second   has a machine with a signal that comes over it

All that a factory has is made of its own plan and of nothing else: a factory of the same plan has the same life in
whatever park it stands, but for the numbers that the records give rows. Every number, word and instant of a life is
made by rule, so that a difference between two answers is a leak and no chance.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

import polars as pl
import sqlalchemy as sa

from adapters.registry import store_kind
from adapters.sample import REFUSALS, SAMPLES, Status
from adapters.settings import Settings
from adapters.sources.contract import FilledBy, GapKind
from adapters.stores.contract import Position, Store
from analytics.alertlog import fold, write_alerts
from analytics.alerts import Alert, Contribution
from analytics.faults.contract import Indicator, nanoseconds
from analytics.healthlog import write_health
from analytics.jobs import Jobs, ranges_of
from analytics.stopreasons import add_reason
from analytics.timeline import Reader
from analytics.touched import Cause
from api.auditlog import Entry, write_audit
from api.exportfiles import file_of
from api.exportlog import EXPORTS, ExportState
from api.hooklog import note_delivery
from api.hooks import HOOKS, new_secret
from api.parts import Parts
from api.seals import KEY_BYTES, Seal, Sealing
from collector.conflictlog import add_doubles
from collector.conflicts import Conflict, Doubles
from collector.deadletters import Bounds, Choice, read_dead_letters, write_dead_letters
from collector.drains import DrainState, write_drain
from collector.gaps import add_gap, begin_gap
from collector.links import Link, write_links
from collector.park import (
    Break,
    Calendar,
    Equipment,
    EquipmentState,
    Factory,
    Limit,
    Line,
    Park,
    Severity,
    Shift,
    Signal,
    SignalRole,
    SourceConfig,
    StopReason,
    Title,
)
from collector.records import Records
from collector.redecoding import Told
from collector.resolution import Filling, Part, fill
from collector.settings import ApiSettings, ExportSettings, HookSettings, RateSettings

SEAL: Final = Seal(bytes(KEY_BYTES))
"""How numbers are told to who sees a part of these parks."""

NOW: Final = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
"""When everybody asks."""

BEGIN: Final = NOW - timedelta(hours=20)
"""When the life of the parks begins."""

LATE: Final = NOW - timedelta(hours=6)
"""From here on samples came twice as late as others: what was told before them was told again."""

RECEIVER: Final = "https://127.0.0.1:9/hook"
"""Where events are posted to, and nobody listens."""

SHARED: Final = "shared-mqtt"
"""The source that carries signals of both factories."""

_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = timedelta(hours=1)
_STATES: Final = {
    "ACTIVE": EquipmentState.PRODUCING,
    "READY": EquipmentState.IDLE,
    "INTERRUPTED": EquipmentState.UNPLANNED_STOP,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a factory is made by."""

    id: str
    """Its id."""

    zh: str
    """Its name, Chinese."""

    en: str
    """Its name, English."""

    zone: str
    """Its time zone."""

    line: str
    """Id of its line."""

    machine: str
    """What the ids of its machines begin with."""

    machines: int
    """How many it has."""

    word: str
    """A word that occurs in what happens in it, and nowhere else."""

    @property
    def path(self) -> str:
        """Path of its line."""
        return f"{self.id}/{self.line}"

    @property
    def source(self) -> str:
        """Name of the source that is its own."""
        return f"{self.word}-opcua"

    @property
    def paths(self) -> list[str]:
        """Paths of its machines."""
        return [f"{self.path}/{self.machine}-{number}" for number in range(1, self.machines + 1)]

    @property
    def tenant(self) -> str:
        """Who holds the key whose own things there are, such as an export."""
        return f"tenant-{self.export[:4]}"

    @property
    def export(self) -> str:
        """Id of the export that its tenant has had made."""
        return blake2b(self.id.encode(), digest_size=16).hexdigest()

    @property
    def webhook(self) -> str:
        """Id of the webhook of its tenant."""
        return self.export[:16]

    @property
    def marks(self) -> set[str]:
        """What names it: none of these may occur in what others are shown."""
        return {self.id, self.zh, self.en, self.zone, self.line, f"{self.machine}-", self.word, self.export}


GEARS: Final = Plan("gears", "齿轮厂", "Gear Works", "Asia/Shanghai", "hobbing", "hob", 2, "coolant")
"""One factory."""

MOULDS: Final = Plan("moulds", "模具厂", "Mould Shop", "Europe/Berlin", "injection", "imm", 2, "hydraulic")
"""Another one."""

CASTINGS: Final = Plan("castings", "铸造厂", "Foundry", "America/Chicago", "sandmould", "cst", 4, "furnace")
"""One that stands in for either in the twins, and is larger."""

Lasted: TypeAlias = timedelta | None
"""How long an alert lasted; None: it lasts."""


class Address(Settings):
    """The address of a signal in these parks."""

    item: str = ""


@dataclass(frozen=True, slots=True)
class Estate:
    """A park of two factories, and where its life is kept."""

    first: Plan
    """The factory whose line declares the source that both use."""

    second: Plan
    """The other."""

    folder: Path
    """Folder of the lake and of the records."""

    park: Park
    """The park."""

    @property
    def plans(self) -> tuple[Plan, Plan]:
        """Both."""
        return self.first, self.second

    def other(self, plan: Plan) -> Plan:
        """Give the one that this is not."""
        return self.second if plan == self.first else self.first

    @property
    def records_url(self) -> str:
        """The records."""
        return f"sqlite:///{self.folder}/records.db"

    def store(self) -> Store:
        """Make the store."""
        lake = store_kind("lake")
        return lake.create(lake.settings.model_validate({"folder": self.folder / "lake"}))

    @asynccontextmanager
    async def parts(self, *, store: Callable[[Store], Store] = lambda own: own) -> AsyncIterator[Parts]:
        """Give the parts of an API on this park; with `store`, on what that makes of its store."""
        async with Records(self.records_url) as records, self.store() as own:
            seen = store(own)
            yield Parts(
                park=self.park,
                settings=ApiSettings(
                    rate=RateSettings(per_second=0),
                    exports=ExportSettings(folder=self.folder / "exports", waiting=1000, spare=0),
                    webhooks=HookSettings(allow=("127.0.0.1",)),
                ),
                records=lambda: records,
                store=lambda: seen,
                now=lambda: NOW,
                replay=partial(_replay, records),
                sealing=Sealing(SEAL),
            )


async def _replay(records: Records, choice: Choice, dry_run: bool, asked_by: str) -> list[Told]:  # noqa: FBT001 - as `api.parts.Replay` has it
    """Find the letters that are chosen, and replay none: the park has no files."""
    del dry_run, asked_by
    letters = await records.run(partial(read_dead_letters, choice=choice, limit=100))
    return [Told(letter, "refused", 0, 0, letter.reason) for letter in letters]


async def build(folder: Path, first: Plan, second: Plan) -> Estate:
    """Let a park of these two factories live in `folder`, which is there and empty."""
    estate = Estate(first, second, folder, _park(first, second))
    async with Records(estate.records_url) as records, estate.store() as store:
        samples = pl.concat([_batch(plan) for plan in estate.plans])
        late = (pl.col("time") > LATE) & (pl.col("time") < LATE + _HOUR)
        await store.write(samples.filter(~late), Position("estate", 1))
        await records.run(lambda connection: _enter(connection, estate))
        jobs = Jobs(Reader(estate.park, store, records))
        paths = [path for path, machine in estate.park.equipment.items() if machine.state is not None]
        await jobs.compute(ranges_of(paths, BEGIN, NOW), now=NOW - _HOUR)
        await store.write(samples.filter(late), Position("estate", 2))
        await jobs.compute(ranges_of(paths, LATE, LATE + _HOUR, Cause.LATE), now=NOW - _SECOND)
    return estate


def _park(first: Plan, second: Plan) -> Park:
    rest = (Break(start=time(11, 30), end=time(12)),)
    return Park(
        id="riverside",
        title=Title(zh="河滨产业园", en="Riverside"),
        calendars={
            "shifts": Calendar(
                shifts=(
                    Shift(name="early", start=time(6), end=time(14), breaks=rest),
                    Shift(name="late", start=time(14), end=time(22)),
                    Shift(name="night", start=time(22), end=time(6)),
                )
            )
        },
        stop_reasons={"breakdown": StopReason(title=Title(zh="故障", en="Breakdown"))},
        factories=(_factory(first, (SHARED,)), _factory(second, ())),
    )


def _factory(plan: Plan, more: tuple[str, ...]) -> Factory:
    machines = tuple(
        Equipment(
            path=path,
            id=path.rpartition("/")[2],
            title=Title(zh=f"{plan.zh}{number}号机", en=f"{plan.en} machine {number}"),
            signals=tuple(_signals(plan, path, shared=number == len(plan.paths))),
            ideal_cycle=timedelta(seconds=90),
        )
        for number, path in enumerate(plan.paths, 1)
    )
    sources = tuple(
        SourceConfig(name=name, kind="opcua", line=plan.path, settings=Address()) for name in (plan.source, *more)
    )
    line = Line(
        path=plan.path, id=plan.line, title=Title(zh=f"{plan.zh}线", en=f"{plan.en} line"), sources=sources,
        equipment=machines,
    )  # fmt: skip
    title = Title(zh=plan.zh, en=plan.en)
    return Factory(id=plan.id, title=title, time_zone=plan.zone, calendar="shifts", lines=(line,))


def _signals(plan: Plan, path: str, *, shared: bool) -> Iterator[Signal]:
    def signal(name: str, **keys: Any) -> Signal:
        source = SHARED if shared and name == "level" else plan.source
        return Signal(path=f"{path}/{name}", name=name, source=source, address=Address(item=name), **keys)

    yield signal("execution", type="text", role=SignalRole.STATE, states=_STATES)
    yield signal(
        "level", type="float", unit="Cel", role=SignalRole.MEASUREMENT, low=0.0, high=150.0,
        limits=(Limit(high=80.0, hysteresis=5.0, severity=Severity.HIGH),),
        title=Title(zh=f"{plan.word}液位", en=f"{plan.word} level"),
    )  # fmt: skip
    yield signal("parts", type="int", role=SignalRole.TOTAL_COUNT)


def _batch(plan: Plan) -> pl.DataFrame:
    """Give what a factory's machines reported, columns of `SAMPLES`."""
    rows: list[dict[str, Any]] = []
    for path in plan.paths:
        random = Random(path)  # noqa: S311 - made-up life, no secret
        at, parts = BEGIN, 0
        while at < NOW - 5 * _SECOND:
            parts += random.randint(0, 3)
            rows.append(_row(f"{path}/execution", at, text=random.choice(list(_STATES))))
            rows.append(_row(f"{path}/level", at, float=round(random.uniform(20, 90), 2)))
            rows.append(_row(f"{path}/parts", at, int=parts))
            at += timedelta(minutes=random.uniform(6, 14))
    return pl.DataFrame(rows, schema=SAMPLES)


def _row(signal: str, at: datetime, **value: Any) -> dict[str, Any]:
    received = at + timedelta(milliseconds=80)
    return {**dict.fromkeys(SAMPLES), "signal": signal, "time": at, "status": Status.GOOD, "received": received} | value


def _enter(connection: sa.Connection, estate: Estate) -> None:
    """Enter what happened, the second factory's before the first's: its rows move the numbers of the first's."""
    plans = (estate.second, estate.first)
    links = [_link(plan.source, 1000 * plan.machines) for plan in plans]
    machines = sum(plan.machines for plan in plans)  # both deliver over the shared one
    write_links(connection, [*links, _link(SHARED, 700 * machines)])
    level = f"{estate.second.paths[-1]}/level"
    conflict = Conflict(level, NOW - _HOUR, "1.0", "2.0")
    add_doubles(connection, {SHARED: Doubles(3 * machines, machines, conflict)})
    write_drain(connection, DrainState("store", "lake", "up", BEGIN, NOW, 4711, 4711, ""))
    _enter_alerts(connection, estate)
    before = [number for plan in plans for number in _indicators(plan, 2.0)]
    write_health(connection, estate.park, before, NOW - 2 * _HOUR)
    write_health(connection, estate.park, [number for plan in plans for number in _indicators(plan, 3.2)], NOW)
    write_dead_letters(connection, _refusals(estate), bounds=Bounds(1000, 2**20))
    for plan in plans:
        _enter_gaps(connection, plan)
        _enter_export(connection, plan, estate.folder / "exports")
        _enter_webhook(connection, plan)
        for number, path in enumerate(plan.paths):
            start = NOW - timedelta(hours=3 + number)
            add_reason(
                connection, path, start, start + _HOUR, "breakdown", note=f"{plan.word} pump", by=f"{plan.word} team",
                now=NOW - _HOUR,
            )  # fmt: skip
    signals = [f"{plan.paths[-1]}/level" for plan in estate.plans]
    write_audit(connection, [_audited(plan) for plan in plans for _ in range(plan.machines)])
    for signal in signals:
        told = f"{signal} of the broker dropped"
        add_gap(connection, SHARED, [signal], NOW - 5 * _HOUR, NOW - 4 * _HOUR, told, kind=GapKind.SEQUENCE)
    for hours, named in ((13, signals), (15, [])):  # of both: by name, and since they come over it
        start, end = NOW - hours * _HOUR, NOW - (hours - 1) * _HOUR
        add_gap(connection, SHARED, named, start, end, "the broker was away", kind=GapKind.OUTAGE)
        filling = Filling(Part(SHARED, tuple(named), start, end), FilledBy.HISTORY, 10 * machines, "", 0)
        fill(connection, filling, NOW - 8 * _HOUR, signals)


def _audited(plan: Plan) -> Entry:
    """Give a row of the audit: a key of a factory was used."""
    return Entry(
        at=NOW - _HOUR,
        event="answer",
        caller=f"key:{plan.word}",
        name=f"{plan.word} team",
        peer="10.0.0.9",
        method="GET",
        operation="readFactory",
        path=f"/api/v1/factories/{plan.id}",
        query="",
        status=200,
        factories=(plan.id,),
        rows=None,
        bytes=4711,
        duration_us=815,
        missing=0,
        request_id=f"{plan.word}-1",
    )


def _link(source: str, samples: int) -> Link:
    return Link(source, "up", BEGIN, NOW - _SECOND, NOW - 3 * _SECOND, NOW - 2 * _SECOND, samples, samples // 100, "")


def _enter_alerts(connection: sa.Connection, estate: Estate) -> None:
    first, second = estate.plans
    link = _alert(first.path, f"source:{SHARED}", "link", "lost", "link.lost", minutes=40, parameters={
        "source": SHARED, "since": "15:35", "problem": "no answer", "machines": "1",
    })  # fmt: skip
    names = ", ".join(plan.source for plan in estate.plans)
    network = _alert("riverside", "network:riverside", "link", "lost", "link.network", minutes=41, parameters={
        "name_en": "Riverside", "name_zh": "河滨产业园", "since": "15:34", "count": "3", "of": "3", "sources": names,
    })  # fmt: skip
    channel = _alert("riverside", "channel:mail", "channel", "failing", "channel.refused", minutes=12, parameters={
        "channel": "mail", "reason": f"no such person: {first.word}@{second.word}.example",
    })  # fmt: skip
    lasting, over, causes = [network, link, channel], [], {link.id: network.id}
    for plan in estate.plans:
        own = _alert(plan.path, f"source:{plan.source}", "link", "lost", "link.lost", minutes=35, parameters={
            "source": plan.source, "since": "15:40", "problem": f"no answer from {plan.word}.example", "machines": "2",
        })  # fmt: skip
        lasting.append(own)
        for number, path in enumerate(plan.paths):
            hot = _limit(plan, path, minutes=20 + number)
            causes[hot.id] = link.id if path == plan.paths[-1] else own.id if number == 0 else ""
            lasting.append(hot)
            for past in range(1, 4):
                minutes = 90 * past + number
                ended = NOW - timedelta(minutes=minutes - 10)
                over.append(replace(_limit(plan, path, minutes=minutes), ended=ended))
    write_alerts(connection, over)
    fold(connection, lasting[::-1], now=NOW - timedelta(minutes=10), suppressed=lambda alert: causes.get(alert.id, ""))
    gone = [replace(one, ended=NOW - _SECOND) for one in lasting if one.signal.startswith("network:")]
    fold(connection, gone, now=NOW - _SECOND, suppressed=lambda alert: causes.get(alert.id, ""))


def _limit(plan: Plan, path: str, *, minutes: int) -> Alert:
    name = f"{plan.word} level"
    said = {"name_zh": name, "name_en": name, "value": "83.4", "unit": " Cel", "limit": "80"}
    alert = _alert(path, f"{path}/level", "limit", "high:80", "limit.high", minutes=minutes, parameters=said)
    return replace(alert, contributions=(Contribution(f"{path}/level", 0.75),))


def _alert(
    equipment: str, signal: str, detector: str, key: str, code: str, *, minutes: int, parameters: dict[str, str]
) -> Alert:
    began = NOW - timedelta(minutes=minutes)
    value = "83.4" if detector == "limit" else ""
    return Alert(equipment, signal, detector, key, Severity.HIGH, code, value, began, parameters=parameters)


def _indicators(plan: Plan, value: float) -> list[tuple[str, Indicator]]:
    at = nanoseconds(NOW - datetime(1970, 1, 1, tzinfo=UTC))
    return [
        ("ewma", Indicator(path, f"{path}/level", name, at, value + number, 4.0))
        for number, path in enumerate(plan.paths)
        for name in ("high", "low")
    ]


def _refusals(estate: Estate) -> pl.DataFrame:
    """Give inputs that could not become samples, columns of `REFUSALS`."""
    rows: list[tuple[str, str, str | None, str]] = []
    for plan in (estate.second, estate.first):
        for number, path in enumerate(plan.paths):
            last = number == plan.machines - 1
            rows.append((SHARED if last else plan.source, f"{path}/level", f"{path}/level", plan.word))
        rows.append((plan.source, f"{plan.word}/unknown", None, plan.word))
    rows.append((SHARED, f"{estate.first.word}/{estate.second.word}", None, "of nobody"))
    return pl.DataFrame(
        [
            {
                "source": source,
                "address": address,
                "signal": signal,
                "payload": f'{{"{word}": "ERR"}}'.encode(),
                "reason": f"no float in it ({word})",
                "received": NOW - timedelta(minutes=10),
            }
            for source, address, signal, word in rows
        ],
        schema=REFUSALS,
    )


def _enter_gaps(connection: sa.Connection, plan: Plan) -> None:
    start = NOW - 9 * _HOUR
    for number in range(plan.machines):
        at = start - number * _HOUR
        cause = f"no answer from {plan.word}.example"
        add_gap(connection, plan.source, [], at, at + timedelta(minutes=4), cause, kind=GapKind.OUTAGE)
    filling = Filling(Part(plan.source, (), start, start + timedelta(minutes=2)), FilledBy.HISTORY, 12, "", 0)
    fill(connection, filling, NOW - 8 * _HOUR, ())
    begin_gap(connection, plan.source, NOW - timedelta(minutes=3), f"{plan.word} link away")


def _enter_export(connection: sa.Connection, plan: Plan, folder: Path) -> None:
    """Have the tenant of a factory have had an export made."""
    path = file_of(folder, plan.export, "csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"path\r\n{plan.paths[0]}\r\n")
    values = {
        "id": plan.export,
        "owner": f"key:{plan.tenant}",
        "asked": {
            "what": "alerts",
            "paths": [plan.id],
            "start": f"{BEGIN:%FT%TZ}",
            "end": f"{NOW:%FT%TZ}",
            "format": "csv",
        },
        "reach": [plan.id],
        "created": NOW - _HOUR,
        "state": ExportState.DONE,
        "progress": 1.0,
        "rows": 1,
        "bytes": path.stat().st_size,
        "sha256": "0" * 64,
        "problem": "",
        "begun": NOW - _HOUR,
        "ended": NOW - _HOUR,
        "expires": NOW + _HOUR,
    }
    connection.execute(sa.insert(EXPORTS).values(values))


def _enter_webhook(connection: sa.Connection, plan: Plan) -> None:
    """Have the tenant of a factory keep a webhook at an address where nobody listens."""
    values = {
        "id": plan.webhook,
        "owner": f"key:{plan.tenant}",
        "url": RECEIVER,
        "title": "",
        "secret": new_secret(),
        "old_secret": "",
        "enabled": True,
        "reason": "",
        "created": NOW - _HOUR,
        "changed": NOW - _HOUR,
        "version": 1,
        "cursor": 0,
    }
    connection.execute(sa.insert(HOOKS).values(values))
    attempt = {"number": None, "type": "parkline.test", "state": "dead", "again": False, "answer": "connection refused"}
    note_delivery(connection, plan.webhook, "test-1", attempt, now=NOW - _HOUR)
