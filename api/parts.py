"""What the API stands on: the park, its records, its store, and the clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request

from adapters.stores.contract import Store, StoreUnavailableError
from collector.deadletters import Choice
from collector.park import Park
from collector.records import Records
from collector.redecoding import Told
from collector.settings import ApiSettings

PATIENCE_S: Final = 30.0
"""Seconds that a request waits for the store before it says that the store does not answer."""


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

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Store]:
        """Give the store to read from, for `PATIENCE_S` seconds at most; raises StoreError."""
        store = self.store()
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield store
        except TimeoutError as error:
            raise StoreUnavailableError(store.name, f"no answer within {PATIENCE_S:.0f} s") from error


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


GivenParts: TypeAlias = Annotated[Parts, Depends(_parts)]
"""The parameter by which a route is given the parts."""
