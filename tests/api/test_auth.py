"""The life of a key in the records."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.auth import KEYS, USED_EVERY, Key, create_key, find_key, read_keys, revoke_key
from api.roles import Role
from collector.records import Records

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


pytestmark = pytest.mark.every_database


async def make(records: Records, expires: datetime | None = None) -> tuple[Key, str]:
    return await records.run(
        lambda connection: create_key(connection, "platform", now=NOON, expires=expires, roles=[Role.VIEWER])
    )


async def find(records: Records, text: str, now: datetime = NOON) -> Key | None:
    return await records.run(lambda connection: find_key(connection, text, now=now))


async def test_a_key_is_found_by_its_text_and_by_nothing_else(records: Records) -> None:
    key, text = await make(records)
    assert await find(records, text) == key
    for other in (
        text[:-1],
        text + "x",
        text.upper(),
        f"parkline_{key.id}_",
        key.id,
        "",
        "_",
        "parkline__",
        "x" * 10_000,
    ):
        assert await find(records, other) is None, other


async def test_the_secret_is_not_in_the_records(records: Records, tmp_path: Path) -> None:
    key, text = await make(records)
    secret = text.rpartition(key.id + "_")[2]
    assert len(secret) >= 43  # 256 bits in base64
    rows = await records.run(lambda connection: connection.execute(sa.select(KEYS)).all())
    assert secret not in str(rows)
    assert not any(secret.encode() in content for content in await asyncio.to_thread(_contents, tmp_path))


async def test_two_keys_share_nothing(records: Records) -> None:
    (one, text), (other, other_text) = await make(records), await make(records)
    assert one.id != other.id
    assert text != other_text
    assert await find(records, text.replace(one.id, other.id)) is None


async def test_a_key_is_worthless_from_the_instant_it_expires(records: Records) -> None:
    key, _ = await make(records, expires=NOON + timedelta(days=1))
    assert key.state(NOON + timedelta(days=1, microseconds=-1)) == "valid"
    assert key.state(NOON + timedelta(days=1)) == "expired"


async def test_a_revoked_key_stays_revoked_since_the_first_time(records: Records) -> None:
    key, text = await make(records)
    for hour in (1, 2):
        await records.run(partial(revoke_key, key=key.id, now=NOON + timedelta(hours=hour)))
    found = await find(records, text)
    assert found is not None
    assert found.revoked == NOON + timedelta(hours=1)
    assert found.state(NOON) == "revoked"


async def test_revoking_what_is_not_there_tells_so(records: Records) -> None:
    assert await records.run(lambda connection: revoke_key(connection, "00000000", now=NOON)) is None


async def test_use_is_noted_but_not_each_time(records: Records) -> None:
    _, text = await make(records)

    async def used(now: datetime) -> datetime | None:
        await find(records, text, now)
        return (await records.run(read_keys))[0].used

    assert await used(NOON) == NOON
    assert await used(NOON + USED_EVERY / 2) == NOON
    assert await used(NOON + USED_EVERY) == NOON + USED_EVERY


def _contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]
