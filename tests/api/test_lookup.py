"""What there is instead of a name that is not there, and what those see whom nothing is granted."""

from dataclasses import replace
from difflib import get_close_matches

import pytest

from api import lookup
from api.callers import Caller
from api.errors import ProblemError
from api.lookup import (
    assets_asked,
    equipment_at,
    factory_at,
    known_assets,
    known_sources,
    line_at,
    signal_at,
    sources_asked,
    trees_asked,
    under,
)
from api.parts import Parts
from collector.park import Park
from tests.api.plant import GRINDER, HOB, PARK, PRESS, Plant


@pytest.fixture
async def whole(plant: Plant) -> Parts:
    async with plant.parts() as parts:
        return parts


def seen_by(parts: Parts, *factories: str) -> Parts:
    return parts.seen_by(Caller("key:1", "k", frozenset(), frozenset(factories)))


@pytest.mark.parametrize(
    ("find", "wanted", "hint"),
    [
        (factory_at, "gear", "no factory 'gear'; did you mean gears?"),
        (line_at, "gears/hobing", "no line 'gears/hobing'; did you mean gears/hobbing?"),
        (line_at, "gear/hobing", "no line 'gear/hobing'; did you mean gears/hobbing?"),
        (equipment_at, "gears/hobbing/hob-03", "did you mean gears/hobbing/hob-02 or gears/hobbing/hob-01?"),
        (equipment_at, "gears/hob-01", "did you mean gears/hobbing/hob-01?"),
        (signal_at, f"{HOB}/partz", f"did you mean {HOB}/parts?"),
        (signal_at, "gear/hobbin/hob-1/door", f"did you mean {HOB}/door?"),
    ],
)
def test_a_likely_name_is_suggested(find: object, wanted: str, hint: str) -> None:
    assert callable(find)
    with pytest.raises(ProblemError) as told:
        find(PARK, wanted)
    assert told.value.detail.endswith(hint)


@pytest.mark.parametrize(
    "wanted", ["", "/", "x", "gears/", "gears//", "a/b/c/d/e/f", "/" * 3000, "gears/hobbing/hob-01/"]
)
def test_what_is_like_nothing_suggests_nothing_false(wanted: str) -> None:
    with pytest.raises(ProblemError, match="there is no signal"):
        signal_at(PARK, wanted)


def test_of_a_great_park_few_names_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    [gears, _] = PARK.factories
    hob = PARK.equipment[HOB]
    signals = tuple(
        hob.signals[0].model_copy(update={"path": f"{HOB}-{n}/signal_{m}"}) for n in range(500) for m in range(40)
    )
    line = gears.lines[0].model_copy(update={"equipment": (hob.model_copy(update={"signals": signals}),)})
    factories = (gears.model_copy(update={"lines": (line,)}),)
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})
    compared = []

    def close(name: str, names: list[str], n: int) -> list[str]:
        compared.extend(names)
        return get_close_matches(name, names, n)

    monkeypatch.setattr(lookup, "get_close_matches", close)
    with pytest.raises(ProblemError, match="did you mean gears/hobbing/hob-01-499/signal_9"):
        signal_at(park, f"{HOB}-499/signal_9x")
    assert len(compared) <= 40  # to compare all 20,000 signals takes a second


def test_nothing_granted_is_nothing_seen(whole: Parts) -> None:
    for parts in (seen_by(whole), seen_by(whole, "closed-long-ago")):
        assert (assets_asked(parts, None), trees_asked(parts, None), sources_asked(parts, None)) == ([], [], [])
        assert not under("gears", trees_asked(parts, None))
        for find, path in ((factory_at, "gears"), (line_at, "gears/hobbing"), (equipment_at, HOB)):
            with pytest.raises(ProblemError, match="there is no"):
                find(parts.park, path)


def test_one_factory_granted_is_one_seen(whole: Parts) -> None:
    parts = seen_by(whole, "gears")
    assert trees_asked(parts, None) == ["gears"]
    assert sources_asked(parts, None) == [
        "grinding-mqtt",
        "hobbing-opcua",
        "recording-gears-grinding",
        "recording-gears-hobbing",
    ]
    assert all(path.startswith("gears") for path in assets_asked(parts, None) or [PRESS])
    for paths in (["moulds"], ["riverside"], [GRINDER, PRESS], ["Gears"]):
        with pytest.raises(ProblemError, match="there is no asset"):
            known_assets(parts, paths)
    with pytest.raises(ProblemError, match="there is no source"):
        known_sources(parts, ["hobbing-opcua", "injection-opcua"])


def test_a_factory_with_the_parks_name_is_no_park(whole: Parts) -> None:
    park = PARK.model_copy(update={"id": "gears"})
    parts = seen_by(replace(whole, park=park, narrowed={}), "gears")
    assert trees_asked(parts, ["gears"]) == ["gears"]


def test_below_a_path_is_what_its_segments_say() -> None:
    assert under("gears/hobbing", ["gears"])
    assert under("gears", ["gears"])
    assert not under("gears-2/hobbing", ["gears"])
    assert under("anything", None)
