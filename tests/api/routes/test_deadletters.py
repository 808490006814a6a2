"""Dead letters, as they came."""

import base64
import csv
import io
from pathlib import Path

import httpx
import orjson
import pytest

from api.routes import deadletters
from collector.deadletters import Bounds, write_dead_letters
from collector.records import Records
from tests.api.client import asking_of, items, problem, walk
from tests.api.plant import Plant
from tests.collector.fakes import refusals

URL = "/api/v1/dead-letters"


async def test_a_dead_letter_is_told_as_it_came(api: httpx.AsyncClient) -> None:
    script, long, binary, text = await items(api, URL)
    assert text["payload"] == '{"value": "ERR"}'
    assert (text["encoding"], text["size"], text["count"]) == ("utf-8", 16, 1)
    assert text["source"] == "grinding-mqtt"
    assert text["signal"] is None
    assert "declare the signal as text" in text["reason"]
    assert script["payload"] == "<script>alert(1)</script>"
    assert binary["encoding"] == "base64"
    assert base64.b64decode(binary["payload"]) == b"\xff\xfe\x00broken"
    assert (long["encoding"], long["size"]) == ("utf-8", 9000)
    assert long["payload"] == "力" * 1365  # cut before the character that the limit falls into


async def test_the_newest_come_first_and_pages_add_up(api: httpx.AsyncClient) -> None:
    whole = await items(api, URL, source="grinding-mqtt")
    assert [letter["id"] for letter in whole] == [4, 3, 2, 1]
    pages = await walk(api, URL, limit=3)
    assert [len(page) for page in pages] == [3, 1]
    assert [letter for page in pages for letter in page] == whole


async def test_an_unknown_source_is_a_problem(api: httpx.AsyncClient) -> None:
    problem(await api.get(URL, params={"source": "nobody"}), 404, "unknown-asset")


@pytest.mark.parametrize("at_once", [200, 3, 2])
async def test_all_are_exported_with_their_whole_payloads(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(deadletters, "_AT_ONCE", at_once)
    lines = await api.get(f"{URL}/export")
    assert lines.headers["content-type"].startswith("application/jsonl")
    assert lines.headers["content-disposition"] == 'attachment; filename="dead-letters.jsonl"'
    letters = [orjson.loads(line) for line in lines.content.splitlines()]
    assert [letter["id"] for letter in letters] == [4, 3, 2, 1]
    assert letters[1]["payload"] == "力" * 3000
    table = await api.get(f"{URL}/export", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows] == ["4", "3", "2", "1"]
    assert rows[2]["encoding"] == "base64"


async def test_what_is_exported_can_be_chosen(api: httpx.AsyncClient) -> None:
    same = {"reason": "declare the signal as TEXT", "source": "grinding-mqtt", "state": "open"}
    assert len((await api.get(f"{URL}/export", params=same)).content.splitlines()) == 4
    assert (await api.get(f"{URL}/export", params={"reason": "no reason says this"})).content == b""
    assert (await api.get(f"{URL}/export", params={"state": "dropped"})).content == b""
    problem(await api.get(f"{URL}/export", params={"source": "nobody"}), 404, "unknown-asset")
    problem(await api.get(f"{URL}/export", params={"format": "parquet"}), 422, "invalid-parameter")


async def test_what_came_is_no_formula_in_a_spreadsheet(plant: Plant, tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://evil.example";"ERR")'
    given = refusals(formula.encode(), b"-12.5", source="grinding-mqtt")
    async with Records(f"sqlite:///{tmp_path}/records.db") as records, asking_of(plant, records) as client:
        await records.run(lambda connection: write_dead_letters(connection, given, bounds=Bounds(100, 2**20)))
        page = await client.get(URL, headers={"Accept": "text/csv"})
        file = await client.get(f"{URL}/export", params={"format": "csv"})
        assert [letter["payload"] for letter in await items(client, URL)] == ["-12.5", formula]
    for table in (page, file):
        payloads = [row["payload"] for row in csv.DictReader(io.StringIO(table.text))]
        assert payloads == ["-12.5", f"'{formula}"]


@pytest.mark.parametrize("name", ["signal", "reason"])
async def test_no_database_is_asked_for_nul(api: httpx.AsyncClient, name: str) -> None:
    problem(await api.get(URL, params={name: "a\0b"}), 422, "invalid-parameter")
