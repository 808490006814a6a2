"""Every list: its rows are the same in every form, by fields and page by page, also while others write.

Lists are those of the routes (`tests.api.fillings`), so that a new one is held to it unasked.
"""

import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any, Final

import httpx
import polars as pl
import pytest
import pytest_asyncio

from api.app import create_app
from api.roles import Role
from tests.api.estate import GEARS, MOULDS, build
from tests.api.fillings import TABLES, V1, Operation, asked
from tests.api.site import Site, asking

MOST: Final = 9
"""Rows of each list that are looked at."""

JSON: Final = "application/json"
CSV, PARQUET, ARROW = TABLES

NOTHING: Final = {"listOpenData", "listOpenDataRows"}
"""Lists that need a view, which these parks have none of; its tests are `tests.api.routes.test_open_data`."""

EMPTY: Final = {"listRestatements"}
"""Lists that have no rows where nothing else is asked for."""

INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

CHANGING: Final = {"last_event", "state", "acknowledged", "note"}
"""Fields that a write may change."""

IN_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


class Lists:
    """The lists of a park, asked by somebody who may do everything."""

    def __init__(self, site: Site, key: str) -> None:
        self.site = site
        self.key = key
        self.operations = [one for one in site.operations if one.is_list and one.id not in NOTHING]

    def url(self, operation: Operation) -> str:
        """Give the address of a list, with what it must be told."""
        return asked(operation, self.site.told(GEARS, None), park=self.site.estate.park.id).url

    async def get(self, url: str, accept: str = JSON) -> httpx.Response:
        """Ask."""
        answer = await self.site.client.get(url, headers={"X-API-Key": self.key, "Accept": accept})
        assert answer.status_code == 200, (url, accept, answer.text)
        return answer

    async def write(self) -> None:
        """Write what lists show: an alert is commented on, a reason said, a webhook and an export asked for."""
        alert = self.site.things[GEARS.id].by_kind["alert"]
        window = {"start": "2026-11-24T03:00:00Z", "end": "2026-11-24T04:00:00Z"}
        for url, body in (
            (f"/alerts/{alert}/comments", {"comment": "seen"}),
            (f"/equipment/{GEARS.paths[0]}/stop-reasons", {**window, "reason": "breakdown"}),
            ("/webhooks", {"url": "https://127.0.0.1:9/hook", "title": "another"}),
            ("/exports", {**window, "what": "alerts"}),
        ):
            answer = await self.site.client.post(V1 + url, json=body, headers={"X-API-Key": self.key})
            assert answer.status_code in {200, 201, 202}, (url, answer.text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lists(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lists]:
    estate = await build(tmp_path_factory.mktemp("listed"), GEARS, MOULDS)
    async with asking(estate, create_app) as site:
        found = Lists(site, await site.key(Role.ADMIN, None, GEARS.tenant))
        await found.write()
        yield found


@pytest.mark.asyncio(loop_scope="module")
async def test_rows_are_the_same_in_every_form_and_page_by_page_while_others_write(lists: Lists) -> None:
    begun, empty = {}, set()
    for operation in lists.operations:
        url = lists.url(operation)
        whole = (await lists.get(more(url, limit=MOST))).json()
        rows = whole["items"]
        if not rows:
            empty.add(operation.id)
            continue
        assert [one for one in texts(whole) if INSTANT.match(one) and not IN_UTC.fullmatch(one)] == [], operation.id
        half = more(url, limit=-(-len(rows) // 2))
        page = await lists.get(half, PARQUET if "fields" in operation.query else JSON)
        if "fields" in operation.query:
            await had_as_tables(lists, operation, rows, page)
        begun[operation.id] = half, next_page(page), rows
    assert empty <= EMPTY
    await lists.write()
    for name, (half, token, whole) in begun.items():
        if len(whole) > 1:
            page = await lists.get(more(half, page_token=token, limit=3 * MOST))
            told = [identity(row) for row in page.json()["items"]]
            rest = [identity(row) for row in whole[-(-len(whole) // 2) :]]
            assert len(told) == len(set(told)), f"{name} gives a row twice"
            assert [one for one in told if one in rest] == rest, name


async def had_as_tables(lists: Lists, operation: Operation, rows: list[dict[str, Any]], page: httpx.Response) -> None:
    """Hold the tables of a list, and the first half of it, to have the rows of its JSON."""
    names = set(rows[0])
    first = pl.read_parquet(BytesIO(page.content))
    assert first.height == -(-len(rows) // 2), operation.id
    assert {one.partition(".")[0] for one in first.columns} == names, operation.id
    url = more(lists.url(operation), limit=MOST)
    arrow = pl.read_ipc_stream(BytesIO((await lists.get(url, ARROW)).content))
    assert (arrow.height, arrow.columns) == (len(rows), first.columns), operation.id
    chosen = [list(rows[0])[-1], next(iter(rows[0]))]
    fewer = (await lists.get(more(url, fields=",".join(chosen)), CSV)).content
    table = pl.read_csv(BytesIO(fewer), infer_schema=False)
    assert table.height == len(rows), operation.id
    assert {one.partition(".")[0] for one in table.columns} == set(chosen), operation.id


def next_page(answer: httpx.Response) -> str:
    """Give the token of the page after this one, as the header `Link` has it; empty: there is none."""
    link = re.search(r"[?&]page_token=([^&>]+)>", answer.headers.get("link", ""))
    return "" if link is None else link[1]


def more(url: str, **parameters: Any) -> str:
    return str(httpx.URL(url).copy_merge_params(parameters))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def identity(row: dict[str, Any]) -> str:
    """Give what tells a row from others, whatever happens to it."""
    return str(row["id"]) if "id" in row else str({name: row[name] for name in sorted(row.keys() - CHANGING)})
