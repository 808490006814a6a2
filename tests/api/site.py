"""A site that is asked: the API on an estate, in this process, by whoever holds which key."""

import base64
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, TypeAlias

import httpx
import orjson
import polars as pl
import sqlalchemy as sa
from fastapi import FastAPI

from adapters.stores.contract import Store
from api.auth import create_key
from api.parts import Parts
from api.roles import Role, Scope
from api.seals import PLAIN
from tests.api.estate import BEGIN, SEAL, Estate, Plan
from tests.api.fillings import TABLES, Ask, Operation, Things, operations, things

Create: TypeAlias = Callable[[Parts], FastAPI]
"""Makes the application that stands on parts."""

VIEW: Final = "city"
"""A view of open data that no park has."""

ALLOWED: Final = range(200, 400)
"""Statuses of what was done."""

_UNTOLD: Final = ("x-request-id", "ratelimit", "ratelimit-policy", "etag", "content-length", "last-modified")
"""Headers that say nothing of data, or say the body again; when a file was made is said by the real clock."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    role: str
    """A role; `view` for a key with a view alone, `nobody` for no key."""

    grant: str
    """What it is granted, in a word."""

    factories: frozenset[str] | None
    """Ids of its factories; None: the whole park."""

    scopes: frozenset[Scope]
    """What it may do."""

    key: str = ""
    """Its key; empty: none."""

    def sees(self, plan: Plan) -> bool:
        """Tell whether it may see a factory."""
        return self.factories is None or plan.id in self.factories


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    """HTTP status."""

    headers: tuple[tuple[str, str], ...]
    """Headers that may tell something of data, sorted."""

    media: str
    """Media type."""

    body: bytes
    """The body."""

    @property
    def text(self) -> str:
        """All that can be read in it: headers, the body as text and as it is, and what page tokens hold."""
        told = [*(value for _, value in self.headers), self.body.decode(errors="replace")]
        told += [self.table.write_csv()] if self.is_table else []
        told += [_unpacked(token) for token in re.findall(r"page_token[\"=:]+([\w-]{8,})", "\n".join(told))]
        return "\n".join(told)

    @property
    def is_table(self) -> bool:
        """Whether it is one in a form that is no text."""
        return self.media in TABLES[1:] and self.status in ALLOWED

    @property
    def table(self) -> pl.DataFrame:
        """Its rows."""
        file = BytesIO(self.body)
        return pl.read_parquet(file) if self.media == TABLES[1] else pl.read_ipc_stream(file)

    def without(self, fields: Sequence[str]) -> Any:
        """Give what it tells but for these fields, which may be nested."""
        if self.is_table:
            return self.table.drop(fields, strict=False).rows()
        if self.media == TABLES[0]:
            return pl.read_csv(BytesIO(self.body), infer_schema=False).drop(fields, strict=False).rows()
        return [_without(orjson.loads(line), fields) for line in self.body.splitlines()]


def _unpacked(token: str) -> str:
    return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_").decode(errors="replace")


def _without(value: Any, fields: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(one, fields)
            for name, one in value.items()
            if name not in fields and name != "next_page_token"
        }
    return [_without(one, fields) for one in value] if isinstance(value, list) else value


class Counting:
    """A store that notes which of its methods are called, and reads the same only once: nobody writes to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, Any] = {}
        self.calls: list[str] = []
        """Names, in order."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        if not callable(value):
            return value

        async def called(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            asked = f"{name} {given!r} {sorted(named.items())!r}"
            if asked not in self._read:
                read = await value(*given, **named)
                self._read[asked] = read.collect().lazy() if isinstance(read, pl.LazyFrame) else read
            return self._read[asked]

        return called


@dataclass(frozen=True, slots=True)
class Site:
    """An estate that is asked."""

    estate: Estate
    """The estate."""

    parts: Parts
    """What its API stands on."""

    app: FastAPI
    """Its API."""

    client: httpx.AsyncClient
    """Asks it, without a key."""

    operations: tuple[Operation, ...]
    """What can be asked."""

    store: Counting
    """Its store."""

    things: dict[str, Things]
    """What there is to name, by factory."""

    def told(self, plan: Plan, factories: Collection[str] | None) -> Things:
        """Give what there is to name of a factory, as who may see these is told it; None: the whole park."""
        return self.things[plan.id].told(PLAIN if factories is None else SEAL)

    async def answer(self, ask: Ask, key: str, accept: str = "application/json, */*;q=0.1") -> Answer:
        """Ask."""
        headers = {"Accept": accept, "Accept-Encoding": "identity"} | ({"X-API-Key": key} if key else {})
        answer = await self.client.request(ask.method, ask.url, json=ask.body, headers=headers)
        told = tuple(sorted((name, value) for name, value in answer.headers.items() if name not in _UNTOLD))
        media = answer.headers.get("content-type", "").partition(";")[0]
        return Answer(answer.status_code, told, media, answer.content)

    async def key(self, role: Role | None, factories: frozenset[str] | None, holder: str) -> str:
        """Make a key; without a role, for a view of open data alone."""

        def make(connection: sa.Connection) -> str:
            roles = [] if role is None else [role]
            views = [VIEW] if role is None else []
            return create_key(
                connection, "tenant", now=BEGIN, expires=None, roles=roles, factories=factories, views=views,
                holder=holder,
            )[1]  # fmt: skip

        return await self.parts.records().run(make)


@asynccontextmanager
async def asking(estate: Estate, create: Create, only: Collection[str] = ()) -> AsyncIterator[Site]:
    """Ask the API of an estate for these of its operations, by id; for all, where none are named."""
    made: list[Counting] = []

    def counted(store: Store) -> Any:
        made.append(Counting(store))
        return made[0]

    def read(connection: sa.Connection) -> dict[str, Things]:
        return {plan.id: things(connection, estate, plan) for plan in estate.plans}

    async with estate.parts(store=counted) as parts:
        app = create(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.9", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://parkline.example") as client:
            asked_for = tuple(one for one in operations(app) if not only or one.id in only)
            yield Site(estate, parts, app, client, asked_for, made[0], await parts.records().run(read))
