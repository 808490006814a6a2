"""Sources and how their links stand."""

from datetime import timedelta
from pathlib import Path

import httpx

from collector.conflictlog import add_doubles
from collector.conflicts import Conflict, Doubles
from collector.links import Link, write_links
from collector.records import Records
from tests.api.client import asking, asking_of, items, problem, walk
from tests.api.plant import NOW, Plant, links


async def test_every_source_tells_how_it_stands(api: httpx.AsyncClient) -> None:
    second, up, down = await items(api, "/api/v1/sources")
    assert (up["name"], up["kind"], up["line"]) == ("hobbing-opcua", "opcua", "gears/hobbing")
    assert (up["state"], up["stale"], up["problem"]) == ("up", False, "")
    assert (up["samples"], up["signals"]) == (1_284_551, 11)
    assert up["last_time"] == "2026-11-24T08:14:57Z"
    assert up["horizon"] == "2026-11-24T08:14:58Z"
    assert second["refusals"] == 37
    assert down["state"] == "down"
    assert "10.20.3.7:4840" in down["problem"]
    assert down["since"] == "2026-11-24T05:40:00Z"


async def test_a_source_the_collector_never_wrote_of_is_unseen(plant: Plant, tmp_path: Path) -> None:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records, asking_of(plant, records) as client:
        sources = await items(client, "/api/v1/sources")
    assert [source["state"] for source in sources] == ["unseen"] * 3
    assert sources[0]["last_time"] is None


async def test_what_a_source_says_twice_is_told(plant: Plant, tmp_path: Path) -> None:
    conflict = Conflict("gears/hobbing/hob-01/spindle_speed", NOW, None, "7.5 (status 0x40000000)")
    async with Records(f"sqlite:///{tmp_path}/records.db") as records, asking_of(plant, records) as client:
        await records.run(lambda connection: add_doubles(connection, {"hobbing-opcua": Doubles(151, 2, conflict)}))
        second, first, _ = await items(client, "/api/v1/sources")
    assert (first["duplicates"], first["conflicts"]) == (151, 2)
    assert first["last_conflict"] == {
        "signal": conflict.signal,
        "time": "2026-11-24T08:15:00Z",
        "earlier": None,
        "later": "7.5 (status 0x40000000)",
    }
    assert (second["duplicates"], second["conflicts"], second["last_conflict"]) == (0, 0, None)


async def test_a_source_the_collector_stopped_writing_of_is_stale(plant: Plant) -> None:
    async with plant.parts(now=NOW + timedelta(minutes=1)) as parts, asking(parts, key=plant.key) as client:
        sources = await items(client, "/api/v1/sources")
    assert all(source["stale"] for source in sources)


async def test_a_recording_stands_beside_the_sources_of_its_line(plant: Plant, tmp_path: Path) -> None:
    ended = Link("recording-gears-grinding", "ended", NOW, NOW, NOW, NOW, 12, 0, "")
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await records.run(lambda connection: write_links(connection, [*links(), ended]))
        async with asking_of(plant, records) as client:
            sources = await items(client, "/api/v1/sources")
            one = (await client.get("/api/v1/sources/recording-gears-grinding")).json()
            problem(await client.get("/api/v1/sources/recording-gears-hobbing"), 404, "unknown-asset")
    assert [source["line"] for source in sources] == [
        "gears/grinding",
        "gears/grinding",
        "gears/hobbing",
        "moulds/injection",
    ]
    assert sources[1] == one
    assert (one["kind"], one["line"], one["state"]) == ("recording", "gears/grinding", "ended")
    assert (one["signals"], one["stale"]) == (4, False)


async def test_sources_come_in_pages_and_as_tables(api: httpx.AsyncClient) -> None:
    whole = await items(api, "/api/v1/sources")
    assert await walk(api, "/api/v1/sources", limit=2) == [whole[:2], whole[2:]]
    table = await api.get("/api/v1/sources", params={"fields": "name,state"}, headers={"Accept": "text/csv"})
    assert table.text.splitlines()[0] == "name,state"
    assert len(table.text.splitlines()) == 4
