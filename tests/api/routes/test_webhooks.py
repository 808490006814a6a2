"""Webhooks as a resource: a caller's own, checked before anything is posted anywhere."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.auth import revoke_key
from api.hooks import CALLERS, HOOKS
from api.roles import Role
from collector.feed import prune
from collector.records import Records
from tests.adapters.channels.receiver import HttpReceiver, Reply
from tests.adapters.channels.webhook.verifier import verify
from tests.api.client import asking, items, problem, walk
from tests.api.hooked import SEAL, SETTINGS, Scene, deliver, ids
from tests.api.plant import GRINDER, HOB, PRESS

URL = "/api/v1/webhooks"
HOOK = "https://93.184.216.34/hooks"
"""An address that is public; nothing is posted to it."""


@pytest.fixture
def scene(records: Records) -> Scene:
    return Scene(records)


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as running:
        yield running


@pytest.fixture
async def client(scene: Scene) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may see one factory and subscribe."""
    _, text = await scene.key(["gears"])
    async with asking(scene.parts, key=text) as given:
        yield given


async def make(client: httpx.AsyncClient, url: str = HOOK, /, **values: Any) -> dict[str, Any]:
    answer = await client.post(URL, json={"url": url, **values})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{URL}/{made['id']}"
    return made


async def test_one_is_made_read_changed_and_deleted(client: httpx.AsyncClient) -> None:
    asked = {"topics": ["alerts"], "paths": ["gears/hobbing", HOB], "severities": ["high"], "title": "平台"}
    made = await make(client, "HTTPS://93.184.216.34:443/hooks?token=a", **asked)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert {name: made[name] for name in asked} == asked
    assert (made["state"], made["enabled"], made["reason"]) == ("active", True, "")
    one = f"{URL}/{made['id']}"
    assert (await client.get(one)).json() == made
    assert await items(client, URL) == [made]
    assert secret not in (await client.get(URL)).text
    changed = await client.patch(one, json={"topics": None, "enabled": False, "title": "x"})
    assert changed.status_code == 200, changed.text
    told = changed.json()
    assert (told["topics"], told["paths"], told["enabled"], told["state"]) == (None, asked["paths"], False, "disabled")
    assert (await client.get(one)).json() == told
    assert (await client.delete(one)).status_code == 204
    problem(await client.get(one), 404, "unknown-webhook")
    problem(await client.delete(one), 404, "unknown-webhook")
    assert await items(client, URL) == []


@pytest.mark.every_database
async def test_lists_have_pages_and_forms(client: httpx.AsyncClient) -> None:
    made = [(await make(client, title=str(number)))["id"] for number in range(5)]
    pages = await walk(client, URL, limit=2)
    assert [[row["id"] for row in page] for page in pages] == [made[:2], made[2:4], made[4:]]
    table = await client.get(URL, headers={"Accept": "text/csv"}, params={"fields": "id,title"})
    assert table.text.splitlines()[0] == "id,title"


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "url"),
    ({"url": "http://93.184.216.34/"}, "url"),
    ({"url": "https://127.0.0.2/"}, "url"),
    ({"url": "https://2130706433/"}, "url"),
    ({"url": "https://169.254.169.254/latest"}, "url"),
    ({"url": "https://user@93.184.216.34/"}, "url"),
    ({"url": HOOK, "topics": []}, "topics"),
    ({"url": HOOK, "topics": ["samples"]}, "topics.0"),
    ({"url": HOOK, "severities": ["dire"]}, "severities.0"),
    ({"url": HOOK, "title": "a\nb"}, "title"),
    ({"url": HOOK, "paths": [HOB] * 101}, "paths"),
    ({"url": HOOK, "secret": "whsec_mine"}, "secret"),
)


async def test_what_is_wrong_is_told_by_its_name(client: httpx.AsyncClient) -> None:
    for body, named in WRONG:
        told = problem(await client.post(URL, json=body), 422, "invalid-parameter")
        assert [(one["in"], one["name"]) for one in told["errors"]] == [("body", named)]
    assert await items(client, URL) == []


async def test_a_change_is_checked_as_what_is_new(client: httpx.AsyncClient) -> None:
    one = f"{URL}/{(await make(client))['id']}"
    before = (await client.get(one)).json()
    for body in ({"url": "https://10.0.0.1/"}, {"url": None}, {"title": None}, {"enabled": None}, {"owner": "me"}):
        problem(await client.patch(one, json=body), 422, "invalid-parameter")
    problem(await client.patch(one, json={"paths": [PRESS]}), 404, "unknown-asset")
    assert (await client.get(one)).json() == before


async def test_what_a_caller_may_not_see_is_not_there(scene: Scene, client: httpx.AsyncClient) -> None:
    foreign = problem(await client.post(URL, json={"url": HOOK, "paths": [PRESS]}), 404, "unknown-asset")
    nowhere = problem(await client.post(URL, json={"url": HOOK, "paths": ["x/y/z"]}), 404, "unknown-asset")
    assert foreign["detail"].replace(PRESS, "*") == nowhere["detail"].replace("x/y/z", "*")
    made = await make(client)
    _, text = await scene.key(["moulds"])
    async with asking(scene.parts, key=text) as other:
        for method, path in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"),
            ("GET", "/deliveries"), ("POST", "/replay"),
        ):  # fmt: skip
            body = {"PATCH": {"title": "mine"}, "POST": {"after": "0"}}.get(method) if path != "/test" else None
            theirs = await other.request(method, f"{URL}/{made['id']}{path}", json=body)
            none = await other.request(method, f"{URL}/{'0' * 16}{path}", json=body)
            problem(theirs, 404, "unknown-webhook")
            assert theirs.text.replace(made["id"], "*") == none.text.replace("0" * 16, "*")
        assert await items(other, URL) == []
    assert (await client.get(f"{URL}/{made['id']}")).json()["title"] == ""


async def test_administrators_of_the_whole_park_see_whose_there_are_and_can_delete_them(
    scene: Scene, client: httpx.AsyncClient
) -> None:
    made = await make(client, "https://93.184.216.34/hooks/secret-token")
    problem(await client.get(URL, params={"everyone": "true"}), 403, "forbidden")
    _, narrow = await scene.key(["gears"], role=Role.ADMIN)
    async with asking(scene.parts, key=narrow) as some:
        problem(await some.get(URL, params={"everyone": "true"}), 403, "forbidden")
        problem(await some.get(f"{URL}/{made['id']}"), 404, "unknown-webhook")
    key, text = await scene.key(role=Role.ADMIN)
    async with asking(scene.parts, key=text) as admin:
        assert await items(admin, URL) == []
        (row,) = await items(admin, URL, everyone="true")
        assert (row["id"], row["owner"], row["url"]) == (made["id"], made["owner"], "https://93.184.216.34")
        assert (await admin.get(f"{URL}/{made['id']}/deliveries")).json()["items"] == []
        for path in ("secret", "test"):
            problem(await admin.post(f"{URL}/{made['id']}/{path}"), 404, "unknown-webhook")
        problem(await admin.patch(f"{URL}/{made['id']}", json={"url": HOOK}), 404, "unknown-webhook")
        owner = made["owner"].removeprefix("key:")
        await scene.records.run(partial(revoke_key, key=owner, now=scene.now()))
        assert (await items(admin, URL, everyone="true"))[0]["state"] == "paused"
        assert (await admin.delete(f"{URL}/{made['id']}")).status_code == 204
        assert await items(admin, URL, everyone="true") == []
    assert key.holder != owner


async def test_who_may_not_subscribe_is_told_so(scene: Scene) -> None:
    _, text = await scene.key(role=Role.MAINTENANCE)
    async with asking(scene.parts, key=text) as viewer:
        problem(await viewer.get(URL), 403, "forbidden")
        problem(await viewer.post(URL, json={"url": HOOK}), 403, "forbidden")


async def test_there_are_only_so_many(records: Records) -> None:
    scene = Scene(records, SETTINGS.model_copy(update={"per_caller": 2}))
    _, text = await scene.key()
    _, other = await scene.key()
    async with asking(scene.parts, key=text) as client, asking(scene.parts, key=other) as another:
        first = await make(client)
        await make(client)
        assert "2 webhooks" in problem(await client.post(URL, json={"url": HOOK}), 409, "too-many-webhooks")["detail"]
        await make(another)
        await client.delete(f"{URL}/{first['id']}")
        await make(client)


async def test_of_many_who_ask_at_once_no_more_have_one_than_may(records: Records) -> None:
    scene = Scene(records, SETTINGS.model_copy(update={"per_caller": 2}))
    _, text = await scene.key()
    async with asking(scene.parts, key=text) as client:
        answers = await asyncio.gather(*(client.post(URL, json={"url": HOOK}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6


async def test_a_secret_is_kept_for_nobody(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    made = await client.post(URL, json={"url": HOOK}, headers=headers)
    assert made.status_code == 201
    problem(await client.post(URL, json={"url": HOOK}, headers=headers), 409, "idempotency-not-kept")
    one = f"{URL}/{made.json()['id']}"
    rotated = await client.post(f"{one}/secret", headers={"Idempotency-Key": "two"})
    assert rotated.status_code == 200, rotated.text
    assert rotated.json()["secret"].startswith("whsec_")
    assert rotated.json()["secret"] != made.json()["secret"]
    assert (await client.get(one)).json()["old_secret_until"] == rotated.json()["old_secret_until"]
    problem(await client.post(f"{one}/secret", headers={"Idempotency-Key": "two"}), 409, "idempotency-not-kept")
    assert len(await items(client, URL)) == 1


async def test_a_test_message_is_posted_now(client: httpx.AsyncClient, receiver: HttpReceiver) -> None:
    made = await make(client, receiver.url)
    one = f"{URL}/{made['id']}"
    told = (await client.post(f"{one}/test")).json()
    assert (told["state"], told["status"], told["type"]) == ("delivered", 204, "parkline.test")
    (request,) = receiver.requests
    verify(request, made["secret"])
    assert request.headers["webhook-id"] == told["id"]
    await client.patch(one, json={"enabled": False})
    receiver.rule = lambda _: Reply(500, b"<b>no</b>\nway")
    told = (await client.post(f"{one}/test")).json()
    assert (told["state"], told["status"], told["answer"]) == ("dead", 500, "<b>no</b> way")
    assert told["next_attempt"] is None
    log = await items(client, f"{one}/deliveries")
    assert [row["state"] for row in log] == ["dead", "delivered"]
    assert log[0] == told
    assert await items(client, f"{one}/deliveries", state="dead") == [told]


async def test_after_a_good_test_message_others_are_tried_at_once(
    scene: Scene, client: httpx.AsyncClient, receiver: HttpReceiver
) -> None:
    receiver.rule = lambda _: Reply(503)
    one = f"{URL}/{(await make(client, receiver.url))['id']}"
    await scene.tell(HOB)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    told = (await client.get(one)).json()
    assert told["state"] == "failing"
    assert told["next_attempt"] > told["failing_since"]
    (row,) = await items(client, f"{one}/deliveries", state="failed")
    assert row["next_attempt"] == told["next_attempt"]
    receiver.rule = lambda _: Reply(204)
    await client.post(f"{one}/test")
    await deliver(dispatcher)
    assert ids(receiver)[-1] == "1"
    assert (await client.get(one)).json()["state"] == "active"


@pytest.mark.every_database
async def test_messages_are_posted_again(scene: Scene, client: httpx.AsyncClient, receiver: HttpReceiver) -> None:
    one = f"{URL}/{(await make(client, receiver.url))['id']}"
    await scene.tell(HOB, PRESS)
    half = scene.now()
    scene.offset += timedelta(seconds=1)
    await scene.tell(GRINDER, HOB)
    dispatcher = scene.dispatcher()
    await deliver(dispatcher)
    assert ids(receiver) == ["1", "3", "4"]
    ones, threes, fours = map(SEAL.event, (1, 3, 4))
    assert [row["id"] for row in await items(client, f"{one}/deliveries")] == [fours, threes, ones]

    async def again(**asked: Any) -> tuple[dict[str, Any], list[str]]:
        receiver.requests.clear()
        answer = await client.post(f"{one}/replay", json=asked)
        assert answer.status_code == 202, answer.text
        await deliver(dispatcher, looks=2)
        return answer.json(), ids(receiver)

    told, posted = await again(after=ones)
    assert (SEAL.read(told.pop("after")), told, posted) == (1, {"deliveries": [], "gone": []}, ["3", "4"])
    assert (await again(since=f"{half:%Y-%m-%dT%H:%M:%S.%fZ}"))[1] == ["3", "4"]
    assert (await again(after=SEAL.place(99)))[1] == []
    told, posted = await again(deliveries=[threes, ones])
    assert (told["deliveries"], posted) == ([threes, ones], ["1", "3"])
    assert [row["attempts"] for row in await items(client, f"{one}/deliveries")] == [1, 1, 1]
    await scene.records.run(partial(prune, before=half))
    told, posted = await again(deliveries=[ones, fours])
    assert (told["deliveries"], told["gone"], posted) == ([fours], [ones], ["4"])
    told, posted = await again(after=SEAL.place(0))
    assert (SEAL.read(told["after"]), posted) == (2, ["3", "4"])
    assert (await again(since=f"{scene.now():%Y-%m-%dT%H:%M:%S.%fZ}"))[1] == []
    problem(await client.post(f"{one}/replay", json={"deliveries": [SEAL.event(99)]}), 404, "unknown-delivery")
    both = {"after": ones, "since": "2026-11-24T00:00:00Z"}
    wrongs: tuple[dict[str, Any], ...] = ({}, both, {"after": "-1"}, {"after": "1"}, {"deliveries": []})
    for wrong in wrongs:
        problem(await client.post(f"{one}/replay", json=wrong), 422, "invalid-parameter")


async def test_with_its_last_webhook_goes_what_is_known_of_a_token(scene: Scene) -> None:
    key, text = await scene.key()
    async with asking(scene.parts, key=text) as client:
        made = await make(client)
        as_token = sa.update(HOOKS).values(owner="oidc:ann")
        grants = sa.insert(CALLERS).values(caller="oidc:ann", allowed=True, factories=None, seen=scene.now())
        await scene.records.run(lambda connection: [connection.execute(one) for one in (as_token, grants)])
        _, admin = await scene.key(role=Role.ADMIN)
        async with asking(scene.parts, key=admin) as deleting:
            assert (await deleting.delete(f"{URL}/{made['id']}")).status_code == 204
    left = await scene.records.run(lambda connection: connection.execute(sa.select(CALLERS)).all())
    assert left == []
    assert key.holder
