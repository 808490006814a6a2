"""What strangers send to every route: headers that lie, bodies that are something else, limits that are none."""

import asyncio
import base64
import io
import re
import shutil
from collections.abc import AsyncIterator, Callable
from csv import reader
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
import orjson
import polars as pl
import pytest
import pytest_asyncio
from fastapi import FastAPI

from adapters.sample import REFUSALS
from api.app import create_app
from api.auth import create_key
from api.errors import MEDIA_TYPE
from api.headers import SAFE
from api.roles import Role
from collector.deadletters import Bounds, write_dead_letters
from collector.settings import ApiSettings, HookSettings
from tests.api.client import asking
from tests.api.fillings import V1, Operation, asked, operations
from tests.api.plant import BEGIN, HOB, NOW, PARK, UNLIMITED, Plant
from tests.api.test_injection import THINGS

WINDOW = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-24T00:00:00Z"}

FORMULAS = (
    "=1+1",
    "a;=1+1",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
)


RISKY = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")

NUMBER = re.compile(r"-?[\d.e+-]+")


@dataclass(frozen=True, slots=True)
class Door:
    """An API that may be written to, and somebody who may do everything."""

    app: FastAPI
    client: httpx.AsyncClient
    operations: tuple[Operation, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("attacked") / "plant"
    shutil.copytree(plant.folder, folder)
    settings = ApiSettings(rate=UNLIMITED, webhooks=HookSettings(allow=("127.0.0.1",), ports=(9,)))
    async with Plant(folder, "").parts(settings=settings) as parts:
        made = partial(create_key, name="=1+1", now=BEGIN, expires=None, roles=[Role.ADMIN])
        _, key = await parts.records().run(made)
        app = create_app(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.9", 40000))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://parkline.example", headers={"X-API-Key": key}
        ) as client:
            yield Door(app, client, tuple(operations(app)))


def ask(operation: Operation) -> tuple[str, str, Any]:
    whole = asked(operation, THINGS, park=PARK.id)
    return whole.method, whole.url, whole.body


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_of_every_route_has_the_safe_headers(door: Door) -> None:
    for operation in door.operations:
        method, url, body = ask(operation)
        for headers, sent in (({}, body), ({"X-API-Key": "wrong"}, body), ({"Accept": "no/thing"}, [])):
            answer = await door.client.request(method, url, json=sent, headers=headers)
            for name, value in SAFE.items():
                assert answer.headers[name] == value, (operation.id, answer.status_code)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], operation.id
            assert answer.headers["cache-control"] in {"no-store", "private, no-cache"}, operation.id
            assert not {name for name in answer.headers if name.startswith("access-control") or name == "server"}


HOSTS = ("evil.example", "evil.example:1", "evil.example/a?b=c#", "a b", "[", "[::1", 'x"><y', "evil@x", "x\\y", "")
"""What `Host` may say."""


@pytest.mark.asyncio(loop_scope="module")
async def test_a_made_up_host_leads_nowhere(door: Door) -> None:
    lying = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Original-URL": "/x"}
    for number, operation in enumerate(door.operations):
        method, url, body = ask(operation)
        for host in (HOSTS[number % len(HOSTS)], "evil.example"):
            answer = await door.client.request(method, url, json=body, headers={**lying, "Host": host})
            assert answer.status_code < 500, (operation.id, answer.text)
            told = "\n".join([answer.text, *(f"{name}: {value}" for name, value in answer.headers.items())])
            assert "evil.example" not in told, operation.id
            if answer.headers["content-type"] == MEDIA_TYPE:
                assert answer.json()["instance"] == httpx.URL(url).path, operation.id


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("host", HOSTS)
async def test_no_host_is_a_failure(door: Door, host: str) -> None:
    for url in (f"{V1}/catalogue?limit=1", f"{V1}/signals?limit=1", "/docs", "/healthz"):
        for accept in ("application/ld+json, */*;q=0.1", "text/csv, */*;q=0.1"):
            answer = await door.client.get(url, headers={"Host": host, "Accept": accept})
            assert answer.status_code == 200, answer.text
            assert answer.headers.get("link", "</").startswith("</")


async def test_the_catalogue_of_data_portals_names_the_address_that_is_configured(plant: Plant) -> None:
    async with plant.parts() as parts:
        known = replace(parts, settings=ApiSettings(address="https://park.example"))
        for of, base in ((known, "https://park.example/"), (parts, "http://asked.example/")):
            async with asking(of, key=plant.key, host="asked.example") as client:
                for url in (f"{V1}/catalogue?limit=1", f"{V1}/catalogue/states/gears"):
                    text = (await client.get(url, headers={"Accept": "application/ld+json"})).text
                    assert f'"{base}api/v1/catalogue' in text
                    assert ("asked.example" in text) == (of is parts)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_a_header_changes_no_method(door: Door, name: str) -> None:
    for operation in door.operations:
        if operation.reads:
            method, url, _ = ask(operation)
            for says in ("DELETE", "PUT"):
                answer = await door.client.post(
                    f"{url}{'&' if '?' in url else '?'}_method={says}", headers={name: says}
                )
                assert answer.status_code in {404, 405, 422}, (operation.id, answer.text)
            assert (await door.client.request(method, url, headers={name: "DELETE"})).status_code < 500


@pytest.mark.asyncio(loop_scope="module")
async def test_methods_that_nobody_declared_are_refused(door: Door) -> None:
    for operation in door.operations:
        _, url, _ = ask(operation)
        for method in ("TRACE", "PROPFIND", "X"):
            answer = await door.client.request(method, url, headers={"Cookie": "secret=1"})
            assert answer.status_code == 405, (operation.id, method)
            assert "secret=1" not in answer.text
            assert operation.method in answer.headers["allow"].split(", "), operation.id


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

XML = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'

STRANGE: tuple[tuple[str | None, bytes | Callable[[bytes], bytes]], ...] = (
    ("application/xml", XML),
    ("application/json", XML),
    ("application/x-yaml", b"!!python/object/apply:os.system ['id']"),
    ("application/x-www-form-urlencoded", b"dry_run=false&ids=1"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="ids"\r\n\r\n1\r\n--x--'),
    ("text/plain", lambda good: good),
    (None, lambda good: good),
    ("application/json; charset=utf-16", lambda good: good.decode().encode("utf-16")),
    ("application/json", lambda good: good.decode().encode("utf-16")),
    ("application/json", lambda good: good.decode().encode("utf-32")),
    ("application/json; charset=utf-7", b"+AHsAfQ-"),
    ("application/json", b"\xff\xfe{}"),
    ("application/json", lambda good: good[:-1]),
    ("application/json", lambda good: good + good),
    ("application/json", b"[" * 100_000),
    ("application/json", b'{"a":' * 50_000),
    ("application/json", b"null"),
    ("application/json", b"NaN"),
    ("application/json", b'"' + b"\\ud800" + b'"'),
    ("application/json", b"1" + b"0" * 5000),
    ("application/json", b""),
)
"""Media type and body of requests that are none for a route that takes JSON; a function makes one of a good body."""


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_json_is_refused(door: Door) -> None:
    taking = [one for one in door.operations if one.has_body and ask(one)[2] is not None]
    assert len(taking) > 6
    for operation in taking:
        method, url, body = ask(operation)
        for media, content in STRANGE:
            sent = content(orjson.dumps(body)) if callable(content) else content
            headers = {} if media is None else {"Content-Type": media}
            answer = await door.client.request(method, url, content=sent, headers=headers)
            utf16_is_json = media is not None and "json" in media and answer.status_code == 404  # as RFC 4627 had it
            assert answer.status_code in {400, 415, 422} or utf16_is_json, (operation.id, media, answer.status_code)
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert "root:" not in answer.text


@pytest.mark.asyncio(loop_scope="module")
async def test_every_write_that_is_sent_again_is_answered_as_before(door: Door) -> None:
    writes = [one for one in door.operations if not one.reads]
    assert len(writes) > 12
    for operation in writes:
        method, url, body = ask(operation)
        key = {"Idempotency-Key": f"again-{operation.id}"}
        first, second = [await door.client.request(method, url, json=body, headers=key) for _ in range(2)]
        assert "idempotency-replayed" not in first.headers, operation.id
        if first.status_code == 201 and "secret" in first.text:  # which is told once
            assert second.status_code == 409, operation.id
        else:
            assert second.headers["idempotency-replayed"] == "true", (operation.id, first.text)
            assert (second.status_code, second.content) == (first.status_code, first.content), operation.id


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


DEEP = base64.urlsafe_b64encode(b"[" * 700).decode()

TOKENS = ("x", "=", "AAAA", DEEP, "W05hTl0", token(), token("x"), token("x", 10**18), token({"a": 1}), "a" * 1025, "é")


@pytest.mark.asyncio(loop_scope="module")
async def test_every_list_says_its_bounds(door: Door) -> None:
    lists = [one for one in door.operations if one.is_list]
    assert len(lists) > 20
    for operation in lists:
        _, url, _ = ask(operation)
        join = "&" if "?" in url else "?"
        for limit in ("0", "-1", "1e9", str(10**9), str(2**63), str(10**400), "NaN", "1,1", "٣"):
            answer = await door.client.get(f"{url}{join}limit={limit}")
            told = answer.json()
            assert answer.status_code == 422, (operation.id, limit)
            assert [one["name"] for one in told["errors"]] == ["limit"]
            if limit == str(10**9):
                assert re.search(r"less than or equal to \d+", told["detail"]), operation.id
        for made_up in TOKENS:
            answer = await door.client.get(f"{url}{join}page_token={made_up}")
            assert answer.status_code == 422, (operation.id, made_up)
            assert [one["name"] for one in answer.json()["errors"]] == ["page_token"]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_window_says_its_bound(door: Door) -> None:
    windows = [
        one for one in door.operations if one.reads and {"start", "end"} <= one.query.keys() and one.id not in OF_DAYS
    ]
    assert len(windows) > 8
    unbounded = []
    for operation in windows:
        method, url, _ = ask(operation)
        base = httpx.URL(url).copy_merge_params({"start": "1970-01-01T00:00:00Z", "end": "2199-12-31T00:00:00Z"})
        answer = await door.client.request(method, base)
        assert answer.status_code in {200, 404, 422}, operation.id
        if answer.status_code == 422:
            assert re.search(r"\d+ (days |years )?at most", answer.json()["detail"]), answer.text
        else:
            unbounded.append(operation.id)
        backwards = base.copy_merge_params({"start": WINDOW["end"], "end": WINDOW["start"]})
        assert (await door.client.request(method, backwards)).status_code in {404, 422}, operation.id
    assert set(unbounded) <= BY_PAGE


BY_PAGE = {"listAlerts", "listAudit", "listGaps", "listRestatements", "listEquipmentStopReasons"}
"""Lists whose window is as long as one likes: a page of rows is read in order, and no more."""

OF_DAYS = {"listOpenDataRows"}
"""Lists whose windows are of days, as their view says."""


@pytest.mark.asyncio(loop_scope="module")
async def test_what_may_be_repeated_may_not_without_end(door: Door) -> None:
    described = door.app.openapi()
    repeated = 0
    for operation in door.operations:
        for one in described["paths"][V1 + operation.path][operation.method.lower()].get("parameters", ()):
            listed = [kind for kind in one["schema"].get("anyOf", [one["schema"]]) if kind.get("type") == "array"]
            if one["in"] != "query" or not listed:
                continue
            repeated += 1
            method, url, _ = ask(operation)
            many = "&".join([f"{one['name']}=x"] * 700)
            answer = await door.client.request(method, f"{url}{'&' if '?' in url else '?'}{many}")
            assert answer.status_code == 422, (operation.id, one["name"], answer.status_code)
            assert len(answer.content) < 40_000, operation.id
            words = "enum" in str(listed[0]["items"]) or "$ref" in listed[0]["items"]
            assert words or "at most" in answer.json()["detail"], (operation.id, one["name"], answer.text[:200])
    assert repeated > 10


@pytest.mark.asyncio(loop_scope="module")
async def test_a_thousand_fields_are_too_many(door: Door) -> None:
    for operation in door.operations:
        if "fields" in operation.query:
            _, url, _ = ask(operation)
            join = "&" if "?" in url else "?"
            for fields in (",".join(f"f{number}" for number in range(1000)), "__class__", "a" * 900, "*"):
                answer = await door.client.get(f"{url}{join}fields={fields}")
                assert answer.status_code in {404, 422}, operation.id


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio(loop_scope="module")
async def test_no_table_of_any_list_has_a_cell_that_is_a_formula(door: Door) -> None:
    def fill(connection: Any) -> None:
        row = dict.fromkeys(REFUSALS)
        letters = [
            row
            | {"source": "hobbing-opcua", "address": text, "payload": text.encode(), "reason": text, "received": NOW}
            for text in FORMULAS
        ]
        write_dead_letters(connection, pl.DataFrame(letters, schema=REFUSALS), bounds=Bounds(1000, 2**20))

    await door.app.state.parts.records().run(fill)
    [alert, *_] = (await door.client.get(f"{V1}/alerts?active=true")).json()["items"]
    for text in FORMULAS:
        said = {"comment": text, "person": text}
        assert (await door.client.post(f"{V1}/alerts/{alert['id']}/comments", json=said)).status_code == 200
        span = {"start": "2026-11-24T06:00:00Z", "end": "2026-11-24T07:00:00Z"}
        stop = {**span, "reason": "breakdown", "note": text}
        answer = await door.client.post(f"{V1}/equipment/{HOB}/stop-reasons", json=stop)
        assert answer.status_code in {201, 409, 422}, answer.text
        hook = {"url": "https://127.0.0.1:9/hook", "title": text.strip()}
        assert (await door.client.post(f"{V1}/webhooks", json=hook)).status_code == 201
        await door.client.get(f"{V1}/alerts", params={text: text})
    seen = ""
    for operation in door.operations:
        if not operation.is_list and operation.id != "exportDeadLetters":
            continue
        _, url, _ = ask(operation)
        join = "&" if "?" in url else "?"
        for address in (url, f"{url}{join}format=csv") if operation.id == "exportDeadLetters" else (url,):
            answer = await door.client.get(address, headers={"Accept": "text/csv, */*;q=0.1"})
            if not answer.headers["content-type"].startswith("text/csv"):
                continue
            seen += answer.text
            for row in (*reader(io.StringIO(answer.text)), *reader(io.StringIO(answer.text), delimiter=";")):
                risky = [cell for cell in row if cell[:1] in RISKY and not NUMBER.fullmatch(cell)]
                assert not risky, (operation.id, risky)
    for text in ("'=1+1", "'@SUM(1)", "'\uff1d1+1", "'-2+3"):
        assert seen.count(text) > 1, text


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

CLIMBS = (
    "../../pyproject.toml",
    "%2e%2e/%2e%2e/pyproject.toml",
    "..%2f..%2fpyproject.toml",
    "%252e%252e/pyproject.toml",
    "..%5c..%5cpyproject.toml",
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "....//....//pyproject.toml",
    "page.js/../../app.py",
    "%c0%ae%c0%ae/app.py",
    "page.js%20",
    "con",
    "a" * 5000,
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("climb", CLIMBS)
async def test_nobody_climbs_out_of_a_folder(door: Door, climb: str) -> None:
    for folder in ("/web", "/docs/ui", f"{V1}/exports", "/problems"):
        for end in ("", "/file") if folder.endswith("exports") else ("",):
            scope_path = f"{folder}/{climb}{end}"
            answer = await raw(door.app, scope_path, door.client.headers["X-API-Key"])
            assert answer in {404, 422}, (scope_path, answer)


async def raw(app: FastAPI, target: str, key: str) -> int:
    """Ask for a target as it stands, which clients would tidy up; give the status."""
    path = httpx.URL(f"http://x{target}").path if "%" in target else target
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": target.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"x"), (b"x-api-key", key.encode())],
        "client": ("10.0.0.9", 1),
        "server": ("x", 80),
    }
    statuses: list[int] = []
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]
