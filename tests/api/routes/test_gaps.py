"""The gap ledger."""

from functools import partial
from pathlib import Path

import httpx

import api
from adapters.sources.contract import FilledBy, GapKind
from collector.gaps import add_gap
from collector.records import Records
from tests.api.client import asking_of, items, problem, walk
from tests.api.plant import GRINDER, NOW, Plant

URL = "/api/v1/gaps"
OVERFLOW = GapKind.OVERFLOW


async def test_a_gap_tells_source_interval_cause_and_state(api: httpx.AsyncClient) -> None:
    over, one_signal, lasting = await items(api, URL)
    assert over["source"] == "hobbing-opcua"
    assert (over["start"], over["end"]) == ("2026-11-23T23:15:00Z", "2026-11-23T23:19:00Z")
    assert (over["kind"], over["state"], over["signals"]) == ("outage", "filled", [])
    assert (over["filled_by"], over["samples"], over["resolved"]) == ("history", 1861, "2026-11-23T23:20:00Z")
    assert (one_signal["kind"], one_signal["state"]) == ("sequence", "unfillable")
    assert one_signal["reason"] == "the publisher keeps no messages"
    assert (lasting["state"], lasting["filled_by"], lasting["resolved"]) == ("open", None, None)
    assert over["cause"] == "no answer to the keep-alive within 10 s"
    assert one_signal["signals"] == [f"{GRINDER}/spindle_temperature"]
    assert lasting["end"] is None


async def test_gaps_are_filtered(api: httpx.AsyncClient) -> None:
    assert len(await items(api, URL, source="grinding-mqtt")) == 1
    assert len(await items(api, URL, source=["grinding-mqtt", "injection-opcua"])) == 2
    assert len(await items(api, URL, start="2026-11-24T05:00:00Z")) == 1
    assert len(await items(api, URL, end="2026-11-24T00:00:00Z")) == 1
    assert [gap["kind"] for gap in await items(api, URL, kind="sequence")] == ["sequence"]
    assert len(await items(api, URL, state=["filled", "open"])) == 2
    problem(await api.get(URL, params={"state": "closed"}), 422, "invalid-parameter")
    problem(await api.get(URL, params={"kind": "flood"}), 422, "invalid-parameter")
    problem(await api.get(URL, params={"source": "grinding"}), 404, "unknown-asset")


async def test_one_gap_is_as_in_the_list(api: httpx.AsyncClient) -> None:
    for gap in await items(api, URL):
        assert (await api.get(f"{URL}/{gap['id']}")).json() == gap
    problem(await api.get(f"{URL}/4711"), 404, "unknown-gap")
    problem(await api.get(f"{URL}/first"), 422, "invalid-parameter")


async def test_pages_add_up_to_the_whole_of_gaps_that_began_together(plant: Plant, tmp_path: Path) -> None:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        for number in range(7):
            gap = partial(
                add_gap, source="hobbing-opcua", signals=(), start=NOW, end=NOW, cause=str(number), kind=OVERFLOW
            )
            await records.run(gap)
        async with asking_of(plant, records) as client:
            pages = await walk(client, URL, limit=3)
    assert [[gap["cause"] for gap in page] for page in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_the_page_has_words_for_whatever_makes_and_fills_a_gap() -> None:
    words = (Path(api.__file__).parent / "web" / "words.js").read_text(encoding="utf-8")
    assert [kind for kind in GapKind if f'"gap.kind.{kind}"' not in words] == []
    assert [one for one in FilledBy if f'"gap.by.{one}"' not in words] == []
