"""Suppression: nobody is told of what has its cause elsewhere, and everybody of what is not known to have."""

from typing import Any

import pytest

from analytics.alerts import Alert, alert_id
from analytics.faults.contract import LinkState
from analytics.faults.links import COLLECTOR, HELD_KEY, LOST, SILENT_KEY
from analytics.suppression import Design, Situation, Suppression, started
from collector.park import Severity
from tests.analytics.plant import at, line, machine, park, state_signal

SECOND = 10**9
BEGIN = int(at(0).timestamp()) * SECOND
PRESS, MILL, SAW = "works/line/press", "works/line/mill", "works/other/saw"
PLANT = park(
    line("works/line", machine(PRESS, source="plc"), machine(MILL, source="opcua")),
    line("works/other", machine(SAW, source="mqtt")),
)
DESIGN = Design(PLANT)


def alert(equipment: str, signal: str, detector: str = "limit", **keys: Any) -> Alert:
    return Alert(
        equipment, signal, detector, keys.pop("key", "high:1"), Severity.LOW, keys.pop("code", "c"), "", at(0), **keys
    )


def by(
    one: Alert,
    *,
    links: dict[str, tuple[str, float]] | None = None,
    lost: dict[tuple[str, str], str] | None = None,
    returned: dict[str, str] | None = None,
    states: dict[str, str] | None = None,
    started: dict[str, float] | None = None,
    now: float = 100,
) -> str:
    known = {
        name: LinkState(name, state, BEGIN + round(since * SECOND), "", 0)
        for name, (state, since) in (links or {}).items()
    }
    began = {path: BEGIN + round(second * SECOND) for path, second in (started or {}).items()}
    situation = Situation(known, lost or {}, returned or {}, states or {}, BEGIN + round(now * SECOND), began)
    return Suppression(DESIGN, situation)(one)


FORCE = alert(PRESS, state_signal(PRESS).path)
WHOLE = alert(PRESS, PRESS, "multivariate")


@pytest.mark.parametrize("one", [FORCE, WHOLE])
@pytest.mark.parametrize("state", ["down", "refused", "held"])
def test_a_lost_source_suppresses_what_rests_on_it(one: Alert, state: str) -> None:
    would_be = alert_id("link", "source:plc", LOST, at(60))
    assert by(one, links={"plc": (state, 60)}) == would_be
    assert by(one, links={"plc": (state, 60)}, lost={("source:plc", LOST): "parent"}) == "parent"
    assert by(one, links={"opcua": (state, 60)}) == ""
    assert by(one, links={"plc": ("up", 60)}) == by(one, links={"plc": ("ended", 60)}) == ""


def test_a_source_that_came_back_is_left_to_settle() -> None:
    links = {"plc": ("up", 95.0)}
    assert by(FORCE, links=links, returned={"plc": "parent"}) == "parent"
    assert by(FORCE, links=links, returned={"plc": "parent"}, now=105) == ""
    assert by(FORCE, links=links) == ""  # it was not lost for long enough to be an alert


def test_a_silent_collector_suppresses_everything_but_itself() -> None:
    lost = {(COLLECTOR, SILENT_KEY): "silent"}
    assert by(FORCE, lost=lost) == by(WHOLE, lost=lost) == "silent"
    assert by(alert("park", COLLECTOR, "link", key=SILENT_KEY), lost=lost) == ""
    assert by(alert("park", "channel:mail", "channel"), lost=lost) == ""


def test_a_network_stands_for_its_sources() -> None:
    plc = alert("works/line", "source:plc", "link", key=LOST, code="link.lost")
    mqtt = alert("works/other", "source:mqtt", "link", key=LOST, code="link.lost")
    network = alert("works/line", "network:works/line", "link", key=LOST, code="link.network")
    lost = {("network:works/line", LOST): "line", ("source:plc", LOST): plc.id}
    assert (by(plc, lost=lost), by(mqtt, lost=lost), by(network, lost=lost)) == ("line", "", "")
    lost[("network:park", LOST)] = "park"
    assert (by(plc, lost=lost), by(mqtt, lost=lost), by(network, lost=lost)) == ("park", "park", "park")
    assert by(alert("park", "network:park", "link", key=LOST, code="link.network"), lost=lost) == ""


def test_a_collector_that_holds_everything_stands_for_what_it_holds() -> None:
    lost = {(COLLECTOR, HELD_KEY): "held"}
    assert by(alert("works/line", "source:plc", "link", key=LOST, code="link.held"), lost=lost) == "held"
    assert by(alert("works/line", "source:plc", "link", key=LOST, code="link.lost"), lost=lost) == ""


@pytest.mark.parametrize(
    ("states", "by_machine", "by_line"),
    [
        ({PRESS: "idle", MILL: "off"}, "machine_runs", "line_runs"),
        ({PRESS: "idle", MILL: "producing"}, "machine_runs", ""),
        ({PRESS: "producing", MILL: "idle"}, "", ""),
        ({PRESS: "unknown", MILL: "idle"}, "", ""),
        ({PRESS: "idle", MILL: "unknown"}, "machine_runs", ""),
        ({}, "", ""),
    ],
)
def test_what_is_told_while_something_runs(states: dict[str, str], by_machine: str, by_line: str) -> None:
    assert by(alert(PRESS, PRESS, when="machine_runs"), states=states) == by_machine
    assert by(alert(PRESS, PRESS, when="line_runs"), states=states) == by_line
    assert by(alert(PRESS, PRESS), states=states) == ""


def test_a_machine_that_stood_is_left_to_come_up_to_speed() -> None:
    one, line = (alert(PRESS, PRESS, when=when) for when in ("machine_runs", "line_runs"))
    assert by(one, states={PRESS: "producing"}, started={PRESS: 71}) == "machine_runs"
    assert by(one, states={PRESS: "producing"}, started={PRESS: 70}) == ""
    assert by(line, states={PRESS: "producing", MILL: "idle"}, started={PRESS: 71}) == "line_runs"
    assert by(line, states={PRESS: "producing", MILL: "producing"}, started={PRESS: 71}) == ""
    assert by(alert(PRESS, PRESS), states={PRESS: "producing"}, started={PRESS: 71}) == ""


def test_since_when_machines_that_stood_produce() -> None:
    stood = {PRESS: "idle", MILL: "producing"}
    run = {PRESS: "producing", MILL: "producing"}
    first = started(stood, run, {}, 5 * SECOND)
    assert first == {PRESS: 5 * SECOND}
    assert started(run, run, first, 34 * SECOND) == first
    assert started(run, run, first, 35 * SECOND) == {}
    assert started(run, stood, first, 9 * SECOND) == {}
    assert started({}, run, {}, 5 * SECOND) == {}
    assert started({PRESS: "unknown"}, run, {}, 5 * SECOND) == {}


def test_a_lost_source_says_more_than_a_machine_that_stands() -> None:
    one = alert(PRESS, PRESS, when="machine_runs")
    assert by(one, states={PRESS: "idle"}, links={"plc": ("down", 60)}, lost={("source:plc", LOST): "p"}) == "p"
