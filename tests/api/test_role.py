"""The role: it answers until it is told to stop, also while what it stands on is down."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from api.auditcheck import check_audit
from api.auditlog import Wanted, read_audit
from api.role import CannotListenError, serve
from collector.assembly import open_records
from collector.load import Config, load
from tests.api.client import problem
from tests.api.installation import install


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Run the role for the length of the block, and hold that it stops when told."""
    stop = asyncio.Event()
    address = f"http://127.0.0.1:{config.installation.api.port}"
    async with httpx.AsyncClient(base_url=address) as client, asyncio.TaskGroup() as group:
        role = group.create_task(serve(config, stop))
        await _answers(client)
        yield client
        stop.set()
        async with asyncio.timeout(8):
            await role


async def _answers(client: httpx.AsyncClient, path: str = "/healthz") -> None:
    """Ask until the answer is good."""
    async with asyncio.timeout(10):
        while True:
            try:
                if (await client.get(path)).is_success:
                    return
            except httpx.ConnectError:
                pass
            await asyncio.sleep(0.02)


async def test_it_answers_and_stops_and_leaves_signals_alone(tmp_path: Path) -> None:
    install(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    async with running(load(tmp_path)) as client:
        assert (await client.get("/api/v1/assets")).json()["id"] == "park"
        assert (await client.get("/api/v1/kpis")).json() == {"items": [], "next_page_token": None}
        assert signal.getsignal(signal.SIGTERM) is before
        assert "server" not in (await client.get("/")).headers
    with pytest.raises(httpx.TransportError):
        await httpx.AsyncClient().get(str(client.base_url))


async def test_what_was_asked_before_a_stop_is_in_the_audit_after_it(tmp_path: Path) -> None:
    install(tmp_path)
    config = load(tmp_path)
    async with running(config) as client:
        for _ in range(3):
            assert (await client.get("/api/v1/gaps")).status_code == 200
        assert (await client.post("/api/v1/dead-letters/drop", json={})).status_code == 401
        async with client.stream("GET", "/api/v1/events", headers={"Accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
    async with open_records(config) as records:
        rows = await records.run(partial(read_audit, wanted=Wanted(), limit=10, newest_first=False))
        verdict = await check_audit(records.run)
    told = [(row.entry.method, row.entry.path, row.entry.status, row.entry.event) for row in rows]
    assert told[:4] == [("GET", "/api/v1/gaps", 200, "answer")] * 3 + [
        ("POST", "/api/v1/dead-letters/drop", 401, "answer")
    ]
    assert told[4:] == [("GET", "/api/v1/events", 200, event) for event in ("begin", "end")]
    assert {row.kind for row in rows} == {"loopback", "unknown"}
    assert (verdict.checked, verdict.faults) == (6, ())


async def test_it_answers_while_the_store_is_down_and_takes_it_up_when_it_is_back(tmp_path: Path) -> None:
    install(tmp_path, lake="blocked/lake")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the lake's folder should be", encoding="utf-8")
    async with running(load(tmp_path)) as client:
        assert "lake" in problem(await client.get("/api/v1/kpis"), 503, await _kind(client))["detail"]
        assert (await client.get("/api/v1/alerts")).status_code == 200
        ready = (await client.get("/readyz")).json()
        assert {check["name"]: check["ok"] for check in ready["checks"]}["store"] is False
        blocked.unlink()
        await _answers(client, "/api/v1/kpis")


async def _kind(client: httpx.AsyncClient) -> str:
    """Give the kind of problem that the store's state is told as: refused or unavailable."""
    kind: str = (await client.get("/api/v1/kpis")).json()["type"].rpartition("/")[2]
    assert kind in {"store-refused", "store-unavailable"}
    return kind


async def test_it_answers_while_the_records_are_down(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "data").write_text("a file where the records' folder should be", encoding="utf-8")
    main = tmp_path / "parkline.yaml"
    main.write_text(main.read_text(encoding="utf-8").replace("data/lake", "elsewhere/lake"), encoding="utf-8")
    async with running(load(tmp_path)) as client:
        problem(await client.get("/api/v1/alerts"), 503, "records-unavailable")
        assert (await client.get("/api/v1/kpis")).status_code == 200
        assert (await client.get("/")).status_code == 200


async def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    port = install(tmp_path)
    told = pytest.raises(CannotListenError, match=rf"127\.0\.0\.1 port {port}.*`port` under `api:`")
    with socket.create_server(("127.0.0.1", port)), told:
        await serve(load(tmp_path), asyncio.Event())


async def test_keys_that_can_be_read_on_the_way_are_told(tmp_path: Path) -> None:
    install(tmp_path)
    config = load(tmp_path)
    heard = config.installation.api.model_copy(update={"host": "192.0.2.1"})  # of documents (RFC 5737): never ours
    config = replace(config, installation=config.installation.model_copy(update={"api": heard}))
    with capture_logs() as logs, pytest.raises(CannotListenError):
        await serve(config, asyncio.Event())
    (told,) = [log for log in logs if log["event"] == "no TLS"]
    assert "write `tls` under `api:`" in told["remedy"]
