"""Open data: views for whoever is granted them, and no name of anybody."""

import base64
import csv
import io
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from adapters.stores.contract import Store, StoreUnavailableError
from api.auth import create_key
from api.parts import Parts
from api.roles import Role
from collector.deadletters import Choice
from collector.opendata import OpenDataSettings
from collector.records import Records
from collector.redecoding import Told
from collector.settings import ApiSettings
from tests.analytics.opened import DAY, FIRST, ZONES, Rests, contract, opened, park_of, results, view
from tests.api.client import asking, items, problem, walk
from tests.api.plant import UNLIMITED

URL = "/api/v1/open-data"
PARK = park_of(*[["mill"] * 5 + ["lathe"] * 5] * 4, ["saw"], zones=ZONES)
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
VIEWS = opened(
    city=view(
        title={"en": "City", "zh": "城市"},
        kpis=["utilisation", "oee"],
        round={"utilisation": 0.01},
        licence="CC-BY-4.0",
    ),
    whole=view(by="park", period="week", drop=["unit", "coverage"]),
    bank=contract("equipment", kpis=["utilisation"]),
    lines=contract("line", dataset="losses", kpis=["idle_time"], period="week"),
    alarms=view(dataset="alerts", kpis=[]),
    spare=view(dataset="capacity", kpis=[], delay=timedelta(0)),
)


@dataclass
class Site:
    """An API on this park, at a time of one's choice."""

    records: Records
    settings: OpenDataSettings = field(default_factory=lambda: VIEWS)
    now: datetime = datetime(2026, 3, 12, tzinfo=UTC)
    rests: Rests = field(
        default_factory=lambda: Rests(results(PARK, [FIRST + n * DAY for n in range(9)], computed=BEGAN))
    )

    def parts(self) -> Parts:
        return Parts(
            park=PARK,
            settings=ApiSettings(rate=UNLIMITED),
            open_data=self.settings,
            records=lambda: self.records,
            store=self.rests.store,
            now=lambda: self.now,
            replay=no_replay,
        )

    @asynccontextmanager
    async def holding(
        self, *views: str, roles: Collection[Role] = (), factories: Collection[str] | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client whose key opens these views."""
        made = partial(
            create_key, name="k", now=BEGAN, expires=None, roles=list(roles), factories=factories, views=views
        )
        _, text = await self.records.run(made)
        async with asking(self.parts(), key=text) as client:
            yield client


async def no_replay(choice: Choice, dry_run: bool, asked_by: str) -> list[Told]:  # noqa: FBT001 - as `api.parts.Replay` has it
    del choice, dry_run, asked_by
    return []


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield Site(records)


async def test_a_caller_is_shown_the_views_that_it_is_granted(site: Site) -> None:
    async with site.holding("city", "alarms", "gone") as client:
        alarms, city = await items(client, URL)
    assert (alarms["view"], alarms["delay_s"], alarms["dataset"]) == ("alarms", 172_800, "alerts")
    assert city["title"] == {"zh": "城市", "en": "City"}
    assert city["about"] == {"zh": "", "en": ""}
    assert [(one["slug"], one["rounded_to"]) for one in city["numbers"]] == [("utilisation", 0.01), ("oee", None)]
    assert (city["factories"], city["machines"], city["licence"]) == (3, 5, "CC-BY-4.0")
    assert (city["first"], city["told_until"]) == ("2026-03-02", "2026-03-10")
    async with site.holding("whole", "spare") as client:
        spare, whole = await items(client, URL)
    assert spare["delay_s"] is None
    assert whole["fields"] == ["group", "period", "name", "start", "end", "kpi", "value", "suppressed"]


async def test_rows_tell_groups_over_local_days_without_instants(site: Site) -> None:
    async with site.holding("city") as client:
        rows = await items(client, f"{URL}/city")
    assert [(row["start"], row["group"], row["kpi"]) for row in rows[:5]] == [
        ("2026-03-02", "lathe", "oee"),
        ("2026-03-02", "lathe", "utilisation"),
        ("2026-03-02", "mill", "oee"),
        ("2026-03-02", "mill", "utilisation"),
        ("2026-03-03", "lathe", "oee"),
    ]
    oee, utilisation = rows[:2]
    assert (oee["value"], oee["suppressed"]) == (None, True)
    assert round(utilisation["value"], 2) == utilisation["value"]
    assert (utilisation["unit"], utilisation["coverage"], utilisation["suppressed"]) == ("1", 1.0, False)
    assert (utilisation["end"], utilisation["name"]) == ("2026-03-03", "2026-03-02")
    assert "saw" not in {row["group"] for row in rows}  # one machine


async def test_rows_are_chosen_and_paged(site: Site) -> None:
    async with site.holding("city") as client:
        whole = await items(client, f"{URL}/city")
        pages = await walk(client, f"{URL}/city", limit=3)
        mills = await items(
            client, f"{URL}/city", group="mill", kpi="utilisation", start="2026-03-04", end="2026-03-06"
        )
        none = await items(client, f"{URL}/city", start="2026-04-01")
        problem(await client.get(f"{URL}/city", params={"kpi": "idle_time"}), 422, "invalid-parameter")
        problem(
            await client.get(f"{URL}/city", params={"start": "2026-03-03", "end": "2026-03-03"}),
            422,
            "invalid-parameter",
        )
        problem(await client.get(f"{URL}/city", params={"start": "1772409600"}), 422, "invalid-parameter")
        token = base64.urlsafe_b64encode(b"[1,2,3]").decode().rstrip("=")
        problem(await client.get(f"{URL}/city", params={"page_token": token}), 422, "invalid-parameter")
    assert [row for page in pages for row in page] == whole
    assert {len(page) for page in pages[:-1]} == {3}
    assert [(row["start"], row["group"]) for row in mills] == [("2026-03-04", "mill"), ("2026-03-05", "mill")]
    assert none == []


async def test_what_lies_before_the_first_day_is_not_read_though_it_was_told(site: Site) -> None:
    async with site.holding("city") as client:
        assert await items(client, f"{URL}/city", end="2026-03-04")
        since = VIEWS.views["city"].model_copy(update={"since": FIRST + 2 * DAY})
    site.settings = VIEWS.model_copy(update={"views": {"city": since}})
    async with site.holding("city") as client:
        assert await items(client, f"{URL}/city", start="2026-03-01", end="2026-03-04") == []


async def test_groups_are_chosen_by_what_rows_call_them(site: Site) -> None:
    async with site.holding("whole", "lines") as client:
        lines = await items(client, f"{URL}/lines")
        chosen = await items(client, f"{URL}/lines", group=["nobody", lines[0]["group"]])
        assert chosen == [row for row in lines if row["group"] == lines[0]["group"]]
        assert await items(client, f"{URL}/lines", group=["works1/hall1", ""]) == []


async def test_a_view_is_silent_that_would_tell_what_another_does_not(site: Site) -> None:
    async with site.holding("whole") as client:
        assert await items(client, f"{URL}/whole") == []  # the park without mills and lathes is one saw


async def test_the_same_rows_come_in_every_form(site: Site) -> None:
    site.settings = OpenDataSettings(views={"whole": VIEWS.views["whole"]})
    async with site.holding("whole") as client:
        url = f"{URL}/whole"
        rows = await items(client, url)
        text = (await client.get(url, headers={"Accept": "text/csv"})).text
        parquet = (await client.get(url, headers={"Accept": "application/vnd.apache.parquet"})).content
        arrow = (await client.get(url, headers={"Accept": "application/vnd.apache.arrow.stream"})).content
        some = await items(client, url, fields="start,value")
        problem(await client.get(url, params={"fields": "unit"}), 422, "invalid-parameter")
    assert [row["group"] for row in rows] == ["all", "all"]
    assert [(row["name"], row["kpi"]) for row in rows] == [("2026-W10", "producing_time"), ("2026-W10", "utilisation")]
    assert next(iter(csv.DictReader(io.StringIO(text))))["start"] == "2026-03-02"
    for table in (pl.read_parquet(parquet), pl.read_ipc_stream(arrow)):
        assert table.columns == list(rows[0])
        assert table["value"].to_list() == [row["value"] for row in rows]
    assert some == [{"start": row["start"], "value": row["value"]} for row in rows]


async def test_what_is_asked_twice_is_the_same_and_has_the_same_tag(site: Site) -> None:
    async with site.holding("city", "whole") as client:
        first = await client.get(f"{URL}/city", params={"end": "2026-03-05"})
        site.rests.put(
            results(PARK, [FIRST], computed=site.now, changed={next(iter(PARK.equipment)): {"producing_time": 1.0}})
        )
        site.now += 30 * DAY
        again = await client.get(
            f"{URL}/city", params={"end": "2026-03-05"}, headers={"If-None-Match": first.headers["etag"]}
        )
    assert first.json()["told_until"] == "2026-03-10"
    assert again.json()["items"] == first.json()["items"]
    async with site.holding("city", "whole") as client:
        last = await client.get(f"{URL}/city", params={"end": "2026-03-05"})
        same = {"If-None-Match": last.headers["etag"]}
        assert (await client.get(f"{URL}/city", params={"end": "2026-03-05"}, headers=same)).status_code == 304


async def test_a_view_that_is_not_granted_is_as_one_that_is_not_there(site: Site) -> None:
    async with site.holding("city") as client:
        absent, foreign = await client.get(f"{URL}/nope"), await client.get(f"{URL}/whole")
    told = [problem(answer, 404, "unknown-view") for answer in (absent, foreign)]
    assert told[0]["detail"].replace("nope", "whole") == told[1]["detail"]
    assert site.rests.asked == 0


async def test_a_key_for_views_reads_nothing_else_and_others_read_no_views(site: Site) -> None:
    async with site.holding("city") as client:
        for url in ("/api/v1/kpis", "/api/v1/equipment", "/api/v1/parks", "/api/v1/alerts", "/api/v1/samples"):
            problem(await client.get(url), 403, "forbidden")
    async with site.holding(roles=[Role.VIEWER, Role.ENGINEER]) as client:
        assert "--view VIEW" in problem(await client.get(URL), 403, "forbidden")["detail"]
        problem(await client.get(f"{URL}/city"), 403, "forbidden")
    async with site.holding(roles=[Role.ADMIN]) as client:
        assert await items(client, URL) == []
        problem(await client.get(f"{URL}/city"), 404, "unknown-view")


async def test_a_view_tells_of_the_whole_park_whatever_factories_its_reader_sees(site: Site) -> None:
    async with site.holding("city", factories=["works1"]) as client:
        some = await items(client, f"{URL}/city")
    async with site.holding("city") as client:
        assert await items(client, f"{URL}/city") == some


async def test_nobody_reads_sums_beside_the_machines_that_they_are_of(site: Site) -> None:
    async with site.holding("city", "bank", "alarms") as client:
        assert [one["view"] for one in await items(client, URL)] == ["alarms", "bank"]
        problem(await client.get(f"{URL}/city"), 404, "unknown-view")


@pytest.mark.parametrize(("name", "rows"), [("bank", 8 * 41), ("lines", 5)])
async def test_rows_of_machines_name_nobody(site: Site, name: str, rows: int) -> None:
    names = {PARK.id, *PARK.equipment, *ZONES, "round-the-clock", "mill", "lathe", "saw"}
    for factory in PARK.factories:
        lines = [one.id for one in factory.lines]
        machines = [one.id for line in factory.lines for one in line.equipment]
        names |= {factory.id, *lines, *machines}
    async with site.holding(name) as client:
        answers = [await client.get(f"{URL}/{name}", params={"limit": 40})]
        while (token := answers[-1].json()["next_page_token"]) is not None:
            answers.append(await client.get(f"{URL}/{name}", params={"limit": 40, "page_token": token}))
        refused = await client.get(f"{URL}/{name}", params={"kpi": "mtbf"})
        listed = await client.get(URL)
    texts = [whole_text(answer) for answer in (*answers, refused, listed)]
    assert [(word, text[:200]) for text in texts for word in names if word in text] == []
    found = [row for answer in answers for row in answer.json()["items"]]
    assert len(found) == rows
    assert all(len(row["group"]) == 16 for row in found)


def whole_text(answer: httpx.Response) -> str:
    """Give all that an answer says, its tokens read."""
    text = answer.text + str(answer.headers)
    token = answer.json().get("next_page_token")
    return text if token is None else text + base64.urlsafe_b64decode(token + "==").decode()


async def test_pages_of_pseudonyms_are_in_no_order_of_paths(site: Site) -> None:
    async with site.holding("bank") as client:
        rows = [row for page in await walk(client, f"{URL}/bank", limit=7) for row in page]
    groups = [row["group"] for row in rows if row["start"] == "2026-03-02"]
    assert groups == sorted(groups)
    assert [(row["start"], row["group"]) for row in rows] == sorted((row["start"], row["group"]) for row in rows)
    async with site.holding("bank") as client:
        one = await items(client, f"{URL}/bank", group=groups[3])
    assert {row["group"] for row in one} == {groups[3]}
    assert len(one) == 8


async def test_without_the_store_what_was_told_is_read(site: Site) -> None:
    async with site.holding("city") as client:
        before = await items(client, f"{URL}/city")

    def down() -> Store:
        raise StoreUnavailableError(site.rests.name, "no answer")

    site.now += 3 * DAY
    made = partial(create_key, name="k", now=BEGAN, expires=None, roles=[], views=["city"])
    _, text = await site.records.run(made)
    async with asking(replace(site.parts(), store=down), key=text) as client:
        answer = await client.get(f"{URL}/city")
    assert answer.json()["items"] == before
    assert answer.json()["told_until"] == "2026-03-10"


async def test_nothing_is_told_before_anything_is_due(site: Site) -> None:
    site.now = BEGAN
    async with site.holding("city", "lines") as client:
        (lines,) = await items(client, URL)
        problem(await client.get(f"{URL}/city"), 404, "unknown-view")
        answer: dict[str, Any] = (await client.get(f"{URL}/lines")).json()
    assert lines["told_until"] is None
    assert answer == {"items": [], "next_page_token": None, "told_until": None}
