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
from analytics.frontier import source_of
from api.access import GivenCaller
from api.callers import Caller
from api.oidc import Tokens
from api.seals import PLAIN, Seal, Sealing
from collector.deadletters import Choice
from collector.opendata import OpenDataSettings
from collector.park import Park
from collector.records import Records
from collector.redecoding import Told
from collector.settings import ApiSettings
from collector.sight import Sight

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

    open_data: OpenDataSettings = field(default_factory=OpenDataSettings)
    """What is opened to others."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)
    """Held by who tells what is due of open data."""

    tokens: Tokens | None = None
    """Tells tokens of the identity provider; None: no token is taken."""

    grants: frozenset[str] | None = None
    """Ids of the factories that `park` is narrowed to; None: it is the whole park."""

    sight: Sight | None = None
    """What may be seen of the records; None: everything."""

    sealing: Sealing = field(default_factory=Sealing, repr=False, compare=False)
    """Seals numbers for who sees a part of the park."""

    narrowed: dict[frozenset[str], tuple[Park, Sight]] = field(default_factory=dict, repr=False, compare=False)
    """The park by what it is narrowed to, as far as somebody has asked, and what is seen of the records with it."""

    def seen_by(self, caller: Caller) -> "Parts":
        """Give the parts as a caller may see them."""
        if caller.factories is None:
            return self
        seen = self.narrowed.get(caller.factories)
        if seen is None:
            if len(self.narrowed) >= _NARROWED:
                self.narrowed.clear()
            park = self.park.only(caller.factories)
            seen = self.narrowed[caller.factories] = (park, _sight(self.park, park))
        return replace(self, park=seen[0], grants=caller.factories, sight=seen[1])

    async def sealed(self) -> Seal:
        """Give how numbers of the records are told to whom these parts are for; raises RecordsError."""
        return PLAIN if self.grants is None else await self.sealing.seal(self.records())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Store]:
        """Give the store to read from, for `PATIENCE_S` seconds at most; raises StoreError."""
        store = self.store()
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield store
        except TimeoutError as error:
            raise StoreUnavailableError(store.name, f"no answer within {PATIENCE_S:.0f} s") from error


def _sight(whole: Park, seen: Park) -> Sight:
    """Give what is seen of the records with `seen`, a part of `whole`.

    Recordings are named after their lines, and two lines may give one name (`a-b/c` and `a/b-c`): then nobody sees it
    who does not see both.
    """
    factories = frozenset(factory.id for factory in seen.factories)
    own, others = set(seen.sources), set(whole.sources) - seen.sources.keys()
    for factory in whole.factories:
        (own if factory.id in factories else others).update(source_of(line) for line in factory.lines)
    carrying = {signal.source for path, signal in whole.signals.items() if path not in seen.signals}
    sources = frozenset(own - others)
    return Sight(factories, sources, sources & carrying)


async def _whole(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


WholeParts: TypeAlias = Annotated[Parts, Depends(_whole)]
"""The parameter by which a route that tells nothing of the park's data is given the parts."""


async def _parts(parts: WholeParts, caller: GivenCaller) -> Parts:
    if caller.factories is None or caller.factories in parts.narrowed:
        return parts.seen_by(caller)
    return await asyncio.to_thread(parts.seen_by, caller)  # a tenth of a second in a large park


GivenParts: TypeAlias = Annotated[Parts, Depends(_parts)]
"""The parameter by which a route is given the parts, as its caller may see them."""
