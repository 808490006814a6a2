"""See that the bucket is there and can be asked for; make it where that is allowed.

    1.x   a database, and the retention policy of `db/rp`: CREATE DATABASE, CREATE RETENTION POLICY
    2.x   a bucket, and in early 2.x the mapping by which InfluxQL finds it: the API; later it goes by the bucket's name
    3.x   a database: made before it is written to, since the first write would make one that keeps for ever

What is made keeps samples as the settings say; what is there stays as it is (`adapters.stores.influxdb.setup`). An
empty write tells whether a write would be taken, and stores nothing.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import orjson

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import influxql
from adapters.stores.influxdb.answers import Answer, Verdict
from adapters.stores.influxdb.server import InfluxServer, MissingError
from adapters.stores.influxdb.settings import InfluxSettings

DEFAULT_POLICY: Final = "autogen"
"""The retention policy that a new database has, and the name of it in a mapping."""

BUCKETS: Final = "/api/v2/buckets"
MAPPINGS: Final = "/api/v2/dbrps"
DATABASES_3: Final = "/api/v3/configure/database"

_ASK: Final = "SHOW MEASUREMENTS LIMIT 1"
_THERE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


async def prepare(server: InfluxServer) -> None:
    """Return when a write would be taken and a question answered now.

    Raises:
        StoreUnavailableError: it does not answer.
        StoreRefusedError: it forbids, or what is missing may not be made.
    """
    if server.major > 2:  # noqa: PLR2004 - the versions after that
        await _askable(server)
        await _writable(server)
        return
    try:
        await _writable(server)
    except MissingError as missing:
        if server.major == 2 and not server.settings.org:  # noqa: PLR2004 - the version of that name
            raise StoreRefusedError(server.name, f"{missing.reason}; 2.x needs `org`, too") from missing
        if not server.settings.create:
            raise
        await create(server)
        await _writable(server)
    await _askable(server)


async def create(server: InfluxServer) -> None:
    """Make the database or the bucket; raises as `prepare` does."""
    settings = server.settings
    if server.major == 1:
        await server.order(influxql.create_database(settings.database))
        policy = settings.policy or DEFAULT_POLICY
        if settings.policy:
            await server.order(influxql.create_policy(settings.database, policy, settings.keep, settings.shard))
        elif settings.keep is not None or settings.shard is not None:
            await server.order(influxql.alter_policy(settings.database, policy, settings.keep, shard_of(settings)))
    elif server.major == 2:  # noqa: PLR2004 - the version of that name
        wanted = {"orgID": await org_id(server), "name": settings.bucket, "retentionRules": rules(settings)}
        made(server, await server.api("POST", BUCKETS, json=wanted))
    else:
        keep = {} if settings.keep is None else {"retention_period": f"{round(settings.keep.total_seconds())}s"}
        made(server, await server.api("POST", DATABASES_3, json={"db": settings.bucket, **keep}))


async def make_mapping(server: InfluxServer, org: str, bucket_id: str) -> None:
    """Have InfluxQL find the bucket (2.x); raises as `prepare` does."""
    settings = server.settings
    mapping = {
        "orgID": org,
        "bucketID": bucket_id,
        "database": settings.database,
        "retention_policy": settings.policy or DEFAULT_POLICY,
        "default": not settings.policy,
    }
    made(server, await server.api("POST", MAPPINGS, json=mapping))


async def org_id(server: InfluxServer) -> str:
    """Give the id of the organisation (2.x); `org` may be its name or its id."""
    org = server.settings.org
    for key in ("org", "orgID"):
        answer = await server.api("GET", "/api/v2/orgs", params={key: org} if org else {})
        if answer.good:
            return str(_one(server, listed(server, answer, "orgs"), "orgs")["id"])
    raise StoreRefusedError(server.name, f"knows no organisation {org!r}, or the token does not see it; check `org`")


def rules(settings: InfluxSettings) -> list[dict[str, Any]]:
    """Give the rules by which a bucket of 2.x keeps samples; none: for ever."""
    if settings.keep is None and settings.shard is None:
        return []
    keep = 0 if settings.keep is None else round(settings.keep.total_seconds())
    shard = {} if settings.shard is None else {"shardGroupDurationSeconds": round(settings.shard.total_seconds())}
    return [{"type": "expire", "everySeconds": keep, **shard}]


def shard_of(settings: InfluxSettings) -> timedelta | None:
    """Give how much time a shard is to cover; what InfluxDB would choose for a new policy where nothing is said."""
    if settings.shard is not None or settings.keep is None:
        return settings.shard
    if settings.keep < timedelta(days=2):
        return timedelta(hours=1)
    return timedelta(days=1 if settings.keep <= timedelta(days=180) else 7)


def listed(server: InfluxServer, answer: Answer, what: str) -> list[dict[str, Any]]:
    """Give the entries that an answer of 2.x lists as `what`."""
    try:
        entries = orjson.loads(answer.body)[what]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreRefusedError(server.name, f"does not list its {what} ({answer.reason})") from error
    return [entry for entry in entries or [] if isinstance(entry, dict) and "id" in entry]


def made(server: InfluxServer, answer: Answer) -> None:
    """Accept that it was made, or that somebody else was faster."""
    if answer.good or answer.status in _THERE:
        return
    raise StoreRefusedError(server.name, f"may not make what is missing ({answer.reason}); {server.how_to_create()}")


async def _writable(server: InfluxServer) -> None:
    answer = await server.write(b"")
    # 2.x and 3.x complain that nothing was written, after they have looked at the token and the bucket.
    if answer.found_nothing:
        return
    raise server.later(answer) if answer.verdict is Verdict.LATER else server.forbids(answer)


async def _askable(server: InfluxServer) -> None:
    try:
        await server.ask(_ASK)
    except MissingError:
        if not server.settings.create:
            raise
        if server.major == 2:  # noqa: PLR2004 - the version of that name
            org = await org_id(server)
            params = {"name": server.settings.bucket, "orgID": org}
            answer = await server.api("GET", BUCKETS, params=params)
            found = _one(server, listed(server, answer, "buckets"), "buckets")
            await make_mapping(server, org, str(found["id"]))
        else:
            await create(server)
        await server.ask(_ASK)


def _one(server: InfluxServer, entries: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Give the one entry of a list."""
    if len(entries) != 1:
        raise StoreRefusedError(
            server.name, f"does not name exactly one of its {what}; {server.how_to_create()}, and check `org`"
        )
    return entries[0]
