"""docs/client.md: what it shows is what is checked and run here."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl
import pytest

from adapters.stores.contract import Store, StoreUnavailableError
from api.auth import create_key
from api.exporting import Exporter
from api.parts import Parts
from api.roles import Role
from collector.records import Records
from collector.settings import ApiSettings, ExportSettings
from tests.api.contract import DOCS
from tests.api.plant import BEGIN, NOW, Plant, build
from tests.api.server import serving
from tests.docs.park import Export, Factory, Park, ProblemError
from tests.docs.tour import acknowledge, listen, tell

DAY: Final = {"start": "2026-11-22T00:00:00+08:00", "end": "2026-11-24T00:00:00+08:00"}


class Exporting(Plant):
    """The plant, as it makes exports."""

    @asynccontextmanager
    async def parts(
        self,
        *,
        open_page: bool = False,
        store: Callable[[], Store] | None = None,
        troubles: Sequence[Exception] = (),
        now: datetime = NOW,
        settings: ApiSettings | None = None,
    ) -> AsyncIterator[Parts]:
        async with Plant.parts(
            self, open_page=open_page, store=store, troubles=troubles, now=now, settings=settings
        ) as parts:
            exports = ExportSettings(folder=self.folder / "exports", spare=0)
            making = replace(parts, settings=parts.settings.model_copy(update={"exports": exports}))
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(Exporter(making).run(stop), name="exports")
                yield making
                stop.set()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Give a plant of its own, with a key of an engineer."""
    plant = build(tmp_path_factory.mktemp("plant"))

    async def key() -> str:
        async with Records(plant.records_url) as records:
            make = partial(create_key, name="an engineer", now=BEGIN, expires=None, roles=[Role.ENGINEER])
            _, text = await records.run(make)
            return text

    return Exporting(plant.folder, asyncio.run(key()))


@pytest.fixture(scope="module")
def troubles() -> list[Exception]:
    return []


@pytest.fixture(scope="module")
def address(own: Plant, troubles: list[Exception]) -> Iterator[str]:
    with serving(own, troubles=troubles) as url:
        yield url


@pytest.fixture
def park(own: Plant, address: str) -> Iterator[Park]:
    with Park(address, own.key, sleep=lambda _: None) as park:
        yield park


def test_the_document_shows_what_is_tested() -> None:
    shown = re.findall(
        r"^```python\n(.*?)^```$", (DOCS / "client.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    there = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("park.py", "tour.py")]
    assert shown == [text.replace("tests.docs.park", "park") for text in there]


def test_it_reads_numbers_page_by_page_and_downloads_an_export(own: Plant, address: str, tmp_path: Path) -> None:
    with Park(address, own.key) as park:
        said = tell(park, tmp_path, DAY)
    assert [re.sub(r"\d+\.\d%", "…", line) for line in said[:2]] == [
        "Gear Works, 2026-11-21: … (version 1)",
        "Gear Works, 2026-11-22: … (version 1)",
    ]
    assert any(line.startswith("Mould Shop") for line in said)
    rows = pl.read_parquet(tmp_path / "gears.parquet")
    assert rows.height > 1000
    assert all(path.startswith("gears/") for path in rows["signal"].unique())


def test_a_page_that_is_as_it_was_is_not_sent_again(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    first = list(park.rows("factories", Factory, limit=1))
    assert [one.path for one in first] == ["gears", "moulds"]
    statuses = []
    ask = park.ask

    def noting(*arguments: Any, **request: Any) -> httpx.Response:
        answer = ask(*arguments, **request)
        statuses.append(answer.status_code)
        return answer

    monkeypatch.setattr(park, "ask", noting)
    assert list(park.rows("factories", Factory, limit=1)) == first
    assert statuses == [304, 304]


def test_it_waits_as_long_as_it_is_told(own: Plant, address: str, troubles: list[Exception]) -> None:
    troubles.append(StoreUnavailableError("lake", "no answer", retry_after=7))
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        troubles.clear()

    with Park(address, own.key, sleep=sleep) as park:
        assert park.read("samples", signal="gears/hobbing/hob-01/parts", **DAY)["items"]
    assert waited == [7]


def test_what_will_not_come_right_is_a_problem_at_once(park: Park) -> None:
    with pytest.raises(ProblemError, match="limit") as raised:
        park.read("gaps", limit=0)
    assert raised.value.type == "/problems/invalid-parameter"


def test_nobody_there_is_asked_again_and_then_told(unused_tcp_port: int) -> None:
    waited: list[float] = []
    park = Park(f"http://127.0.0.1:{unused_tcp_port}", "none", sleep=waited.append, attempts=3)
    with park, pytest.raises(httpx.ConnectError):
        park.read("factories")
    assert waited == [2, 4]


def test_what_a_proxy_says_is_asked_again(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    request, bad = park._http.request, [httpx.Response(502, text="<html>Bad Gateway</html>")]
    monkeypatch.setattr(park._http, "request", lambda *args, **keys: bad.pop() if bad else request(*args, **keys))
    assert park.read("factories")["items"]
    assert not bad
    monkeypatch.setattr(park._http, "request", lambda *_, **__: httpx.Response(403, text="<html>Go away</html>"))
    with pytest.raises(ProblemError, match="Forbidden") as raised:
        park.read("factories")
    assert raised.value.type == "about:blank"


def test_answers_of_long_ago_are_forgotten(park: Park) -> None:
    for number in range(1, 111):
        park.read("factories", limit=number)
    assert len(park._pages) == 100


def test_a_download_that_nobody_answers_is_given_up(unused_tcp_port: int, tmp_path: Path) -> None:
    waited: list[float] = []
    export = Export(id="1", state="done", problem="", bytes=10, sha256="0", file="/api/v1/exports/1/file")
    park = Park(f"http://127.0.0.1:{unused_tcp_port}", "none", sleep=waited.append, attempts=3)
    with park, pytest.raises(httpx.ConnectError):
        park.download(export, tmp_path / "nothing.csv")
    assert waited == [2, 4]


def test_a_download_that_broke_off_goes_on(own: Plant, address: str, park: Park, tmp_path: Path) -> None:
    file = tmp_path / "states.csv"
    with Park(address, own.key) as slow:
        slow.export(file, what="states", paths=["gears"], format="csv", **DAY)
    whole = file.read_bytes()
    made = park.read("exports", limit=100)["items"]
    export = next(Export.model_validate(one) for one in made if one["asked"]["what"] == "states")
    file.write_bytes(whole[: len(whole) // 3])
    park.download(export, file)
    assert file.read_bytes() == whole
    file.write_bytes(b"x" * len(whole))
    with pytest.raises(RuntimeError, match="not what was exported"):
        park.download(export, file)


def test_a_write_is_done_once_and_listeners_are_told_of_it(
    park: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "last"
    kept.write_text(park.read("events", limit=1)["last"])
    alert = park.read("alerts", state="unacknowledged", limit=1)["items"][0]["id"]
    request, lost = park._http.request, [httpx.ReadError("the answer is lost")]

    def losing(*arguments: Any, **keys: Any) -> httpx.Response:
        answer = request(*arguments, **keys)
        if lost:
            raise lost.pop()
        return answer

    monkeypatch.setattr(park._http, "request", losing)
    assert acknowledge(park, alert) == "acknowledged"
    assert not lost
    assert [one["kind"] for one in park.read(f"alerts/{alert}")["events"]].count("acknowledged") == 1
    event = listen(park, kept)
    told = event.data["data"]
    assert isinstance(told, dict)
    assert (event.topic, told["kind"], told["alert"]) == ("alerts", "acknowledged", alert)
    assert kept.read_text() == str(event.id)
