"""Make and change what the settings say of the bucket, for `parkline store setup`.

    1.x   database; retention policy with its duration and its shards
    2.x   bucket with its retention rules; the mapping by which InfluxQL finds it
    3.x   database with its retention period, which Core fixes when it is made

Opening a store makes what is missing and changes nothing. This changes what differs, and tells a person each thing
that was made, changed or found right. Keeping less than before has InfluxDB drop what is older: a person's decision.
"""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import orjson

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import bucket, influxql
from adapters.stores.influxdb.answers import Answer
from adapters.stores.influxdb.server import InfluxServer, LockedOutError, MissingError

_WHO: Final = {
    1: "a `user` with ALL PRIVILEGES",
    2: "an all-access `token` of the organisation, or an operator's",
    3: "an admin `token`",
}
_KEPT_3: Final = "SELECT database_name, retention_period_ns FROM system.databases WHERE NOT deleted"
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


async def set_up(server: InfluxServer) -> list[str]:
    """Make what is missing and change what differs; give what was done and found, one line each.

    Raises:
        StoreUnavailableError: it does not answer.
        StoreRefusedError: the credentials do not allow it; the text says which do.
    """
    steps = {1: _first, 2: _second}.get(server.major, _third)
    try:
        told = await steps(server)
    except LockedOutError as error:
        who = _WHO[min(server.major, 3)]
        raise StoreRefusedError(server.name, f"{error.reason}; setting up needs {who}, collecting does not") from error
    await bucket.prepare(server)
    return [*told, "a write would be taken, and questions are answered"]


async def _first(server: InfluxServer) -> list[str]:
    settings = server.settings
    database = settings.database
    try:
        policies = await _policies(server)
    except MissingError:
        await bucket.create(server)
        policies = await _policies(server)
        told = [f"database {database!r}: made"]
    else:
        told = [f"database {database!r}: there"]
    name = settings.policy or next((policy for policy, told in policies.items() if told["default"]), "autogen")
    if name not in policies:
        await server.order(influxql.create_policy(database, name, settings.keep, settings.shard))
        return [*told, f"retention policy {name!r}: made, keeps {_words(settings.keep)}"]
    keep, shard = (_time(policies[name][key]) for key in ("duration", "shardGroupDuration"))
    wanted = keep if settings.retention is None else settings.keep
    shards = settings.shard
    if shards is None and shard is not None and wanted is not None and shard > wanted:
        shards = bucket.shard_of(settings)  # InfluxDB refuses shards that are longer than what it keeps
    if wanted != keep or shards not in {None, shard}:
        await server.order(influxql.alter_policy(database, name, wanted, shards))
    return [*told, _kept(f"retention policy {name!r}", keep, wanted), *_cut(shard, shards)]


async def _policies(server: InfluxServer) -> dict[str, dict[str, Any]]:
    """Give the database's retention policies by name."""
    series = await server.ask(influxql.show_policies(server.settings.database))
    rows = (dict(zip(one.columns, row, strict=True)) for one in series for row in one.rows)
    return {row["name"]: row for row in rows}


async def _second(server: InfluxServer) -> list[str]:
    settings = server.settings
    org = await bucket.org_id(server)
    found = await _bucket(server, org)
    if found is None:
        await bucket.create(server)
        found = await _bucket(server, org)
        if found is None:
            raise StoreRefusedError(server.name, f"does not show the bucket that was made; {server.how_to_create()}")
        told = [f"bucket {settings.bucket!r}: made, keeps {_words(settings.keep)}"]
    else:
        rule: dict[str, Any] = next(iter(found.get("retentionRules") or []), {})
        keep, shard = (_seconds(rule.get(key)) for key in ("everySeconds", "shardGroupDurationSeconds"))
        wanted = keep if settings.retention is None else settings.keep
        if wanted != keep or settings.shard not in {None, shard}:
            changed = settings.model_copy(update={"retention": wanted})
            path = f"{bucket.BUCKETS}/{found['id']}"
            _done(server, await server.api("PATCH", path, json={"retentionRules": bucket.rules(changed)}))
        told = [_kept(f"bucket {settings.bucket!r}", keep, wanted), *_cut(shard, settings.shard)]
    return [*told, await _mapped(server, org, str(found["id"]))]


async def _bucket(server: InfluxServer, org: str) -> dict[str, Any] | None:
    answer = await server.api("GET", bucket.BUCKETS, params={"name": server.settings.bucket, "orgID": org})
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    _done(server, answer)
    return next(iter(bucket.listed(server, answer, "buckets")), None)


async def _mapped(server: InfluxServer, org: str, bucket_id: str) -> str:
    """See that InfluxQL finds the bucket; tell how."""
    settings = server.settings
    policy = settings.policy or bucket.DEFAULT_POLICY
    answer = await server.api("GET", bucket.MAPPINGS, params={"orgID": org, "db": settings.database})
    _done(server, answer)
    mappings = bucket.listed(server, answer, "content")
    named = [one for one in mappings if one.get("retention_policy") == policy]
    ours = next((one for one in mappings if one.get("bucketID") == bucket_id), None)
    asked = [one for one in mappings if one.get("default")] if not settings.policy else named
    words = f"mapping of {settings.database!r}, {policy!r}"
    for other in asked:
        if other.get("bucketID") == bucket_id:
            return f"{words}: there"
        if not other.get("virtual"):
            raise StoreRefusedError(
                server.name,
                f"InfluxQL finds another bucket ({other.get('bucketID')}) as {settings.database!r}; remove that "
                f"mapping with `influx v1 dbrp delete --id {other['id']}`, or choose another `bucket`",
            )
    if ours is not None and not ours.get("virtual") and not settings.policy:
        path = f"{bucket.MAPPINGS}/{ours['id']}"
        _done(server, await server.api("PATCH", path, params={"orgID": org}, json={"default": True}))
        return f"{words}: the default now"
    await bucket.make_mapping(server, org, bucket_id)
    return f"{words}: made"


async def _third(server: InfluxServer) -> list[str]:
    settings = server.settings
    words = f"database {settings.bucket!r}"
    answer = await server.api("GET", "/api/v3/query_sql", params={"db": "_internal", "q": _KEPT_3, "format": "json"})
    _done(server, answer)
    try:
        kept = {row["database_name"]: row.get("retention_period_ns") for row in orjson.loads(answer.body)}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise StoreRefusedError(server.name, f"does not list its databases ({answer.reason})") from error
    if settings.bucket not in kept:
        await bucket.create(server)
        return [f"{words}: made, keeps {_words(settings.keep)}"]
    keep = _seconds((kept[settings.bucket] or 0) / 10**9)
    if settings.retention is None or settings.keep == keep:
        return [_kept(words, keep, keep)]
    wanted = "none" if settings.keep is None else f"{round(settings.keep.total_seconds())}s"
    command = f"influxdb3 update database --database {settings.bucket} --retention-period {wanted}"
    raise StoreRefusedError(
        server.name,
        f"{words} keeps {_words(keep)}, not {_words(settings.keep)}; Enterprise: `{command}`; Core cannot: "
        "take another `bucket`, and copy into it",
    )


def _done(server: InfluxServer, answer: Answer) -> None:
    if not answer.good:
        raise server.forbids(answer)


def _kept(what: str, before: timedelta | None, now: timedelta | None) -> str:
    """Tell how long something keeps samples."""
    if before == now:
        return f"{what}: there, keeps {_words(now)}"
    less = now is not None and (before is None or now < before)
    return f"{what}: keeps {_words(now)}, before {_words(before)}{'; what is older is dropped' if less else ''}"


def _cut(before: timedelta | None, now: timedelta | None) -> list[str]:
    """Tell how much time a shard covers, where that was changed."""
    if now is None or before == now:
        return []
    return [f"new shards cover {_words(now)}, those before {_words(before) if before else 'what InfluxDB chose'}"]


def _words(time: timedelta | None) -> str:
    if time is None:
        return "for ever"
    days = time / timedelta(days=1)
    return f"{days:g} d" if days >= 2 or days == 1 else f"{time / timedelta(hours=1):g} h"  # noqa: PLR2004 - two days


def _time(written: str) -> timedelta | None:
    """Read a duration as 1.x writes it, `168h0m0s`; None for ever."""
    match = _DURATION.fullmatch(written)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds) or None


def _seconds(written: float | None) -> timedelta | None:
    return timedelta(seconds=written) if written else None
