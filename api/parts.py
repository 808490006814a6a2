"""What the API stands on: the park, its records, its store, and the clock.

A route gets its parts as its caller may see them: the park has the factories that the caller is granted and no others,
so that what is looked up in it is there for them or is nowhere. What is not looked up in the park (rows of the records,
results of the store) is asked for by the paths and sources of `api.lookup`, which keep to the same park.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request

from adapters.stores.contract import Store, StoreUnavailableError
from api.access import GivenCaller
from api.callers import Caller
from collector.deadletters import Choice
from collector.park import Park
from collector.records import Records
from collector.redecoding import Told
from collector.settings import ApiSettings

PATIENCE_S: Final = 30.0
"""Seconds that a request waits for the store before it says that the store does not answer."""

_NARROWED: Final = 256
"""Narrowed parks that are kept."""


Replay: TypeAlias = Callable[[Choice, bool, str], Awaitable[list[Told]]]
"""`replay(letters, dry_run, asked_by)`: tells what became of each, or would."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes are given; made by `api.role`, or by a test."""

    park: Park
    """The park as configured."""

    settings: ApiSettings
    """How the API runs."""

    records: Callable[[], Records]
    """Gives the open records; raises RecordsError while they are down."""

    store: Callable[[], Store]
    """Gives the open store; raises StoreError while it is down."""

    now: Callable[[], datetime]
    """The clock, UTC."""

    replay: Replay
    """Replays dead letters as the files are configured now; raises ConfigError, SpoolError, RecordsError."""

    grants: frozenset[str] | None = None
    """Ids of the factories that `park` is narrowed to; None: it is the whole park."""

    narrowed: dict[frozenset[str], Park] = field(default_factory=dict, repr=False, compare=False)
    """The park by what it is narrowed to, as far as somebody has asked."""

    def seen_by(self, caller: Caller) -> "Parts":
        """Give the parts as a caller may see them."""
        if caller.factories is None:
            return self
        park = self.narrowed.get(caller.factories)
        if park is None:
            if len(self.narrowed) >= _NARROWED:
                self.narrowed.clear()
            park = self.narrowed[caller.factories] = self.park.only(caller.factories)
        return replace(self, park=park, grants=caller.factories)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Store]:
        """Give the store to read from, for `PATIENCE_S` seconds at most; raises StoreError."""
        store = self.store()
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield store
        except TimeoutError as error:
            raise StoreUnavailableError(store.name, f"no answer within {PATIENCE_S:.0f} s") from error


def _whole(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


WholeParts: TypeAlias = Annotated[Parts, Depends(_whole)]
"""The parameter by which a route that tells nothing of the park's data is given the parts."""


def _parts(parts: WholeParts, caller: GivenCaller) -> Parts:
    return parts.seen_by(caller)


GivenParts: TypeAlias = Annotated[Parts, Depends(_parts)]
"""The parameter by which a route is given the parts, as its caller may see them."""
