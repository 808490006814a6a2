"""Schemathesis on a served API, with all of its checks on: what is described is answered as described.

    examples, coverage, fuzzing   each operation by itself: what the description allows, what it forbids, what it knows
                                  no word of; without a key, and with a wrong one
    stateful                      what one answer tells is asked for next: made and read, deleted and not there

What a description cannot say is made to make sense before it is sent (`_make_sense`): a window ends after it starts, a
page token is left out. So what is valid has to be accepted.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final

import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.hooks import HookContext

from api.auth import create_key
from api.roles import Role
from collector.records import Records
from collector.settings import ApiSettings, HookSettings
from tests.api.plant import BEGIN, UNLIMITED, Plant
from tests.api.server import serving

load_all_checks()

EACH: Final = ("examples", "coverage", "fuzzing")
"""Phases that ask each operation by itself."""

QUICK: Final = ("examples", "fuzzing")
"""The same without the bounds of every parameter one by one, for the suite; `make prove NAME=schemathesis` asks all."""

LINKED: Final = ("stateful",)
"""Phases that go from one operation to the next."""

EXAMPLES: Final = 4
"""Requests that are made up per operation, for each of what is allowed and what is not; coverage is beside them."""

PATIENCE_S: Final = 60.0
"""Seconds within which the description is there, which is made when it is asked for first."""

_ACCEPTED: Final = ("2xx", "3xx", "404", "409", "410", "429")
"""Statuses of what makes sense: done, or there is no such thing (any more), or it does not stand so, or too many."""

_REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "410", "413", "414", "415", "422", "429")
"""Statuses of what is forbidden; which of them is held by the description."""


@dataclass(slots=True)
class Outcome:
    """What was asked, and what is wrong with the answers."""

    operations: set[str] = field(default_factory=set)
    """Operations that were asked, by method and address."""

    cases: int = 0
    """Requests."""

    statuses: dict[int, int] = field(default_factory=dict)
    """How often each status was answered."""

    failures: list[str] = field(default_factory=list)
    """Operation, check, what it found, and how to ask for it again; each kind once."""


def ids(address: str) -> list[str]:
    """Give the ids of all operations, in order."""
    described = schemathesis.openapi.from_url(f"{address}/openapi.json", timeout=PATIENCE_S).raw_schema["paths"]
    return sorted(one["operationId"] for operations in described.values() for one in operations.values())


def fuzz(
    address: str,
    key: str,
    *,
    phases: Collection[str] = EACH,
    only: Collection[str] = (),
    examples: int = EXAMPLES,
) -> Outcome:
    """Ask a served API, which is written to.

    Args:
        address: where it is served.
        key: one that may do everything.
        phases: of `EACH` and `LINKED`.
        only: ids of the operations that are asked; empty: all.
        examples: requests that are made up per operation.
    """
    schema: schemathesis.BaseSchema = schemathesis.openapi.from_url(
        f"{address}/openapi.json", config=_config(key, phases, examples), timeout=PATIENCE_S
    )
    if only:
        schema = schema.include(operation_id=list(only))
    outcome = Outcome()
    seen: set[tuple[str | None, str, str]] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, outcome, seen)
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.NonFatalError):
            outcome.failures.append(f"{event.label}: {event.info}")
    return outcome


def _config(key: str, phases: Collection[str], examples: int) -> SchemathesisConfig:
    told: dict[str, Any] = {
        "seed": 20261124,
        "suppress-health-check": ["all"],
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "workers": 1,
        "auth": {"openapi": {"apiKey": {"api_key": key}}},
        "generation": {
            "mode": "all",
            "max-examples": examples,
            "deterministic": True,
            "database": "none",
            "no-shrink": True,
            "with-security-parameters": False,
            "allow-x00": False,  # NUL is refused, wherever a text may stand
        },
        "phases": {one: {"enabled": one in phases} for one in (*EACH, *LINKED)},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": list(_ACCEPTED)},
            "negative_data_rejection": {"expected-statuses": list(_REFUSED)},
        },
    }
    return SchemathesisConfig.from_dict(told)


def _note(event: events.ScenarioFinished, outcome: Outcome, seen: set[tuple[str | None, str, str]]) -> None:
    recorder = event.recorder
    for number, node in recorder.cases.items():
        outcome.cases += 1
        outcome.operations.add(node.value.operation.label)
        interaction = recorder.interactions.get(number)
        if interaction is not None and interaction.response is not None:
            status = interaction.response.status_code
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
    for number, checks in recorder.checks.items():
        interaction = recorder.interactions.get(number)
        answered = interaction.response if interaction is not None else None
        for one in checks:
            if one.failure_info is None:
                continue
            failure = one.failure_info.failure
            kind = (failure.operation, one.name, failure.title)
            if kind not in seen:
                seen.add(kind)
                asked = one.failure_info.code_sample[:1000]
                body = "" if answered is None else answered.content[:1000].decode(errors="replace")
                outcome.failures.append(f"{failure.operation}: {one.name}: {failure.message}\n{asked}\n{body}")


@schemathesis.hook
def before_call(context: HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Send each request with a key of its own, as clients do, and what is allowed so that it makes sense."""
    del context, kwargs
    makes_sense = case.meta is not None and case.meta.generation.mode.is_positive
    headers: Any = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and (makes_sense or _GOOD.fullmatch(key)):
        headers["Idempotency-Key"] = f"{key[:200]}-{next(_NUMBERS)}"
    if makes_sense:
        _make_sense(case)


_GOOD: Final = re.compile(r"[!-~]{1,200}")
"""Keys that are not meant to be wrong: those stay as they are."""

_NUMBERS: Final = count()


def _make_sense(case: schemathesis.Case[Any]) -> None:
    told = case.operation.definition.raw
    query: dict[str, Any] = case.query or {}
    for name in _MADE_UP:
        query.pop(name, None)
    if "every" in query and "points" in query:  # which say the same
        query.pop("points")
    _set(query, {one["name"] for one in told.get("parameters", ())})
    headers: Any = case.headers or {}
    if "Last-Event-ID" in headers:
        headers["Last-Event-ID"] = "0"
    if isinstance(case.body, dict):
        _set(case.body, case.body.keys())
        mend = _BODIES.get(told["operationId"])
        if mend is not None:
            mend(case.body)


def _set(values: dict[str, Any], known: Collection[str]) -> None:
    """Give what is there, and the other bound of a window that has one, its value of `_FIXED`."""
    wanted = {one for window in _WINDOWS if values.keys() & {*window, "as_of"} for one in window}
    values.update({name: value for name, value in _FIXED.items() if name in values or name in wanted & set(known)})


def _one_of(body: dict[str, Any]) -> None:
    """Leave one of the ways to say what is to be sent again."""
    chosen = next((name for name in ("deliveries", "since") if body.get(name)), "after")
    value = body.get(chosen) or "0"
    body.clear()
    body[chosen] = value


def _told_exactly(body: dict[str, Any], name: str) -> None:
    """Leave numbers out that tools which read JSON as floats cannot tell from their neighbours."""
    if isinstance(body.get(name), list):
        body[name] = [one for one in body[name] if one < 2**53] or [1]


def _say_something(body: dict[str, Any], name: str) -> None:
    """Write something where Python sees blanks alone, of which it knows more than JSON Schema."""
    if not body[name].strip():
        body[name] = "seen"


_MADE_UP: Final = ("page_token", "fields", "detector")
"""Parameters of a query whose values are told by answers: made up, they are of nothing."""

_WINDOWS: Final = ({"start", "end"}, {"before_start", "before_end"})

_FIXED: Final[Mapping[str, Any]] = {
    "after": "0",
    "as_of": "2026-11-24T08:00:00Z",
    "before_start": "2026-11-20T00:00:00Z",
    "before_end": "2026-11-22T00:00:00Z",
    "start": "2026-11-22T00:00:00Z",
    "end": "2026-11-24T08:00:00Z",
    "every": "1h",
    "since": "2026-11-24T00:00:00Z",
    "until": "2026-11-24T12:00:00Z",
    "window": "2026-11-24",
    "within": "1h",
}
"""By name: a value that makes sense, where the description allows others that do not."""

_RECEIVER: Final = "https://127.0.0.1:9/hook"
"""An address at which nobody listens; the served API has to allow it, and no other is posted to."""

_BODIES: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "createExport": lambda body: body.pop("period", None),
    "createWebhook": lambda body: body.update(url=_RECEIVER),
    "changeWebhook": lambda body: body.update({"url": _RECEIVER} if "url" in body else {}),
    "commentOnAlert": partial(_say_something, name="comment"),
    "dropDeadLetters": partial(_told_exactly, name="ids"),
    "replayDeadLetters": partial(_told_exactly, name="ids"),
    "replayWebhook": _one_of,
    "shelveAlert": partial(_say_something, name="reason"),
}
"""By operation: what makes its body make sense."""


@contextmanager
def open_to_all(plant: Plant) -> Iterator[tuple[str, str]]:
    """Serve a plant that may be written to; give the address, and a key that may do everything."""

    async def make() -> str:
        async with Records(plant.records_url) as records:
            return (await records.run(partial(create_key, name="all", now=BEGIN, expires=None, roles=[Role.ADMIN])))[1]

    hooks = HookSettings(allow=("127.0.0.1",), ports=(9,))
    with serving(plant, settings=ApiSettings(rate=UNLIMITED, webhooks=hooks)) as address:
        yield address, asyncio.run(make())
