"""Sources, gaps and dead letters of those who may see one factory, or none: what is theirs is there, and nothing else.

The link `hobbing-opcua` is the gear works'; the mould shop has signals that come from it, too, which is why what is
noted of it may be of either. The link of the mould shop is its own.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import orjson
import polars as pl
import pytest

from adapters.sources.contract import GapKind
from api.parts import Parts
from api.roles import Role
from api.seals import PLAIN, Kind, Seal, read_seal
from collector.conflictlog import add_doubles
from collector.conflicts import Conflict, Doubles
from collector.deadletters import Bounds, Choice, read_dead_letters, write_dead_letters
from collector.gaps import GAPS, add_gap
from collector.letter import LETTERS
from collector.links import Link, write_links
from collector.park import Park
from collector.records import Records
from collector.redecoding import Told
from tests.api.client import asking_as, items, problem, walk
from tests.api.plant import GRINDER, HOB, NOW, PARK, PRESS, Plant, links

OURS: Final = "hobbing-opcua"
"""The link that signals of both factories come from; it is the gear works'."""

THEIRS: Final = "injection-opcua"
"""The mould shop's own."""

NOBODYS: Final = "nobody-opcua"
"""A link that the park has no more."""

SIGNAL, FOREIGN = f"{HOB}/parts", f"{PRESS}/parts"

Asking: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def shared() -> Park:
    """Give the park with a machine of the mould shop whose signals come over the gear works' link."""
    gears, moulds = PARK.factories
    [line] = moulds.lines
    press, *rest = line.equipment
    signals = tuple(one.model_copy(update={"source": OURS}) for one in press.signals)
    changed = line.model_copy(update={"equipment": (press.model_copy(update={"signals": signals}), *rest)})
    factories = (gears, moulds.model_copy(update={"lines": (changed,)}))
    return Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield records


@pytest.fixture
async def asked(plant: Plant, records: Records) -> AsyncIterator[Asking]:
    """Give what makes a client whose key opens these factories (None: the park), of an API on the shared park."""
    async with plant.parts() as parts:

        @asynccontextmanager
        async def client(*factories: str | None, role: Role = Role.VIEWER, **changes: Any) -> AsyncIterator[Any]:
            granted = None if None in factories else [one for one in factories if one]
            async with asking_as(changed(parts, **changes), records, granted, role=role) as client:
                yield client

        yield client


def changed(parts: Parts, *, park: Park | None = None, **changes: Any) -> Parts:
    return replace(parts, park=park or shared(), narrowed={}, **changes)


async def alike(asked: Asking, *urls: str) -> None:
    """Hold these addresses to answer the gear works as they would if there were no other factory."""
    async with asked("gears") as client, asked(None, park=shared().only(["gears"])) as alone:
        for url in urls:
            answer, otherwise = await client.get(url), await alone.get(url)
            assert answer.status_code == 404, answer.text
            assert answer.content == otherwise.content


# Sources


async def seal_of(records: Records, *factories: str | None) -> Seal:
    """Give how numbers are told to who may see these factories; None: the park."""
    return PLAIN if None in factories else Seal(await records.run(read_seal))


async def called(records: Records, kind: Kind, numbers: dict[str, int]) -> dict[str, int]:
    """Give what rows are called for whoever sees a part of the park, by the same names."""
    seal = await seal_of(records)
    return {name: seal.number(kind, number) for name, number in numbers.items()}


async def names(client: httpx.AsyncClient, **parameters: Any) -> list[str]:
    return [source["name"] for source in await items(client, "/api/v1/sources", **parameters)]


async def test_each_sees_its_own_sources(asked: Asking) -> None:
    for factories, seen in (
        ((None,), ["grinding-mqtt", OURS, THEIRS]),
        (("gears",), ["grinding-mqtt", OURS]),
        (("moulds",), [THEIRS]),
        (("gears", "moulds"), ["grinding-mqtt", OURS, THEIRS]),
        (("closed-long-ago",), []),
        ((), []),
    ):
        async with asked(*factories) as client:
            assert await names(client) == seen, factories
            assert [one["name"] for page in await walk(client, "/api/v1/sources", limit=1) for one in page] == seen
            for name in (OURS, THEIRS, "grinding-mqtt"):
                answer = await client.get(f"/api/v1/sources/{name}")
                assert answer.status_code == (200 if name in seen else 404), (factories, name)


async def test_one_source_is_as_in_the_list(asked: Asking) -> None:
    async with asked("gears") as client:
        _, ours = await items(client, "/api/v1/sources")
        assert (await client.get(f"/api/v1/sources/{OURS}")).json() == ours


@pytest.mark.parametrize("url", ["/api/v1/sources/", "/api/v1/gaps?source=", "/api/v1/dead-letters?source="])
async def test_a_source_of_others_is_as_one_that_is_not_there(asked: Asking, url: str) -> None:
    await alike(asked, *(f"{url}{name}" for name in (THEIRS, f"{THEIRS}x", NOBODYS, f"{OURS}x")))


async def test_counts_of_a_shared_source_are_for_those_who_may_see_all_of_it(asked: Asking, records: Records) -> None:
    foreign, own = (Conflict(signal, NOW, "1", "2") for signal in (FOREIGN, SIGNAL))
    await records.run(lambda connection: write_links(connection, links()))
    await records.run(lambda connection: add_doubles(connection, {OURS: Doubles(151, 2, foreign)}))
    counted = ("samples", "refusals", "duplicates", "conflicts")
    async with asked(None) as client:
        [whole] = [one for one in await items(client, "/api/v1/sources") if one["name"] == OURS]
    async with asked("gears") as client:
        grinding, ours = await items(client, "/api/v1/sources")
        assert [grinding[name] for name in counted] == [402_118, 37, 0, 0]
        assert [ours[name] for name in counted] == [None] * 4
        assert (ours["signals"], ours["last_conflict"], ours["state"]) == (11, None, "up")
        await records.run(lambda connection: add_doubles(connection, {OURS: Doubles(0, 1, own)}))
        _, ours = await items(client, "/api/v1/sources")
        assert ours["last_conflict"]["signal"] == SIGNAL
    assert [whole[name] for name in counted] == [1_284_551, 0, 151, 2]
    assert (whole["signals"], whole["last_conflict"]["signal"]) == (15, FOREIGN)


async def test_a_recording_is_its_lines(asked: Asking, records: Records) -> None:
    played = [
        Link(f"recording-{line}", "ended", NOW, NOW, NOW, NOW, 12, 0, "")
        for line in ("gears-grinding", "moulds-injection")
    ]
    await records.run(lambda connection: write_links(connection, played))
    async with asked("gears") as client:
        assert await names(client) == ["grinding-mqtt", "recording-gears-grinding", OURS]
    await alike(asked, "/api/v1/sources/recording-moulds-injection")


async def test_a_recording_whose_name_two_lines_give_is_neither_ones(asked: Asking, records: Records) -> None:
    gears, moulds = PARK.factories
    [line] = moulds.lines
    twin = line.model_copy(update={"path": "gears-hobbing/x", "sources": (), "equipment": ()})
    hobbing = gears.lines[0].model_copy(update={"path": "gears/hobbing-x"})
    twins = (
        gears.model_copy(update={"lines": (hobbing,)}),
        moulds.model_copy(update={"id": "gears-hobbing", "lines": (twin,)}),
    )
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": twins})
    name = "recording-gears-hobbing-x"
    await records.run(lambda c: write_links(c, [Link(name, "ended", NOW, NOW, NOW, NOW, 12, 0, "")]))
    for factories, seen in ((("gears",), False), (("gears-hobbing",), False), ((None,), True)):
        async with asked(*factories, park=park) as client:
            assert (name in await names(client)) is seen
            assert (await client.get(f"/api/v1/gaps?source={name}")).status_code == (200 if seen else 404)


# Gaps


@pytest.fixture
async def gaps(records: Records) -> dict[str, int]:
    """Give gaps by what they are of: their numbers."""
    noted = {
        "ours": (OURS, []),
        "own": (OURS, [SIGNAL]),
        "foreign": (OURS, [FOREIGN]),
        "both": (OURS, [FOREIGN, SIGNAL]),
        "gone": (OURS, ["gears/hobbing/scrapped/parts"]),
        "alike": (OURS, [f"GEARS{SIGNAL.removeprefix('gears')}"]),
        "theirs": (THEIRS, []),
        "theirs-own": (THEIRS, [f"{PRESS}/door"]),
        "nobodys": (NOBODYS, [SIGNAL]),
    }
    return {
        what: await records.run(
            partial(add_gap, source=source, signals=signals, start=NOW, end=NOW, cause=what, kind=GapKind.OVERFLOW)
        )
        for what, (source, signals) in noted.items()
    }


async def test_each_sees_its_own_gaps(asked: Asking, gaps: dict[str, int], records: Records) -> None:
    for factories, seen in (
        ((None,), list(gaps)),
        (("gears",), ["ours", "own", "both", "gone"]),
        (("moulds",), ["theirs", "theirs-own"]),
        (("gears", "moulds"), ["ours", "own", "foreign", "both", "gone", "theirs", "theirs-own"]),
        (("closed-long-ago",), []),
        ((), []),
    ):
        seal = await seal_of(records, *factories)
        async with asked(*factories) as client:
            whole = await items(client, "/api/v1/gaps")
            assert [gap["id"] for gap in whole] == [seal.number("gap", gaps[what]) for what in seen]
            assert [gap["cause"] for gap in whole] == seen, factories
            assert [gap for page in await walk(client, "/api/v1/gaps", limit=2) for gap in page] == whole
            for what, kept in gaps.items():
                number = seal.number("gap", kept)
                answer = await client.get(f"/api/v1/gaps/{number}")
                if what in seen:
                    assert answer.json() == next(gap for gap in whole if gap["cause"] == what)
                else:
                    assert problem(answer, 404, "unknown-gap")["detail"] == f"there is no gap {number}"


async def test_a_gap_names_the_signals_that_may_be_seen(asked: Asking, gaps: dict[str, int]) -> None:
    async with asked("gears") as client:
        told = {gap["cause"]: gap["signals"] for gap in await items(client, "/api/v1/gaps")}
    assert told == {"ours": [], "own": [SIGNAL], "both": [SIGNAL], "gone": ["gears/hobbing/scrapped/parts"]}
    async with asked(None) as client:
        assert (await client.get(f"/api/v1/gaps/{gaps['both']}")).json()["signals"] == [FOREIGN, SIGNAL]


@pytest.mark.usefixtures("gaps")
async def test_what_filled_a_gap_is_counted_where_it_is_all_theirs(asked: Asking, records: Records) -> None:
    await records.run(lambda connection: connection.execute(GAPS.update().values(samples=7, state="filled")))
    async with asked("gears") as client:
        told = {gap["cause"]: gap["samples"] for gap in await items(client, "/api/v1/gaps")}
    assert told == {"ours": None, "own": 7, "both": None, "gone": 7}
    async with asked("moulds") as client:
        assert [gap["samples"] for gap in await items(client, "/api/v1/gaps")] == [7, 7]


# Dead letters


NOTED: Final = {
    "ours": (OURS, None, "input"),
    "own": (OURS, SIGNAL, "input"),
    "own-sample": (OURS, SIGNAL, "sample"),
    "foreign": (OURS, FOREIGN, "input"),
    "foreign-sample": (OURS, FOREIGN, "admitted"),
    "alike": (OURS, f"GEARS{SIGNAL.removeprefix('gears')}", "sample"),
    "grinding": ("grinding-mqtt", None, "input"),
    "grinding-own": ("grinding-mqtt", f"{GRINDER}/parts", "input"),
    "theirs": (THEIRS, None, "input"),
    "theirs-own": (THEIRS, f"{PRESS}/door", "input"),
    "nobodys": (NOBODYS, SIGNAL, "sample"),
}
"""Letters by their payloads: source, signal and form."""

GEARS: Final = ["own-sample", "grinding", "grinding-own"]
"""Those that the gear works see: not what came over the shared link as it came, which may hold the others' values."""


@pytest.fixture
async def letters(records: Records) -> dict[str, int]:
    """Give letters by their payloads: their numbers."""
    rows = [
        {
            "source": source,
            "address": "a",
            "signal": signal,
            "payload": payload.encode(),
            "reason": "none",
            "received": NOW,
            "form": form,
            "time": None,
        }
        for payload, (source, signal, form) in NOTED.items()
    ]
    frame = pl.DataFrame(rows, schema=LETTERS)
    await records.run(lambda connection: write_dead_letters(connection, frame, bounds=Bounds(100, 2**20)))
    kept = await records.run(lambda connection: read_dead_letters(connection, limit=100))
    return {letter.payload.decode(): letter.id for letter in kept}


async def payloads(client: httpx.AsyncClient, **parameters: Any) -> set[str]:
    return {letter["payload"] for letter in await items(client, "/api/v1/dead-letters", **parameters)}


async def test_each_sees_its_own_letters(asked: Asking, letters: dict[str, int], records: Records) -> None:
    for factories, seen in (
        ((None,), list(NOTED)),
        (("gears",), GEARS),
        (("moulds",), ["theirs", "theirs-own"]),
        (("gears", "moulds"), [one for one in NOTED if one not in {"alike", "nobodys"}]),
        (("closed-long-ago",), []),
        ((), []),
    ):
        seal = await seal_of(records, *factories)
        ids = {seal.number("letter", letters[one]) for one in seen}
        async with asked(*factories) as client:
            assert await payloads(client) == set(seen), factories
            pages = await walk(client, "/api/v1/dead-letters", limit=2)
            assert {letter["payload"] for page in pages for letter in page} == set(seen)
            lines = (await client.get("/api/v1/dead-letters/export")).content.splitlines()
            assert {orjson.loads(line)["payload"] for line in lines} == set(seen)
            assert {orjson.loads(line)["id"] for line in lines} == ids
            table = (await client.get("/api/v1/dead-letters/export", params={"format": "csv"})).text
            assert {row["payload"] for row in csv.DictReader(io.StringIO(table))} == set(seen)
            assert {int(row["id"]) for row in csv.DictReader(io.StringIO(table))} == ids
            for payload, kept in letters.items():
                number = seal.number("letter", kept)
                answer = await client.get(f"/api/v1/dead-letters/{number}")
                if payload in seen:
                    assert answer.json()["payload"] == payload
                else:
                    body = problem(answer, 404, "unknown-letter")
                    assert body["detail"] == f"there is no dead letter {number}, or none any more"


@pytest.mark.usefixtures("letters")
async def test_no_filter_widens_what_is_seen(asked: Asking) -> None:
    async with asked("gears") as client:
        assert await payloads(client, source=OURS) == {"own-sample"}
        assert await payloads(client, signal=SIGNAL) == {"own-sample"}
        assert await payloads(client, signal="gears") == {"own-sample", "grinding-own"}
        for foreign in (FOREIGN, PRESS, "moulds", "GEARS", "nothing"):
            assert await payloads(client, signal=foreign) == set()


async def test_letters_of_others_are_not_dropped(asked: Asking, letters: dict[str, int], records: Records) -> None:
    letters = await called(records, "letter", letters)
    ids = [*letters.values(), 4711]
    async with asked("gears", role=Role.ENGINEER) as client:
        told = (await client.post("/api/v1/dead-letters/drop", json={"ids": ids, "because": "noise"})).json()["items"]
        results = {one["id"]: one["result"] for one in told}
        again = (await client.post("/api/v1/dead-letters/drop", json={"ids": ids, "because": "noise"})).json()["items"]
    by_payload = {payload: results[number] for payload, number in letters.items()}
    assert by_payload == {payload: "dropped" if payload in GEARS else "unknown" for payload in NOTED}
    assert results[4711] == "unknown"
    assert {one["result"] for one in again} == {"settled", "unknown"}
    assert {one["detail"] for one in again if one["result"] == "unknown"} == {""}
    left = await records.run(lambda connection: read_dead_letters(connection, limit=100))
    assert {letter.payload.decode() for letter in left} == set(NOTED) - set(GEARS)


async def test_letters_of_others_are_not_replayed(asked: Asking, letters: dict[str, int], records: Records) -> None:
    async def replay(choice: Choice, dry_run: bool, asked_by: str) -> list[Told]:  # noqa: FBT001 - as `api.parts.Replay` has it
        del dry_run, asked_by
        chosen = await records.run(lambda connection: read_dead_letters(connection, choice, limit=100))
        return [Told(letter, "refused", 0, 0, "none even now") for letter in chosen]

    letters = await called(records, "letter", letters)
    ids = [*letters.values(), 4711]
    async with asked("gears", role=Role.ENGINEER, replay=replay) as client:
        told = (await client.post("/api/v1/dead-letters/replay", json={"ids": ids})).json()["items"]
    results = {one["id"]: (one["result"], one["detail"]) for one in told}
    own, other = ("refused", "none even now"), ("unknown", "")
    assert {payload: results[number] for payload, number in letters.items()} == {
        payload: own if payload in GEARS else other for payload in NOTED
    }
    assert results[4711] == other
