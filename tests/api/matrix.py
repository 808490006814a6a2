"""The tenant matrix: every route, asked by every role with every grant, and what of another factory showed.

    cells    a caller of each role and grant asks each operation for the first factory's things: the status fits its
             scopes and grant, and nothing that it may not see is named anywhere in the answer
    twins    what somebody with one factory is answered is the same, byte for byte, in a park whose other factory is
             another one; in every form, and page by page
    streams  a listener with one factory hears what happens in it, and nothing of what happens beside it
    exports  a file of all that somebody with one factory may see is the same in the twin, byte for byte
    names    another factory's thing is answered as one that is none: same status, same words but for the name, the
             same statements to the records and the same calls of the store, and nothing is written

A route is covered because it is there: operations come from the routes, requests from the description
(`tests.api.fillings`). What cannot be asked is a hole, too.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl
import sqlalchemy as sa

from api.app import create_app
from api.exporting import Exporter
from api.roles import SCOPES, Role, Scope
from collector.feed import Entry, tell
from collector.records import METADATA
from tests.api.estate import CASTINGS, GEARS, MOULDS, NOW, SEAL, Estate, Plan, build
from tests.api.fillings import FIXED, NONE, V1, Ask, Operation, Things, UnfilledError, asked
from tests.api.listening import listening
from tests.api.site import ALLOWED, Answer, Caller, Create, Site, asking

STREAM: Final = "text/event-stream"
"""The form of an answer that does not end."""

ABSENT: Final = "nowhere"
"""A factory that no park has."""

JUSTIFIED: Final[dict[str, dict[str, str]]] = {
    "listGaps": {"id": "sealed", "part_of": "sealed"},
    "readGap": {"id": "sealed", "part_of": "sealed"},
    "listDeadLetters": {"id": "sealed"},
    "readDeadLetter": {"id": "sealed"},
    "exportDeadLetters": {"id": "sealed"},
    "listEvents": {"id": "sealed", "last": "sealed"},
    "listAudit": {"number": "sealed", "hash": "of the row before, too"},
    "listStopReasons": {"id": "sealed"},
    "listEquipmentStopReasons": {"id": "sealed"},
}
"""By operation: fields that may differ between twins, and why. The records number the rows of all factories together;
`api.seals` has it that what is told of these numbers tells nothing."""

_STOPPED: Final = {"state": "idle", "start": "2026-11-24T08:14:00Z", "until": None, "revised_from": None}
"""What the feed tells of a machine that stops."""

_NOT_AS_IT_STANDS: Final = 409
"""Also a good answer to a write that is allowed: the thing is there, and is not so that it could be done."""

_OWN: Final = re.compile(r"\b(api_keys|audit\w*|idempoten\w*|repeats)\b")
"""Tables that are written for every request alike."""

_IN_TIME: Final = re.compile(r"\bresults_(revision|writers)\b")
"""Tables that are looked at as time passes, whoever asks for what (`api.remembered`)."""


@dataclass(slots=True)
class Outcome:
    """What the matrix came to."""

    routes: int = 0
    """Operations."""

    roles: int = 0
    """Kinds of callers: roles, a key with a view alone, and no key."""

    factories: int = 0
    """Grants: the whole park, one's own factory, another one, none, one that is not there."""

    cells: int = 0
    """Answers that were judged."""

    holes: list[str] = field(default_factory=list)
    """What must not be, in words."""


async def estates(folder: Path) -> list[Estate]:
    """Build, below `folder`, the park, its twin with another second factory, and its twin with another first."""
    made = []
    for first, second in ((GEARS, MOULDS), (GEARS, CASTINGS), (CASTINGS, MOULDS)):
        place = folder / f"{first.id}-{second.id}"
        place.mkdir()
        made.append(await build(place, first, second))
    return made


async def survey(of: Sequence[Estate], *, create: Create = create_app, only: Collection[str] = ()) -> Outcome:
    """Ask everything, and give what came of it.

    Args:
        of: as `estates` gives them; what is asked writes to their records.
        create: makes the application.
        only: ids of the operations that are asked; empty: all.
    """
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        pair, *twins = [await stack.enter_async_context(asking(one, create, only)) for one in of]
        outcome.routes = len(pair.operations)
        for own, twin in zip((GEARS, MOULDS), twins, strict=True):
            await _compare(pair, twin, own, outcome)
            await _name(pair, twin, own, outcome)
        for own, twin in zip((GEARS, MOULDS), twins, strict=True):
            await _export(pair, twin, own, outcome)
        for own in (GEARS, MOULDS):  # which tells of more than the twins have
            await _listen(pair, own, outcome)
        await _fill_cells(pair, outcome)
    return outcome


async def _export(site: Site, twin: Site, own: Plan, outcome: Outcome) -> None:
    """Have a file made of all that somebody with one factory may see, of every kind and form, and compare as above."""
    if "createExport" not in {one.id for one in site.operations}:
        return
    fields = site.app.openapi()["components"]["schemas"]["ExportRequest"]["properties"]
    marks = sorted(site.things[site.estate.other(own).id].marks)
    keys = [await one.key(Role.ADMIN, frozenset({own.id}), f"export-{own.id}") for one in (site, twin)]
    for what in _words(site, fields["what"]):
        for form in _words(site, fields["format"]):
            here, there = [await _made(one, key, what, form) for one, key in zip((site, twin), keys, strict=True)]
            outcome.cells += 1
            place = f"export of {what} as {form} with {own.id}"
            told = (pl.read_parquet(BytesIO(here)).write_csv().encode() if form == "parquet" else b"") + here
            if found := [mark for mark in marks if mark.encode() in told]:
                outcome.holes.append(f"{place}: tells of the other factory: {', '.join(found)}")
            if here != there:
                outcome.holes.append(f"{place}: differs with the other factory")
            if own.paths[0].encode() not in told:
                outcome.holes.append(f"{place}: does not hold what is in it")


def _words(site: Site, field: dict[str, Any]) -> list[str]:
    """Give what a field of a body can be."""
    if "$ref" in field:
        field = site.app.openapi()["components"]["schemas"][field["$ref"].rpartition("/")[2]]
    return list(field["enum"])


async def _made(site: Site, key: str, what: str, form: str) -> bytes:
    """Have an export made of all that a key opens; give its file, or why there is none."""
    body = {"what": what, "format": form, "start": FIXED["start"], "end": FIXED["end"]}
    export = orjson.loads((await site.answer(Ask("POST", f"{V1}/exports", body), key)).body)
    await Exporter(site.parts).work()
    return (await site.answer(Ask("GET", f"{V1}/exports/{export['id']}/file"), key, "*/*")).body


async def _listen(site: Site, own: Plan, outcome: Outcome) -> None:
    """Listen to every stream from its first event on, while more is told of both factories."""
    key = await site.key(Role.ADMIN, frozenset({own.id}), f"stream-{own.id}")
    headers = {"X-API-Key": key, "Accept": STREAM, "Last-Event-ID": SEAL.place(0)}
    marks = sorted(site.things[site.estate.other(own).id].marks)
    for operation in site.operations:
        if STREAM not in operation.forms:
            continue
        async with listening(site.app, f"{V1}{operation.path}", headers) as stream:
            paths = [site.estate.other(own).paths[0], own.paths[0]]
            entries = [Entry(path, _STOPPED | {"raw": f"{path} stopped"}) for path in paths]
            await site.parts.records().run(partial(tell, topic="states", entries=entries, now=NOW))
            heard = (await stream.until(lambda body: f"{own.paths[0]} stopped".encode() in body)).decode()
        outcome.cells += 1
        place = f"GET {operation.path} as {STREAM} with {own.id}"
        if found := [mark for mark in marks if mark in heard]:
            outcome.holes.append(f"{place}: tells of the other factory: {', '.join(found)}")
        if site.things[own.id].by_kind["alert"] not in heard:
            outcome.holes.append(f"{place}: does not tell what happened in it")


async def _fill_cells(site: Site, outcome: Outcome) -> None:
    """Ask every operation for the first factory's things as every caller."""
    callers = [one async for one in _callers(site)]
    outcome.roles = len({one.role for one in callers})
    outcome.factories = len({one.grant for one in callers if one.key})
    for operation in sorted(site.operations, key=lambda one: {"GET": 0, "DELETE": 2}.get(one.method, 1)):
        whole = _asked(operation, site.told(GEARS, None), site, outcome)
        part = _asked(operation, site.told(GEARS, ()), site, outcome)
        if whole is None or part is None:
            continue
        asks = [whole if one.factories is None else part for one in callers]
        answers = await _answers(site, operation, asks, callers)
        for caller, ask, answer in zip(callers, asks, answers, strict=True):
            outcome.cells += 1
            place = f"{operation.method} {ask.url} as {caller.role}, {caller.grant}"
            if (wrong := _wrong_status(operation, ask, caller, answer)) is not None:
                outcome.holes.append(f"{place}: {wrong}")
            _look_for_traces(site, caller, ask, answer, place, outcome)
        told = {caller.grant: one for caller, one in zip(callers, answers, strict=True) if caller.role == Role.ADMIN}
        if operation.reads and not _are_the_same(operation, told["none"], told["unknown"]):
            outcome.holes.append(f"{operation.id}: a factory that is not there opens more than none does")


async def _answers(site: Site, operation: Operation, asks: Sequence[Ask], callers: Sequence[Caller]) -> list[Answer]:
    """Ask as each of these callers: at once, but for those who may write, and would wait for each other."""
    asked_by = dict(zip(callers, asks, strict=True))
    if operation.reads:
        return await asyncio.gather(*(site.answer(ask, one.key) for one, ask in asked_by.items()))
    writers = [one for one in callers if one.key and operation.needs <= one.scopes]
    refused = [one for one in callers if one not in writers]
    told = await asyncio.gather(*(site.answer(asked_by[one], one.key) for one in refused))
    answers = dict(zip(refused, told, strict=True))
    for one in writers:
        answers[one] = await site.answer(asked_by[one], one.key)
    return [answers[one] for one in callers]


async def _callers(site: Site) -> AsyncIterator[Caller]:
    grants: dict[str, frozenset[str] | None] = {
        "whole park": None,
        "own": frozenset({GEARS.id}),
        "foreign": frozenset({MOULDS.id}),
        "none": frozenset(),
        "unknown": frozenset({ABSENT}),
    }
    for grant, factories in grants.items():
        for role in Role:
            # the tenant's own things are there for nobody else, nor for the tenant once it has another grant
            is_tenant = role is Role.ADMIN and grant in {"own", "foreign"}
            key = await site.key(role, factories, GEARS.tenant if is_tenant else f"{role}-{grant}")
            yield Caller(role, grant, factories, SCOPES[role], key)
        key = await site.key(None, factories, "view")
        yield Caller("view", grant, factories, frozenset({Scope.OPEN}), key)
    yield Caller("nobody", "none", frozenset(), frozenset())


def _wrong_status(operation: Operation, ask: Ask, caller: Caller, answer: Answer) -> str | None:
    """Say what is wrong with a status; None: nothing."""
    status = answer.status
    if not caller.key:
        return None if status == 401 else f"{status} without a key, and not 401"
    if not operation.needs <= caller.scopes:
        return None if status == 403 else f"{status} without {sorted(operation.needs - caller.scopes)}, and not 403"
    if not operation.needs - {Scope.READ} and not operation.reads:
        return "whoever reads may write"
    governs = caller.role is Role.ADMIN and caller.factories is None
    if ask.personal and (governs or operation.method == "DELETE"):  # whose own it is may find it deleted already
        return None if status in ALLOWED or status == 404 else f"{status}, and neither done nor 404"
    if _has(caller, ask) or not ask.named or (ask.body is not None and "ids" in ask.body):
        fine = status in ALLOWED or (status == _NOT_AS_IT_STANDS and not operation.reads)
        whole = operation.names == ("id",) and "/parks/" in ask.url and caller.factories is not None
        nothing = status == 422 and not any(caller.sees(plan) for plan in (GEARS, MOULDS))
        return (
            None if fine or nothing or (whole and status == 404) else f"{status}, though it may: {answer.body[:300]!r}"
        )
    return None if status == 404 else f"{status} for a factory that it may not see, and not 404"


def _has(caller: Caller, ask: Ask) -> bool:
    """Tell whether what is asked for is there for a caller."""
    if not ask.personal:
        return caller.sees(GEARS)
    grants: set[str] = {"export": {"own"}, "webhook": {"own", "foreign"}}.get(ask.personal, set())
    return caller.role is Role.ADMIN and caller.grant in grants


def _look_for_traces(site: Site, caller: Caller, ask: Ask, answer: Answer, place: str, outcome: Outcome) -> None:
    """Note everything in an answer that its caller may not see; what it named itself it knows."""
    text = answer.text
    for name in ask.named:
        text = text.replace(name, "")
    for plan in site.estate.plans:
        if caller.sees(plan):
            continue
        found = sorted(mark for mark in site.things[plan.id].marks if mark in text)
        if found:
            outcome.holes.append(f"{place}: tells of {plan.id}: {', '.join(found)}")


async def _compare(site: Site, twin: Site, own: Plan, outcome: Outcome) -> None:
    """Compare what somebody with one factory is answered in a park and in its twin."""
    holder = own.tenant
    grant = frozenset({own.id})
    keys = [await one.key(Role.ADMIN, grant, holder) for one in (site, twin)]
    caller = Caller(Role.ADMIN, "own", grant, SCOPES[Role.ADMIN], keys[0])
    for operation in site.operations:
        if not operation.reads:
            continue
        for accept, more in _ways(operation):
            asks = [_asked(operation, one.told(own, grant), one, outcome, more) for one in (site, twin)]
            if asks[0] is None or asks[1] is None:
                break
            here, there = await asyncio.gather(
                site.answer(asks[0], keys[0], accept), twin.answer(asks[1], keys[1], accept)
            )
            outcome.cells += 1
            place = f"GET {asks[0].url} as {accept} with {own.id}"
            _look_for_traces(site, caller, asks[0], here, place, outcome)
            if not _are_the_same(operation, here, there):
                outcome.holes.append(f"{place}: differs with the other factory:{_difference(here, there)}")


def _ways(operation: Operation) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the forms of an answer, and what else is worth asking for."""
    known = [form for form in operation.forms if form != STREAM] or ["application/json"]
    for form in known:
        yield form, {}
    if "path" in operation.query and not operation.query["path"]:
        yield known[0], {"path": ""}
    if operation.is_list:
        yield known[0], {"limit": "1"}
    for name, turned in operation.switches.items():
        yield known[0], {name: turned}


def _are_the_same(operation: Operation, here: Answer, there: Answer) -> bool:
    if here == there:
        return True
    fields = tuple(JUSTIFIED.get(operation.id, ()))
    same = (here.status, here.media) == (there.status, there.media)
    return same and bool(fields) and here.without(fields) == there.without(fields)


def _difference(here: Answer, there: Answer) -> str:
    """Show where two answers begin to differ."""
    if (here.status, here.headers) != (there.status, there.headers):
        changed = set(here.headers) ^ set(there.headers)
        return f" {here.status} {there.status} {sorted(changed)}"
    one, other = here.text, there.text
    at = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f" …{one[max(0, at - 60) : at + 60]!r} against …{other[max(0, at - 60) : at + 60]!r}"


async def _name(site: Site, twin: Site, own: Plan, outcome: Outcome) -> None:
    """Ask for the other factory's things: they must be as those that are none, and as they are where it is not."""
    others = site.told(site.estate.other(own), {own.id})
    keys = [await one.key(Role.ADMIN, frozenset({own.id}), f"name-{own.id}") for one in (site, twin)]
    for operation in site.operations:
        for more, whole in _naming(operation):
            park = site.estate.park.id
            foreign = others.with_equipment(park) if whole else others
            try:
                ask = asked(operation, foreign, park=park, more=more)
                none = asked(operation, NONE.with_equipment(ABSENT) if whole else NONE, park=park, more=more)
            except UnfilledError:
                break  # told by the cells
            if not ask.named:
                continue
            await site.answer(none, keys[0])  # what is only done for the first request of a key is done now
            before = await _rows(site)
            here, done = await _watched(site, ask, keys[0])
            after = await _rows(site)
            absent, did = await _watched(site, none, keys[0])
            there = await twin.answer(ask, keys[1])
            outcome.cells += 1
            place = f"{operation.method} {ask.url} with {own.id}"
            if _bare(here, ask) != _bare(absent, none):
                outcome.holes.append(f"{place}: not as what is none:{_difference(here, absent)}")
            if here != there and not any(name.isdigit() for name in ask.named):
                outcome.holes.append(f"{place}: not as where it is not:{_difference(here, there)}")
            if done != did:
                outcome.holes.append(f"{place}: other work than for what is none: {done} against {did}")
            if before != after:
                outcome.holes.append(f"{place}: something was written")


def _naming(operation: Operation) -> Iterator[tuple[dict[str, str], bool]]:
    """Give the ways to name something to an operation: its address or body, and each parameter of its query.

    Each with whether the whole park is named in the place of a machine: it is there for nobody who sees a part of it.
    """
    yield {}, False
    for name in ("path", "signal", "source", "group"):
        if name in operation.query and not operation.query[name]:
            yield {name: ""}, False
    if "path" in operation.query or operation.id in {"createExport", "createWebhook"}:
        yield ({} if operation.query.get("path", True) else {"path": ""}), True


def _bare(answer: Answer, ask: Ask) -> tuple[int, str]:
    """Give an answer without the names that were asked for, and without hints at names that are like them."""
    text = answer.text
    for name in sorted(ask.named, key=len, reverse=True):
        text = re.sub(rf"(?<![\w/]){re.escape(name)}(?!\w)|(?<=/){re.escape(name)}(?=[/\"]|$)", "…", text)
    return answer.status, re.sub(r"; did you mean [^\"]*\?", "", text)


async def _watched(site: Site, ask: Ask, key: str) -> tuple[Answer, list[str]]:
    """Ask, and give the statements to the records and the calls of the store that it cost."""
    site.store.calls.clear()
    with _statements() as told:
        answer = await site.answer(ask, key)
    return answer, [*told, *site.store.calls]


@contextmanager
def _statements() -> Iterator[list[str]]:
    told: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
        del connection, cursor, parameters, context, many
        if _OWN.search(statement) is None and _IN_TIME.search(statement) is None:
            told.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


async def _rows(site: Site) -> dict[str, list[Any]]:
    """Give all that the records hold, but for what every request writes."""

    def read(connection: sa.Connection) -> dict[str, list[Any]]:
        tables = [table for name, table in METADATA.tables.items() if _OWN.search(name) is None]
        return {table.name: [tuple(row) for row in connection.execute(sa.select(table))] for table in tables}

    return await site.parts.records().run(read)


def _asked(
    operation: Operation, names: Things, site: Site, outcome: Outcome, more: dict[str, str] | None = None
) -> Ask | None:
    """Make a request; None, and a hole, where nobody knows how."""
    try:
        return asked(operation, names, park=site.estate.park.id, more=more)
    except UnfilledError as error:
        if str(error) not in outcome.holes:
            outcome.holes.append(str(error))
        return None
