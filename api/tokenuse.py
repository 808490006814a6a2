"""Notes what tokens allow when they are sent, for webhooks of whoever sends them.

A key can be looked up whenever something is delivered; what a token allows, nobody can tell but by the token itself. So
the last one that somebody sent counts, for a while (`api: webhooks: token_grants`).
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from fastapi import Request

from api.access import GivenCaller
from api.callers import Caller
from api.hooks import note_token
from api.parts import WholeParts
from api.roles import Scope
from collector.records import RecordsError

NOTED: Final = timedelta(minutes=10)
"""How often it is noted that nothing has changed."""

_MOST: Final = 10_000
"""Callers whose last note is known."""


class Uses:
    """What was noted, in this process."""

    def __init__(self) -> None:
        self._noted: dict[str, tuple[Caller, datetime]] = {}

    def new(self, caller: Caller, now: datetime) -> bool:
        """Tell whether it is to be noted what a caller may do."""
        known = self._noted.get(caller.id)
        return known is None or known[0] != caller or now - known[1] >= NOTED

    def note(self, caller: Caller, now: datetime) -> None:
        """Note that it was noted."""
        if len(self._noted) >= _MOST:
            self._noted.clear()
        self._noted[caller.id] = caller, now


def is_token(caller: Caller) -> bool:
    """Tell whether a caller sent a token."""
    return caller.id.startswith("oidc:")


def may_subscribe(caller: Caller) -> bool:
    """Tell whether webhooks of a caller are delivered to."""
    return {Scope.READ, Scope.SUBSCRIBE} <= caller.scopes


async def note_token_use(request: Request, parts: WholeParts, caller: GivenCaller) -> None:
    """Note what the token of a request allows; while the records are down, the next one is noted."""
    uses: Uses = request.app.state.uses
    now = parts.now()
    if not is_token(caller) or not uses.new(caller, now):
        return
    noted = partial(note_token, caller=caller.id, factories=caller.factories, allowed=may_subscribe(caller), now=now)
    with suppress(RecordsError):
        await parts.records().run_ahead(noted)
        uses.note(caller, now)
