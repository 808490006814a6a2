"""Headers that keep a browser safe, with TLS and without, and pages of other servers that may read the API."""

from dataclasses import replace

import httpx
import pytest
from pydantic import ValidationError

from api.parts import Parts
from collector.settings import ApiSettings
from tests.api.client import asking
from tests.api.plant import Plant

PLATFORM = "https://platform.example"

ASKED = {"Origin": PLATFORM, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}


def configured(parts: Parts, **keys: object) -> Parts:
    return replace(parts, settings=ApiSettings.model_validate(keys))


@pytest.mark.parametrize("path", ["/", "/api/v1/assets", "/api/v1/nothing", "/healthz", "/web/page.js"])
async def test_every_answer_stays_with_this_server(api: httpx.AsyncClient, path: str) -> None:
    headers = (await api.get(path)).headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


async def test_pages_may_use_nothing_of_the_readers_machine(api: httpx.AsyncClient) -> None:
    for path in ("/", "/docs"):
        headers = (await api.get(path)).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "geolocation=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", ["/", "/docs", "/web/page.js", "/api/v1/assets"])
async def test_what_a_browser_has_keeps_its_policy(api: httpx.AsyncClient, path: str) -> None:
    """A 304 replaces headers that the browser keeps: with the policy of data, a page read again has no scripts."""
    first = await api.get(path)
    again = await api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    kept = dict(first.headers) | dict(again.headers)
    assert kept["content-security-policy"] == first.headers["content-security-policy"]
    assert kept["cache-control"] == first.headers["cache-control"]
    assert again.headers["x-content-type-options"] == "nosniff"


async def test_tables_are_data_too(api: httpx.AsyncClient) -> None:
    for form in ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"):
        headers = (await api.get("/api/v1/kpis?limit=5", headers={"Accept": form})).headers
        assert headers["content-security-policy"].startswith("default-src 'none';")
        assert headers["cache-control"] == "private, no-cache"


async def test_with_tls_a_browser_comes_by_nothing_else(plant: Plant) -> None:
    async with plant.parts() as parts:
        secure = configured(parts, tls={"certificate": "tls.crt", "key": "tls.key"})
        async with asking(secure, key=plant.key) as client:
            for path in ("/", "/api/v1/assets", "/api/v1/nothing"):
                assert (await client.get(path)).headers["strict-transport-security"] == "max-age=31536000"


async def test_no_page_of_another_server_may_read_unless_it_is_listed(api: httpx.AsyncClient) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        for path in ("/api/v1/assets", "/", "/healthz", "/api/v1/nothing"):
            answer = await api.request(method, path, headers=ASKED)
            assert not [name for name in answer.headers if name.startswith("access-control")], (method, path)


async def test_a_listed_page_may_read_with_a_key(plant: Plant) -> None:
    async with plant.parts() as parts, asking(configured(parts, cors=[PLATFORM])) as client:
        before = await client.options("/api/v1/assets", headers=ASKED)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == PLATFORM
        assert {"X-API-Key", "Range", "If-Range"} <= set(before.headers["access-control-allow-headers"].split(", "))
        for key, status in ((plant.key, 200), ("wrong", 401)):
            answer = await client.get("/api/v1/assets", headers={"Origin": PLATFORM, "X-API-Key": key})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == PLATFORM
            assert "access-control-allow-credentials" not in answer.headers
            assert {"ETag", "X-Request-Id"} <= set(answer.headers["access-control-expose-headers"].split(", "))
            assert "Origin" in answer.headers["vary"]


async def test_a_page_that_is_not_listed_may_not(plant: Plant) -> None:
    async with plant.parts() as parts, asking(configured(parts, cors=[PLATFORM]), key=plant.key) as client:
        for origin in ("https://evil.example", "https://platform.example.evil.example", "null"):
            asked = ASKED | {"Origin": origin}
            assert (await client.options("/api/v1/assets", headers=asked)).status_code == 400
            assert "access-control-allow-origin" not in (await client.get("/api/v1/assets", headers=asked)).headers


@pytest.mark.parametrize("origin", ["*", "null", "https://*.example", "platform.example", "https://park.example/"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match=r"no origin; write scheme, host and port"):
        ApiSettings.model_validate({"cors": [origin]})


async def test_the_client_in_typescript_is_served_as_such(api: httpx.AsyncClient) -> None:
    answer = await api.get("/web/client/call.ts")
    assert answer.headers["content-type"] == "text/typescript; charset=utf-8"
