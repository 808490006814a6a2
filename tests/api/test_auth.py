"""The life of a key in the records."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.auth import (
    KEYS,
    USED_EVERY,
    Key,
    KeyWorthlessError,
    create_key,
    find_key,
    looks_like_key,
    note_use,
    read_keys,
    revoke_key,
    rotate_key,
)
from api.roles import Role, Scope
from collector.records import Records

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


pytestmark = pytest.mark.every_database


async def make(records: Records, expires: datetime | None = None) -> tuple[Key, str]:
    return await records.run(
        lambda connection: create_key(connection, "platform", now=NOON, expires=expires, roles=[Role.VIEWER])
    )


async def find(records: Records, text: str) -> Key | None:
    return await records.run(lambda connection: find_key(connection, text))


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
    made, text = await make(records)

    async def found() -> Key:
        key = await find(records, text)
        assert key is not None
        return key

    assert (await found()).unnoted(NOON)
    await records.run(partial(note_use, key=made.id, now=NOON))
    assert (await found()).used == NOON
    assert not (await found()).unnoted(NOON + USED_EVERY / 2)
    assert (await found()).unnoted(NOON + USED_EVERY)


DAY = timedelta(days=1)


async def rotate(
    records: Records, key: str, now: datetime, grace: timedelta = 7 * DAY, expires: datetime | None = None
) -> tuple[Key, Key, str]:
    rotated = await records.run(lambda connection: rotate_key(connection, key, now=now, grace=grace, expires=expires))
    assert rotated is not None
    return rotated


async def test_a_rotated_key_and_the_one_in_its_place_are_good_at_once(records: Records) -> None:
    key, text = await records.run(
        lambda connection: create_key(
            connection,
            "gear works",
            now=NOON,
            expires=NOON + 90 * DAY,
            roles=[Role.ENGINEER, Role.PLATFORM],
            factories=["gears"],
            views=["city"],
        )
    )
    later = NOON + 80 * DAY
    old, new, new_text = await rotate(records, key.id, later)
    for one, its_text in ((old, text), (new, new_text)):
        assert await find(records, its_text) == one
        assert one.state(later) == "valid"
    kept = ("name", "roles", "factories", "views", "holder", "scopes")
    assert [getattr(new, name) for name in kept] == [getattr(key, name) for name in kept]
    assert old.state(later + 7 * DAY) == "expired"
    assert old.state(later + 7 * DAY - DAY / 24) == "valid"
    assert new.expires == later + 90 * DAY  # as long as the old one was made for


async def test_a_grace_never_makes_a_key_live_longer(records: Records) -> None:
    key, _ = await make(records, expires=NOON + 2 * DAY)
    old, _, _ = await rotate(records, key.id, NOON + DAY)
    assert old.expires == NOON + 2 * DAY


async def test_a_new_key_lives_for_ever_if_the_old_one_did_and_as_told_if_told(records: Records) -> None:
    key, _ = await make(records)
    old, new, _ = await rotate(records, key.id, NOON)
    assert (old.expires, new.expires) == (NOON + 7 * DAY, None)
    _, told, _ = await rotate(records, new.id, NOON, expires=NOON + 3 * DAY)
    assert told.expires == NOON + 3 * DAY


async def test_a_key_is_rotated_again_while_its_grace_lasts(records: Records) -> None:
    key, _ = await make(records, expires=NOON + 90 * DAY)
    await rotate(records, key.id, NOON + DAY)
    old, new, _ = await rotate(records, key.id, NOON + 2 * DAY)
    assert old.expires == NOON + 8 * DAY  # the first grace: a second one does not lengthen it
    assert new.expires == NOON + 92 * DAY
    assert {one.holder for one in await records.run(read_keys)} == {key.holder}


async def test_a_grace_of_nothing_ends_the_old_key_at_once(records: Records) -> None:
    key, _ = await make(records)
    old, new, _ = await rotate(records, key.id, NOON, timedelta())
    assert (old.state(NOON), new.state(NOON)) == ("expired", "valid")


async def test_a_worthless_key_is_not_rotated(records: Records) -> None:
    revoked, _ = await make(records)
    await records.run(lambda connection: revoke_key(connection, revoked.id, now=NOON))
    expired, _ = await make(records, expires=NOON + DAY)
    for key, state in ((revoked, "revoked"), (expired, "expired")):
        with pytest.raises(KeyWorthlessError, match=f"{key.id}.* is {state}"):
            await rotate(records, key.id, NOON + DAY)
    assert len(await records.run(read_keys)) == 2
    nothing = await records.run(
        lambda connection: rotate_key(connection, "00000000", now=NOON, grace=DAY, expires=None)
    )
    assert nothing is None


async def test_a_key_of_views_alone_may_read_them_and_nothing_else(records: Records) -> None:
    key, _ = await records.run(
        lambda connection: create_key(connection, "city", now=NOON, expires=None, roles=[], views=["city"])
    )
    assert key.scopes == {Scope.OPEN}


def test_what_has_not_the_form_of_a_key_is_looked_for_nowhere() -> None:
    assert looks_like_key("parkline_0f_a")
    for text in (
        "parkline_0f_a' OR 1=1",
        "parkline_0f_ä",
        "parkline_0f_a\n",
        "parkline_%_a",
        "PARKLINE_0f_a",
        "parkline_0f",
    ):
        assert not looks_like_key(text), text


def _contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]
