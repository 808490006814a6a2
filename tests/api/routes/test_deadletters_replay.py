"""Dead letters are replayed by who may, as the files say now, and once; or dropped, by who may."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import polars as pl
import pytest

from adapters.sample import PAYLOAD_KEPT
from api.auth import create_key
from api.role import serving
from api.roles import Role
from collector.assembly import open_records, open_spool
from collector.deadletters import Bounds, write_dead_letters
from collector.load import Config, load
from collector.spool.contract import SpoolFullError
from collector.spool.sqlite import SqliteSpool
from tests.api.client import asking, items, problem
from tests.api.installation import install
from tests.collector.fakes import NOON, refusals

URL = "/api/v1/dead-letters"
REPLAY = f"{URL}/replay"
DROP = f"{URL}/drop"

LINE = """\
line: line
factory: works
sources:
  - {name: broker, kind: mqtt, host: nowhere.invalid}
equipment:
  - id: press
    signals:
      - {name: door, source: broker, topic: door, type: TYPE}
"""

PARK = """\
id: park
calendars:
  always: {shifts: [{name: all, start: "00:00", end: "00:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    """Give an installation with three letters: 1 fits a text, 2 fits a truth value, 3 was cut."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text('store: {kind: lake}\nrecords: {url: "sqlite:///data/records.db"}\n')
    write_line(tmp_path, "bool")
    config = load(tmp_path)
    given = refusals(b"OPEN", b"true", b"\xff" * PAYLOAD_KEPT, source="broker").with_columns(address=pl.lit("door"))
    async with open_records(config) as records:
        await records.run(lambda connection: write_dead_letters(connection, given, bounds=Bounds(100, 2**20)))
    return config


def write_line(folder: Path, kind: str) -> None:
    (folder / "lines" / "line.yaml").write_text(LINE.replace("TYPE", kind))


@pytest.fixture
async def operator(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client whose key may operate, of an API that was started before anything was mended."""
    async with serving(config) as parts, asking(parts, key=await key(config, Role.ENGINEER)) as client:
        yield client


async def key(config: Config, *roles: Role) -> str:
    now = datetime.now(UTC)
    async with open_records(config) as records:
        _, text = await records.run(
            lambda connection: create_key(connection, "shift lead", now=now, expires=None, roles=roles)
        )
    return text


async def spooled(config: Config) -> pl.DataFrame:
    async with open_spool(config.installation.spool) as spool:
        return (await spool.read(0, 1000)).samples


async def test_letters_are_replayed_as_the_files_say_now_and_once(operator: httpx.AsyncClient, config: Config) -> None:
    dry = await operator.post(REPLAY, json={"ids": [1, 2, 1, 4711], "dry_run": True})
    assert [(one["id"], one["result"]) for one in dry.json()["items"]] == [
        (1, "refused"),
        (2, "replayed"),
        (4711, "unknown"),
    ]
    assert [letter["state"] for letter in await items(operator, URL)] == ["open"] * 3
    write_line(config.folder, "text")
    done = await operator.post(REPLAY, json={"ids": [1, 2]})
    assert done.status_code == 200
    assert done.json() == {
        "items": [{"id": n, "result": "replayed", "samples": 1, "between": 0, "detail": ""} for n in (1, 2)],
        "dry_run": False,
    }
    found = await spooled(config)
    assert found.select("signal", "text", "time").rows() == [
        ("works/line/press/door", "OPEN", NOON),
        ("works/line/press/door", "true", NOON),
    ]
    again = await operator.post(REPLAY, json={"ids": [2, 1]})
    assert [(one["id"], one["result"]) for one in again.json()["items"]] == [(2, "settled"), (1, "settled")]
    assert "asked by shift lead" in again.json()["items"][0]["detail"]
    assert (await spooled(config)).height == 2


async def test_who_asks_at_the_same_time_replays_a_letter_once(operator: httpx.AsyncClient, config: Config) -> None:
    answers = await asyncio.gather(*(operator.post(REPLAY, json={"ids": [2]}) for _ in range(3)))
    assert sorted(answer.json()["items"][0]["result"] for answer in answers) == ["replayed", "settled", "settled"]
    assert (await spooled(config)).height == 1


async def test_the_list_tells_how_letters_stand(operator: httpx.AsyncClient) -> None:
    await operator.post(REPLAY, json={"ids": [2]})
    assert [letter["id"] for letter in await items(operator, URL)] == [3, 1]
    assert [letter["id"] for letter in await items(operator, URL, state="all")] == [3, 2, 1]
    [replayed] = await items(operator, URL, state="replayed")
    assert (replayed["payload"], replayed["size"], replayed["note"]) == ("", 0, "became 1 sample (asked by shift lead)")
    assert [letter["id"] for letter in await items(operator, URL, reason="JSON", source="broker")] == [3, 1]
    assert await items(operator, URL, signal="works/line/press/door") == []


async def test_one_letter_is_told_whole(operator: httpx.AsyncClient) -> None:
    beginning = (await operator.get(f"{URL}/3")).json()
    assert (beginning["cut"], beginning["size"], beginning["encoding"]) == (True, PAYLOAD_KEPT, "base64")
    assert base64.b64decode(beginning["payload"]) == b"\xff" * 4096
    whole = (await operator.get(f"{URL}/3", params={"whole": True})).json()
    assert base64.b64decode(whole["payload"]) == b"\xff" * PAYLOAD_KEPT
    problem(await operator.get(f"{URL}/4711"), 404, "unknown-letter")
    problem(await operator.get(f"{URL}/first"), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": [0]},
        {"ids": [2**63]},
        {"ids": ["one"]},
        {"ids": list(range(1, 1002))},
        {"ids": [1], "dry": True},
    ],
)
async def test_a_wrong_request_is_a_problem(operator: httpx.AsyncClient, body: dict[str, object]) -> None:
    told = problem(await operator.post(REPLAY, json=body), 422, "invalid-parameter")
    assert told["errors"][0]["in"] == "body"


@pytest.mark.parametrize(
    ("media", "content", "said"),
    [
        ("application/json", '{"ids": [1}', "it is no JSON at character 11: Expecting ',' delimiter"),
        ("application/x-www-form-urlencoded", '{"ids": [1]}', "send JSON, with `Content-Type: application/json`"),
        ("application/json", "[1]", "Input should be a valid dictionary or object to extract fields from"),
    ],
)
async def test_a_body_that_is_none_says_what_to_send(
    operator: httpx.AsyncClient, media: str, content: str, said: str
) -> None:
    answer = await operator.post(REPLAY, content=content, headers={"Content-Type": media})
    told = problem(answer, 422, "invalid-parameter")
    assert told["errors"] == [{"in": "body", "name": "", "detail": said}]
    assert told["detail"] == f"body: {said}"


async def test_letters_are_dropped_with_a_reason_and_once(operator: httpx.AsyncClient) -> None:
    await operator.post(REPLAY, json={"ids": [2]})
    done = await operator.post(DROP, json={"ids": [3, 2, 3, 4711], "because": "  noise of a test "})
    assert done.status_code == 200
    assert [(one["id"], one["result"]) for one in done.json()["items"]] == [
        (3, "dropped"),
        (2, "settled"),
        (4711, "unknown"),
    ]
    assert "became 1 sample" in done.json()["items"][1]["detail"]
    [dropped] = await items(operator, URL, state="dropped")
    assert (dropped["id"], dropped["payload"], dropped["note"]) == (3, "", "noise of a test (asked by shift lead)")
    again = await operator.post(DROP, json={"ids": [3], "because": "once more"})
    assert again.json()["items"] == [{"id": 3, "result": "settled", "detail": "noise of a test (asked by shift lead)"}]
    assert [letter["id"] for letter in await items(operator, URL)] == [1]


@pytest.mark.parametrize("body", [{"ids": [1]}, {"ids": [1], "because": ""}, {"ids": [1], "because": "  "}])
async def test_no_letter_is_dropped_without_a_reason(operator: httpx.AsyncClient, body: dict[str, object]) -> None:
    told = problem(await operator.post(DROP, json=body), 422, "invalid-parameter")
    assert told["errors"][0]["name"].endswith("because")
    assert [letter["state"] for letter in await items(operator, URL)] == ["open"] * 3


@pytest.mark.parametrize(("path", "body"), [(REPLAY, {"ids": [2]}), (DROP, {"ids": [2], "because": "noise"})])
async def test_a_key_that_only_reads_may_change_nothing(config: Config, path: str, body: dict[str, object]) -> None:
    async with serving(config) as parts, asking(parts, key=await key(config, Role.VIEWER)) as reader:
        told = problem(await reader.post(path, json=body), 403, "forbidden")
        assert "operate" in told["detail"]
        assert [letter["state"] for letter in await items(reader, URL)] == ["open"] * 3


async def test_the_open_page_of_this_machine_may_not_replay(tmp_path: Path) -> None:
    install(tmp_path)
    config = load(tmp_path)
    async with serving(config) as parts, asking(parts, peer="127.0.0.1", host="localhost") as page:
        problem(await page.post(REPLAY, json={"ids": [2]}), 401, "unauthorized")


async def test_a_configuration_with_mistakes_is_a_problem_and_changes_nothing(
    operator: httpx.AsyncClient, config: Config
) -> None:
    write_line(config.folder, "number")
    told = problem(await operator.post(REPLAY, json={"ids": [2]}), 409, "configuration-wrong")
    assert "line.yaml" in told["detail"]
    assert [letter["state"] for letter in await items(operator, URL)] == ["open"] * 3


async def test_a_full_spool_is_a_problem_and_changes_nothing(
    operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: SqliteSpool, samples: pl.DataFrame, source: str) -> int:
        del self, samples, source
        msg = "the spool is full"
        raise SpoolFullError(msg)

    monkeypatch.setattr(SqliteSpool, "append", full)
    answer = await operator.post(REPLAY, json={"ids": [2]})
    problem(answer, 503, "spool-unavailable")
    assert answer.headers["Retry-After"]
    assert [letter["state"] for letter in await items(operator, URL)] == ["open"] * 3
