"""The watch: a detector that errs is an alert, and the others go on."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from analytics import erring
from analytics.faults.contract import Carried, Detector, Found, LinkState, Seen
from analytics.faults.ewma import EWMA
from analytics.faults.limits import LIMITS
from analytics.faults.links import LINKS
from analytics.sayings import message
from analytics.watch import Look, Watch
from collector.faultrules.charts import Ewma
from collector.faultrules.rules import SignalFaults
from collector.park import Limit, Park, Signal, Title
from collector.records import Records
from tests.analytics.faults.looking import ns
from tests.analytics.plant import Address, line, machine, park, samples

PRESS = "works/line/press"
HEAT = f"{PRESS}/heat"
SECOND = 1_000_000_000
NOTHING = samples(HEAT, [])


def plant() -> Park:
    heat = Signal(path=HEAT, name="heat", source="plc", address=Address(), type="float", limits=(Limit(high=80),))
    return park(line("works/line", machine(PRESS, heat)))


class Fragile:
    """A detector that cannot stand values above 90."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def look(self, rules: Any, carried: Any, seen: Seen) -> Found:
        del rules, carried
        values = seen.samples["float"].to_list()
        if any(value > 90 for value in values):
            msg = "90 is too much"
            raise ValueError(msg)
        self.seen += values
        return Found()

    def detector(self) -> Detector[Any]:
        def keys(_: Any, __: Carried) -> frozenset[str]:
            return frozenset()

        title = Title(en="Fragile", zh="易碎")
        return Detector("fragile", "none", title, {}, lambda _: {HEAT: None}, self.look, keys)


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Fragile:
    one = Fragile()
    monkeypatch.setattr("analytics.watch.DETECTORS", (one.detector(), LIMITS))
    return one


def seen(watch: Watch, frame: pl.DataFrame, now: int, links: tuple[LinkState, ...] = ()) -> Look:
    look = watch.look(Seen(frame, links=links, now=now * SECOND))
    watch.keep(look)
    return look


def looked(watch: Watch, now: int, *values: tuple[float, Any]) -> Look:
    return seen(watch, samples(HEAT, values).cast({"float": pl.Float64}), now)


def told(looks: Iterable[Look]) -> list[tuple[str, bool]]:
    return [(alert.detector, alert.active) for look in looks for alert in look.alerts]


def test_a_detector_that_errs_is_one_alert_until_it_works_again(fragile: Fragile) -> None:
    watch = Watch(plant(), goes_on=True)
    looks = [
        looked(watch, 1, (0, 70.0)),
        looked(watch, 2, (1, 95.0)),
        looked(watch, 3, (2, 96.0)),
        looked(watch, 4, (3, 71.0)),
    ]
    assert told(looks) == [("limit", True), ("detector", True), ("limit", False), ("detector", False)]
    assert fragile.seen == [70.0, 71.0]
    alert = looks[1].alerts[-1]
    assert message(alert, "en") == (
        "Detector fragile errs and finds nothing until that is mended, the others go on: ValueError: 90 is too much"
    )
    assert "检测器 fragile 出错" in message(alert, "zh")


async def test_what_errs_is_carried_over_a_restart(fragile: Fragile, records: Records) -> None:
    del fragile
    watch = await records.run(lambda connection: Watch.resume(connection, plant()))
    look = looked(watch, 1, (0, 95.0))
    await records.run(lambda connection: watch.write(connection, look))
    again = await records.run(lambda connection: Watch.resume(connection, plant()))
    point = (erring.SLUG, "detector:fragile", erring.KEY)
    assert point in again.points
    assert told([looked(again, 2, (1, 96.0))]) == []
    assert told([looked(again, 3, (2, 70.0))]) == [("limit", False), ("detector", False)]
    await records.run(again.write)
    after = await records.run(lambda connection: Watch.resume(connection, plant()))
    assert point not in after.points


def test_in_a_replay_what_a_detector_raises_is_raised(fragile: Fragile) -> None:
    del fragile
    with pytest.raises(ValueError, match="90 is too much"):
        looked(Watch(plant()), 1, (0, 95.0))


async def test_what_is_to_be_learned_again_is_forgotten_and_what_the_machine_does_is_not(records: Records) -> None:
    faults = SignalFaults(ewma=Ewma())
    heat = Signal(path=HEAT, name="heat", source="plc", address=Address(), type="float", faults=faults)
    plant = park(line("works/line", machine(PRESS, heat)))
    watch = Watch(plant)
    told = pl.concat([samples(f"{PRESS}/state", [(0, "RUN"), (5, "STOP")]), samples(HEAT, [(3, 70.0), (9, 20.0)])])
    look = watch.look(Seen(told, until=dict.fromkeys(watch.signals, ns(10)), now=ns(10)))
    watch.keep(look)
    before = watch.carried(EWMA.slug)[HEAT]
    assert (before["state"], list(before["modes"])) == ("unplanned_stop", [""])
    watch.forget([PRESS])
    left = watch.carried(EWMA.slug)[HEAT]
    assert (left["last"], left["state"], left["modes"]) == (before["last"], "unplanned_stop", {})
    await records.run(watch.write)
    again = await records.run(lambda connection: Watch.resume(connection, plant))
    assert again.carried(EWMA.slug)[HEAT] == left


def test_a_detector_works_again_when_it_has_looked_at_something(fragile: Fragile) -> None:
    watch = Watch(plant(), goes_on=True)
    looks = []
    for second in range(0, 12, 2):
        looks.append(looked(watch, second + 1, (second, 95.0)))
        looks.append(looked(watch, second + 2))  # nothing came: it says nothing of whether it works
        state = samples(f"{PRESS}/state", [(second, "RUN")])
        looks.append(seen(watch, state, second + 2))  # nor does what is none of its signals'
    looks.append(looked(watch, 20, (19, 70.0)))
    assert told(looks) == [("limit", True), ("detector", True), ("limit", False), ("detector", False)]
    assert fragile.seen == [70.0]


def test_a_detector_of_links_works_again_when_it_has_looked_at_links(monkeypatch: pytest.MonkeyPatch) -> None:
    errs = [True, False]

    def look(rules: Any, carried: Any, seen: Seen) -> Found:
        del rules, carried
        if seen.links and errs.pop(0):
            msg = "no such link"
            raise KeyError(msg)
        return Found()

    monkeypatch.setattr("analytics.watch.DETECTORS", (replace(LINKS, look=look), LIMITS))
    watch = Watch(plant(), goes_on=True)
    links = (LinkState("plc", "up", 0, "", 0),)
    looks = [seen(watch, NOTHING, 1, links), looked(watch, 2, (1, 70.0)), seen(watch, NOTHING, 3, links)]
    assert [told([look]) for look in looks] == [[("detector", True)], [], [("detector", False)]]


def test_an_alert_of_a_detector_that_watches_nothing_any_more_ends(fragile: Fragile) -> None:
    del fragile
    watch = Watch(plant(), {erring.SLUG: {"detector:gone": {"began": 0, "reason": "ValueError"}}}, goes_on=True)
    assert told([looked(watch, 1)]) == [("detector", False)]
