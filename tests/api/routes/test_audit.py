"""Who asked for what, for those who may know it."""

import csv
import io
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import polars as pl
import pytest

from api.app import create_app
from api.auditing import Journal
from api.auth import create_key
from api.roles import Role
from api.seals import Seal, read_seal
from collector.records import Records
from tests.api.client import items, problem, walk, with_records
from tests.api.plant import NOW, Plant

URL = "/api/v1/audit"


class Offices:
    """The API of the plant on records of its own, and clients with keys."""

    def __init__(self, app: httpx.ASGITransport, records: Records, journal: Journal) -> None:
        self._app = app
        self.records = records
        self.journal = journal

    async def client(self, name: str, role: Role, *factories: str) -> httpx.AsyncClient:
        make = partial(create_key, name=name, now=NOW, expires=None, roles=[role], factories=factories or None)
        _, text = await self.records.run(make)
        return httpx.AsyncClient(transport=self._app, base_url="http://parkline.example", headers={"X-API-Key": text})


@pytest.fixture
async def offices(plant: Plant, tmp_path: Path) -> AsyncIterator[Offices]:
    async with plant.parts() as parts, Records(f"sqlite:///{tmp_path}/records.db") as records:
        app = create_app(with_records(parts, records))
        yield Offices(httpx.ASGITransport(app, client=("10.20.3.40", 40000)), records, app.state.journal)
        await app.state.journal.aclose()


async def test_it_tells_who_asked_for_what(offices: Offices) -> None:
    admin = await offices.client("admin", Role.ADMIN)
    li = await offices.client("li, gear works", Role.MAINTENANCE, "gears")
    await li.get("/api/v1/gaps", params={"source": "hobbing-opcua"}, headers={"X-Request-Id": "trace-1"})
    await li.get("/api/v1/equipment/moulds/injection/im-01/states")
    await li.post("/api/v1/dead-letters/drop", json={})
    await li.get("/api/v1/nothing", headers={"X-API-Key": "wrong"})
    await offices.journal.flush()
    stranger, write, foreign, read = (await admin.get(URL)).json()["items"]
    assert (read["number"], read["at"], read["event"]) == (1, "2026-11-24T08:15:00Z", "answer")
    assert (read["name"], read["kind"], read["peer"]) == ("li, gear works", "key", "10.20.3.40")
    assert read["caller"].startswith("key:")
    assert (read["method"], read["operation"], read["status"]) == ("GET", "listGaps", 200)
    assert (read["path"], read["query"]) == ("/api/v1/gaps", "source=hobbing-opcua")
    assert (read["factories"], read["rows"], read["request_id"]) == (["gears"], 0, "trace-1")
    assert read["bytes"] > 0
    assert 0 < read["duration_s"] < 60
    assert (foreign["status"], foreign["operation"], foreign["rows"]) == (422, "listEquipmentStates", None)
    assert (write["method"], write["status"]) == ("POST", 403)
    assert (stranger["status"], stranger["kind"], stranger["caller"], stranger["factories"]) == (
        401,
        "unknown",
        "",
        None,
    )


async def test_only_who_may_audit_reads_it(offices: Offices) -> None:
    for role in Role:
        answer = await (await offices.client("x", role)).get(URL)
        if role is Role.ADMIN:
            assert answer.status_code == 200
        else:
            assert "'audit'" in problem(answer, 403, "forbidden")["detail"]


async def test_who_sees_one_factory_sees_who_saw_that_one_alone(offices: Offices) -> None:
    admin = await offices.client("admin", Role.ADMIN)
    foreman = await offices.client("foreman", Role.ADMIN, "gears")
    for name, factories in (("gears", ["gears"]), ("moulds", ["moulds"]), ("both", ["gears", "moulds"]), ("park", [])):
        await (await offices.client(name, Role.VIEWER, *factories)).get("/api/v1/gaps")
    await (await offices.client("x", Role.VIEWER)).get("/api/v1/gaps", headers={"X-API-Key": "wrong"})
    await offices.journal.flush()
    assert [row["name"] for row in await items(admin, URL)] == ["", "park", "both", "moulds", "gears"]
    [seen] = await items(foreman, URL)
    seal = Seal(await offices.records.run(read_seal))
    assert (seen["name"], seen["number"]) == ("gears", seal.number("audit", 1))  # which says not how many there are
    moulds = next(row["caller"] for row in await items(admin, URL) if row["name"] == "moulds")
    assert await items(foreman, URL, caller=moulds) == await items(foreman, URL, caller="key:nobody") == []


async def test_it_is_filtered_and_paged_and_exported(offices: Offices) -> None:
    admin = await offices.client("admin", Role.ADMIN)
    for number in range(5):
        await admin.get("/api/v1/gaps", params={"source": f"=cmd|'/c calc'!A{number}"})
    await admin.get("/api/v1/sources")
    await offices.journal.flush()
    pages = await walk(admin, URL, limit=2, prefix="/api/v1/gaps", order="oldest")
    assert [[row["number"] for row in page] for page in pages] == [[1, 2], [3, 4], [5]]
    pages = await walk(admin, URL, limit=4, status="4xx")
    assert [[row["number"] for row in page] for page in pages] == [[5, 4, 3, 2], [1]]
    assert [row["path"] for row in await items(admin, URL, status="2xx", prefix="/api/v1/s")] == ["/api/v1/sources"]
    assert await items(admin, URL, method=["POST", "DELETE"]) == []
    assert await items(admin, URL, start="2026-11-24T08:15:01Z") == []
    assert await items(admin, URL, prefix="\n\x1b") == []
    table = await admin.get(URL, params={"prefix": "/api/v1/gaps"}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["number"] for row in rows] == ["5", "4", "3", "2", "1"]
    parquet = await admin.get(URL, headers={"Accept": "application/vnd.apache.parquet"})
    assert pl.read_parquet(io.BytesIO(parquet.content)).height >= 6
    for wrong in ({"status": "9xx"}, {"method": "get"}, {"order": "random"}, {"end": "2026-11-24"}, {"limit": "9999"}):
        problem(await admin.get(URL, params=wrong), 422, "invalid-parameter")


async def test_whatever_is_asked_with_leaves_one_line_that_tells_it(offices: Offices) -> None:
    admin = await offices.client("admin\n2026-11-24 li GET /api/v1/gaps 200", Role.ADMIN)
    await admin.get("/api/v1/gaps%0a%1b%5b2J%e2%80%a8x?source=%0d%0a&api_key=s3cret")
    await admin.get("/api/v1/gaps", params={"source": admin.headers["X-API-Key"]})
    await offices.journal.flush()
    table = (await admin.get(URL, headers={"Accept": "text/csv"})).text
    assert len(table.splitlines()) == 3
    assert table.count("\r\n") == 3
    assert "s3cret" not in table
    assert admin.headers["X-API-Key"].rpartition("_")[2] not in table
    assert r"admin\n2026-11-24 li" in table
    assert r"/api/v1/gaps\n\x1b[2J\u2028x" in table


async def test_every_answer_has_an_id(offices: Offices) -> None:
    admin = await offices.client("admin", Role.ADMIN)
    ids = set()
    for path in (URL, "/api/v1/nothing", "/healthz", "/", "/docs", "/web/page.js"):
        answer = await admin.get(path)
        ids.add(answer.headers["x-request-id"])
    etag = (await admin.get("/api/v1/assets")).headers["etag"]
    same = await admin.get("/api/v1/assets", headers={"If-None-Match": etag})
    assert same.status_code == 304
    ids.add(same.headers["x-request-id"])
    large = await admin.post("/api/v1/dead-letters/drop", content=b" " * 2**21)
    assert large.status_code == 413
    ids.add(large.headers["x-request-id"])
    assert len(ids) == 8
    await offices.journal.flush()
    assert (await items(admin, URL, status="4xx"))[0]["status"] == 413
