"""What tokens allow is noted when they are sent, for those who have webhooks."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from api.callers import Caller
from api.hooks import CALLERS
from api.roles import Role, Scope, scopes_of
from api.tokenuse import NOTED, Uses
from collector.records import Records
from tests.api.client import asking
from tests.api.hooked import Scene

if TYPE_CHECKING:
    from api.oidc import Tokens

ANN = Caller("oidc:ann", "ann", scopes_of([Role.PLATFORM]), frozenset({"gears"}))


class Provider:
    """Tells whoever sends a token to be `caller`."""

    caller_now = ANN

    async def caller(self, token: str) -> Caller:
        """Give who holds a token."""
        del token
        return self.caller_now


async def test_the_last_token_counts_whatever_it_is_sent_for(records: Records) -> None:
    scene, provider = Scene(records), Provider()
    parts = replace(scene.parts, tokens=cast("Tokens", provider))

    async def noted() -> Any:
        rows = await records.run(lambda connection: connection.execute(sa.select(CALLERS)).all())
        return [(row.caller, row.allowed, row.factories) for row in rows]

    async with asking(parts) as client:
        client.headers["Authorization"] = "Bearer a.b.c"
        assert (await client.get("/api/v1/gaps")).status_code == 200
        assert await noted() == []  # they have no webhook
        made = await client.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/"})
        assert made.status_code == 201, made.text
        assert made.json()["state"] == "active"
        assert await noted() == [("oidc:ann", True, ["gears"])]
        provider.caller_now = replace(ANN, factories=None)
        await client.get("/api/v1/gaps")
        assert await noted() == [("oidc:ann", True, None)]
        provider.caller_now = replace(ANN, scopes=frozenset({Scope.OPEN}))
        assert (await client.get("/api/v1/gaps")).status_code == 403
        assert await noted() == [("oidc:ann", False, ["gears"])]
        provider.caller_now = ANN
        assert (await client.get("/api/v1/webhooks")).json()["items"][0]["state"] == "active"


def test_what_has_not_changed_is_noted_now_and_then() -> None:
    uses, now = Uses(), Scene(cast("Records", None)).now()
    assert uses.new(ANN, now)
    uses.note(ANN, now)
    assert not uses.new(ANN, now + timedelta(minutes=1))
    assert uses.new(replace(ANN, factories=None), now)
    assert uses.new(ANN, now + NOTED)
