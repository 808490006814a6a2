"""See that the bucket is there and can be asked for; make it where that is allowed.

    1.x   a database, and the retention policy of `db/rp`: CREATE DATABASE, CREATE RETENTION POLICY
    2.x   a bucket, and in early 2.x the mapping by which InfluxQL finds it: the API; later it goes by the bucket's name
    3.x   a database: its first write makes it; before that it is made so that it can be asked

An empty write tells whether a write would be taken, and stores nothing.
"""

from http import HTTPStatus
from typing import Any

import orjson

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import influxql
from adapters.stores.influxdb.answers import Answer, Verdict
from adapters.stores.influxdb.server import InfluxServer, MissingError

_ASK = "SHOW MEASUREMENTS LIMIT 1"
_DEFAULT_RETENTION = "autogen"


async def prepare(server: InfluxServer) -> None:
    """Return when a write would be taken and a question answered now.

    Raises:
        StoreUnavailableError: it does not answer.
        StoreRefusedError: it forbids, or what is missing may not be made.
    """
    try:
        await _writable(server)
    except MissingError as missing:
        if server.major == 2 and not server.settings.org:  # noqa: PLR2004 - the version of that name
            raise StoreRefusedError(server.name, f"{missing.reason}; 2.x needs `org`, too") from missing
        if not server.settings.create:
            raise
        await _create(server)
        await _writable(server)
    try:
        await server.ask(_ASK)
    except MissingError:
        if not server.settings.create:
            raise
        await _make_askable(server)
        await server.ask(_ASK)


async def _writable(server: InfluxServer) -> None:
    answer = await server.write(b"")
    # 2.x and 3.x complain that nothing was written, after they have looked at the token and the bucket.
    if answer.verdict in {Verdict.STORED, Verdict.BAD_LINES}:
        return
    raise server.later(answer) if answer.verdict is Verdict.LATER else server.forbids(answer)


async def _create(server: InfluxServer) -> None:
    settings = server.settings
    if server.major == 1:
        await server.order(influxql.create_database(settings.database))
        if settings.retention:
            await server.order(influxql.create_retention(settings.database, settings.retention))
    elif server.major == 2:  # noqa: PLR2004 - the version of that name
        org = await _org_id(server)
        wanted = {"orgID": org, "name": settings.bucket, "retentionRules": []}
        _made(server, await server.api("POST", "/api/v2/buckets", json=wanted))


async def _make_askable(server: InfluxServer) -> None:
    settings = server.settings
    if server.major == 2:  # noqa: PLR2004 - the version of that name
        org = await _org_id(server)
        found = _listed(
            server,
            await server.api("GET", "/api/v2/buckets", params={"name": settings.bucket, "orgID": org}),
            "buckets",
        )
        mapping = {
            "orgID": org,
            "bucketID": found,
            "database": settings.database,
            "retention_policy": settings.retention or _DEFAULT_RETENTION,
            "default": not settings.retention,
        }
        _made(server, await server.api("POST", "/api/v2/dbrps", json=mapping))
    elif server.major > 2:  # noqa: PLR2004 - the versions after that
        _made(server, await server.api("POST", "/api/v3/configure/database", json={"db": settings.bucket}))


async def _org_id(server: InfluxServer) -> str:
    """Give the id of the organisation; `org` may be its name or its id."""
    org = server.settings.org
    for key in ("org", "orgID"):
        answer = await server.api("GET", "/api/v2/orgs", params={key: org} if org else {})
        if answer.good:
            return _listed(server, answer, "orgs")
    raise StoreRefusedError(server.name, f"knows no organisation {org!r}, or the token does not see it; check `org`")


def _listed(server: InfluxServer, answer: Answer, what: str) -> str:
    """Give the id of the one entry that an answer lists."""
    try:
        entries: list[dict[str, Any]] = orjson.loads(answer.body)[what]
        (entry,) = entries
        return str(entry["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StoreRefusedError(
            server.name, f"does not name exactly one of its {what}; {server.how_to_create()}, and check `org`"
        ) from error


def _made(server: InfluxServer, answer: Answer) -> None:
    """Accept that it was made, or that somebody else was faster."""
    if answer.good or answer.status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return
    raise StoreRefusedError(server.name, f"may not make what is missing ({answer.reason}); {server.how_to_create()}")
