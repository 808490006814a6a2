"""The provider's keys: fetched once for all who need them, and kept while it does not answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from api.errors import IDENTITY_UNAVAILABLE, ProblemError
from api.provider import LARGEST, Provider, ProviderError, fetch_signers
from api.signers import Signers, read_signers
from collector.settings import OidcSettings
from tests.api.issuer import AUDIENCE, ISSUER, SETTINGS, SigningKey, key_set, signing_key

KEYS_URL = "https://keys.example/jwks"
OLD, NEW = signing_key("ES256"), signing_key("ES256", "new")


class Publisher:
    """A provider that publishes what a test says, when a test says so, on a clock of the test's."""

    def __init__(self) -> None:
        self.keys: list[SigningKey] = [OLD]
        self.down = ""
        self.fetches = 0
        self.now = 1e6
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()
        self.provider = Provider(self.fetch, timedelta(minutes=10), lambda: self.now)

    async def fetch(self) -> Signers:
        self.fetches += 1
        self.asked.set()
        await self.answers.wait()
        if self.down:
            raise ProviderError(self.down)
        return read_signers(key_set(*self.keys), ("ES256",))

    async def knows(self, key: SigningKey) -> bool:
        return (await self.provider.signers(key.id)).knows(key.id)

    async def refused_for(self, key: SigningKey) -> int:
        """Hold that nobody can tell; give the seconds to wait."""
        with pytest.raises(ProblemError) as caught:
            await self.provider.signers(key.id)
        assert caught.value.kind is IDENTITY_UNAVAILABLE
        return int(caught.value.headers["Retry-After"])


@pytest.fixture
async def publisher() -> Publisher:
    return Publisher()


async def test_keys_are_fetched_when_they_are_needed_and_once_for_all_who_need_them(publisher: Publisher) -> None:
    assert publisher.fetches == 0
    publisher.answers.clear()
    waiting = [asyncio.create_task(publisher.knows(OLD), name=str(number)) for number in range(20)]
    await publisher.asked.wait()
    publisher.answers.set()
    assert await asyncio.gather(*waiting) == [True] * 20
    publisher.now += 599
    assert await publisher.knows(OLD)
    assert publisher.fetches == 1
    publisher.now += 1
    assert await publisher.knows(OLD)
    assert publisher.fetches == 2


async def test_a_caller_that_goes_away_takes_nobodys_keys_along(publisher: Publisher) -> None:
    publisher.answers.clear()
    leaving = asyncio.create_task(publisher.knows(OLD), name="leaving")
    staying = asyncio.create_task(publisher.knows(OLD), name="staying")
    await publisher.asked.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    publisher.answers.set()
    assert await staying
    assert publisher.fetches == 1


async def test_a_new_key_is_found_when_a_token_names_it_but_not_each_time_one_does(publisher: Publisher) -> None:
    assert await publisher.knows(OLD)
    publisher.keys = [OLD, NEW]
    publisher.now += 59
    assert not await publisher.knows(NEW)
    publisher.now += 1
    assert await publisher.knows(NEW)
    assert publisher.fetches == 2
    for number in range(100):
        assert not (await publisher.provider.signers(f"made-up-{number}")).knows(f"made-up-{number}")
    assert publisher.fetches == 2
    publisher.now += 60
    for number in range(100):
        await publisher.provider.signers(f"made-up-{number}")
    assert publisher.fetches == 3


async def test_a_key_that_is_withdrawn_counts_no_more(publisher: Publisher) -> None:
    publisher.keys = [OLD, NEW]
    assert await publisher.knows(OLD)
    publisher.keys = [NEW]
    publisher.now += 600
    assert not await publisher.knows(OLD)


async def test_keys_are_kept_for_a_day_while_the_provider_is_down_and_nobody_waits_for_it(publisher: Publisher) -> None:
    assert await publisher.knows(OLD)
    publisher.down = "no answer"
    publisher.now += 600
    with capture_logs() as logs:
        assert await publisher.knows(OLD)  # the first who finds out waits
        publisher.answers.clear()
        for _ in range(10):
            publisher.now += 60
            async with asyncio.timeout(5):
                assert await publisher.knows(OLD)  # though the fetch hangs
    assert [(log["event"], log["reason"], log["kept_s"]) for log in logs] == [
        ("no keys of the identity provider", "no answer", 600)
    ]
    publisher.answers.set()
    await asyncio.sleep(0)
    publisher.now = 1e6 + 24 * 3600 - 1
    assert await publisher.knows(OLD)
    publisher.now += 1
    assert await publisher.refused_for(OLD) >= 1
    publisher.down = ""
    publisher.now += 60
    with capture_logs() as logs:
        assert await publisher.knows(OLD)
    assert logs[0]["event"] == "the identity provider answers again"


async def test_while_it_is_down_a_key_that_is_not_known_may_be_a_new_one(publisher: Publisher) -> None:
    assert await publisher.knows(OLD)
    publisher.down = "no answer"
    publisher.now += 60
    assert await publisher.refused_for(NEW) == 60
    publisher.now += 20
    assert await publisher.refused_for(NEW) == 40
    assert await publisher.knows(OLD)
    assert publisher.fetches == 2


async def test_without_any_keys_it_is_asked_again_every_few_seconds(publisher: Publisher) -> None:
    publisher.down = "no answer"
    assert await publisher.refused_for(OLD) == 5
    publisher.now += 4
    assert await publisher.refused_for(OLD) == 1
    assert publisher.fetches == 1
    publisher.now += 1
    publisher.down = ""
    assert await publisher.knows(OLD)


async def test_closing_ends_a_fetch_that_hangs(publisher: Publisher) -> None:
    publisher.answers.clear()
    waiting = asyncio.create_task(publisher.knows(OLD), name="waiting")
    await publisher.asked.wait()
    async with asyncio.timeout(5):
        await publisher.provider.close()
        await asyncio.wait([waiting])
    assert waiting.cancelled()
    await Publisher().provider.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers."""

    body: bytes = b""
    status: int = 200
    location: str = ""


class Body(httpx.AsyncByteStream):
    """A body that comes in pieces, and counts what was read of it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = pieces
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.read += len(piece)
            yield piece


def answering(answers: Mapping[str, Answer | Body]) -> Callable[[SSLContext], httpx.AsyncClient]:
    """Make clients of servers that answer so, and of no others."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.get(str(request.url))
        if given is None:
            msg = f"nobody is at {request.url}"
            raise httpx.ConnectError(msg)
        if isinstance(given, Body):
            return httpx.Response(200, stream=given)
        headers = {"location": given.location} if given.location else {}
        return httpx.Response(given.status, headers=headers, stream=Body([given.body]))

    def client(trust: SSLContext) -> httpx.AsyncClient:
        assert trust.check_hostname
        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    return client


DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"


def keys_of_old() -> Answer:
    return Answer(key_set(OLD))


def described(**given: Any) -> Answer:
    return Answer(json.dumps({"issuer": ISSUER, "jwks_uri": KEYS_URL, **given}).encode())


async def test_keys_are_where_the_provider_says() -> None:
    signers = await fetch_signers(SETTINGS, answering({DISCOVERY: described(), KEYS_URL: keys_of_old()}))
    assert signers.knows(OLD.id)


async def test_keys_are_where_the_settings_say() -> None:
    settings = SETTINGS.model_copy(update={"jwks_url": KEYS_URL})
    assert (await fetch_signers(settings, answering({KEYS_URL: keys_of_old()}))).knows(OLD.id)


@pytest.mark.parametrize(
    ("discovered", "keys", "told"),
    [
        (None, None, "nobody is at"),
        (Answer(status=404), None, "answers 404"),
        (Answer(b"<html>"), None, "describes no provider"),
        (Answer(b"[]"), None, "describes no provider"),
        (described(issuer="https://evil.example"), None, "names itself 'https://evil.example'; write that as `issuer`"),
        (described(jwks_uri="http://keys.example/jwks"), None, "write an address with https://"),
        (described(jwks_uri="file:///etc/passwd"), None, "write an address"),
        (described(jwks_uri=5), None, "write an address"),
        (described(), None, f"nobody is at {KEYS_URL}"),
        (described(), Answer(status=500), "answers 500"),
        (described(), Answer(status=302, location="https://evil.example/jwks"), "and we follow nobody"),
        (described(), Answer(b"{}"), "no set of keys"),
        (described(), Answer(b" " * (LARGEST + 1)), f"more than {LARGEST} bytes"),
    ],
)
async def test_whatever_is_wrong_at_the_provider_is_told(
    discovered: Answer | None, keys: Answer | None, told: str
) -> None:
    answers = {DISCOVERY: discovered, KEYS_URL: keys}
    with pytest.raises(ProviderError, match=told) as caught:
        await fetch_signers(SETTINGS, answering({url: answer for url, answer in answers.items() if answer}))
    assert str(caught.value).startswith(f"{ISSUER}: ")


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    endless = Body(repeat(b" " * 2**16))
    with pytest.raises(ProviderError, match="more than"):
        await fetch_signers(SETTINGS, answering({DISCOVERY: described(), KEYS_URL: endless}))
    assert endless.read <= LARGEST + 2**16


async def test_a_provider_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.provider.PATIENCE_S", 0.01)

    async def never(request: httpx.Request) -> httpx.Response:
        del request
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ProviderError, match="no answer within"):
        await fetch_signers(SETTINGS, lambda _: httpx.AsyncClient(transport=httpx.MockTransport(never)))


async def test_a_file_of_an_authority_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"ca": tmp_path / "none.pem"})
    with pytest.raises(ProviderError, match="No such file"):
        await fetch_signers(settings, answering({}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"issuer": "http://login.park.example"}, "https://"),
        ({"issuer": "https://user@login.park.example"}, "without a user"),
        ({"issuer": "https://login.park.example/?a=1"}, "without a user"),
        ({"issuer": "login.park.example"}, "write an address"),
        ({"issuer": "https://"}, "write an address"),
        ({"jwks_url": "http://keys.example"}, "https://"),
        ({"algorithms": ["HS256"]}, "RS256"),
        ({"algorithms": ["none"]}, "RS256"),
        ({"algorithms": []}, "at least 1"),
        ({"roles": {}}, "at least 1"),
        ({"roles": {"boss": "root"}}, "viewer"),
        ({"audience": ""}, "at least 1"),
        ({"leeway": "1 h"}, "5 minutes"),
        ({"factories_claim": "factories", "whole_park": ["viewer"]}, "take `whole_park` out"),
    ],
)
def test_settings_that_are_not_safe_are_refused(given: dict[str, Any], told: str) -> None:
    good = {"issuer": ISSUER, "audience": AUDIENCE, "roles": {"boss": "admin"}}
    for issuer in (ISSUER, "http://127.0.0.1:8080/realms/park"):
        assert OidcSettings.model_validate(good | {"issuer": issuer}).issuer == issuer
    with pytest.raises(ValueError, match=told):
        OidcSettings.model_validate(good | given)
