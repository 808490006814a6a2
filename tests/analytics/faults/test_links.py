"""Links: one alert for a lost source, one for a lost network, one for a silent collector."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerts import Alert
from analytics.faults.contract import Carried, LinkState, Seen
from analytics.faults.links import LINKS
from analytics.sayings import message
from collector.park import Park, Severity, Title
from tests.analytics.plant import EXAMPLES, at, line, machine, park

SECOND = 10**9
BEGIN = int(at(0).timestamp()) * SECOND


def ns(seconds: float) -> int:
    return BEGIN + round(seconds * SECOND)


def plant(*sources: str, lines: int = 1) -> Park:
    """Give a park whose lines have a machine per source; sources are named by line and name where there are several."""
    made = []
    for number in range(lines):
        names = [f"{name}{number}" if lines > 1 else name for name in sources]
        path = f"works/line{number}"
        made.append(line(path, *[machine(f"{path}/{name}", source=name) for name in names], title=Title(zh="一线")))
    return park(*made, zone="Asia/Shanghai")


class Looking:
    """Looks at links, and carries on what JSON gives back."""

    def __init__(self, of: Park) -> None:
        self.rules = LINKS.rules(of)
        self.carried: dict[str, Carried] = {}
        self.alerts: dict[str, Alert] = {}

    def look(
        self, now: float, states: Mapping[str, tuple[str, float]], heard: float | None = None, begun: float = -1000
    ) -> list[Alert]:
        """Look at `now` at sources: state, and since when; has looked since `begun`."""
        seen = ns(now if heard is None else heard)
        links = [
            LinkState(name, state, ns(since), "cable" * (state != "up"), seen)
            for name, (state, since) in states.items()
        ]
        found = LINKS.look(self.rules, self.carried, Seen(links=tuple(links), now=ns(now), begun=ns(begun)))
        self.carried |= json.loads(json.dumps(found.carried))
        self.alerts |= {alert.id: alert for alert in found.alerts}
        return list(found.alerts)

    @property
    def lasting(self) -> set[str]:
        """Give the subjects of what lasts, which is what the detector says lasts."""
        carried = {
            subject
            for subject, rule in self.rules.items()
            if (kept := self.carried.get(subject)) is not None and LINKS.keys(rule, kept)
        }
        assert carried == {alert.signal for alert in self.alerts.values() if alert.active}
        return carried


def test_a_source_that_is_lost_for_long_enough_is_one_alert_until_it_returns() -> None:
    looking = Looking(plant("plc", "mqtt"))
    looking.look(0, {"plc": ("up", -100), "mqtt": ("up", -100)})
    for second in range(1, 35):
        assert looking.look(second, {"plc": ("down", 5), "mqtt": ("up", -100)}) == []
    (lost,) = looking.look(35, {"plc": ("down", 5), "mqtt": ("up", -100)})
    assert (lost.equipment, lost.signal, lost.began, lost.severity) == (
        "works/line0",
        "source:plc",
        at(5),
        Severity.HIGH,
    )
    assert message(lost, "en") == (
        "Network or device link plc lost since 2026-03-02 08:00:05, machines concerned 1: cable"
    )
    assert "自 2026-03-02 08:00:05 起中断" in message(lost, "zh")
    assert looking.look(36, {"plc": ("down", 5), "mqtt": ("up", -100)}) == []
    (refused,) = looking.look(37, {"plc": ("refused", 5), "mqtt": ("up", -100)})
    assert (refused.id, refused.code) == (lost.id, "link.refused")
    (back,) = looking.look(50, {"plc": ("up", 49), "mqtt": ("up", -100)})
    assert (back.id, back.ended) == (lost.id, at(49))
    assert looking.lasting == set()


def test_a_source_that_has_ended_is_not_lost() -> None:
    looking = Looking(plant("plc"))
    looking.look(0, {"plc": ("up", -100)})
    assert looking.look(500, {"plc": ("ended", 1)}) == []


def test_after_the_collector_was_away_links_have_their_time_again() -> None:
    looking = Looking(plant("plc"))
    looking.look(0, {"plc": ("up", -100)})
    looking.look(3599, {"plc": ("up", -100)}, heard=0)
    assert [alert.ended for alert in looking.look(3600, {"plc": ("down", 0)})] == [at(3600)]  # it was silent
    assert looking.look(3601, {"plc": ("up", 3601)}) == []
    looking.look(3620, {"plc": ("up", 3601)}, heard=3605)
    assert looking.look(3621, {"plc": ("down", 3605)}) == []
    for second in range(3622, 3652):
        found = looking.look(second, {"plc": ("down", 3605)})
    assert [alert.began for alert in found] == [at(3605)]


def test_after_both_were_away_links_have_their_time_again() -> None:
    looking = Looking(plant("plc"))
    looking.look(0, {"plc": ("up", -100)})
    assert looking.look(3600, {"plc": ("down", 0)}, begun=3600) == []
    assert looking.look(3601, {"plc": ("up", 3601)}, begun=3600) == []
    assert looking.look(7200, {"plc": ("down", 3700)}, begun=7200) == []
    for second in range(7201, 7231):
        found = looking.look(second, {"plc": ("down", 3700)}, begun=7200)
    assert [alert.began for alert in found] == [at(3700)]


@pytest.mark.parametrize("apart", [9, 12, 30, 60])
def test_looks_that_are_far_apart_are_no_silence_of_the_collector(apart: int) -> None:
    looking = Looking(plant("plc", "mqtt"))
    found = []
    for second in range(0, 600, apart):
        down = ("down", 100.0) if second >= 100 else ("up", -100.0)
        found += looking.look(second, {"plc": down, "mqtt": ("up", -100.0)}, heard=second - 0.9)
    assert [(alert.signal, alert.began, alert.active) for alert in found] == [("source:plc", at(100), True)]


def test_a_silent_collector_is_one_alert_and_its_links_are_not_judged() -> None:
    looking = Looking(plant("plc", "mqtt", "opcua"))
    states = {"plc": ("up", -9.0), "mqtt": ("down", -1.0), "opcua": ("held", -1.0)}
    looking.look(0, states)
    assert looking.look(30, states, heard=0) == []
    (silent,) = looking.look(31, states, heard=0)
    assert (silent.signal, silent.key, silent.equipment, silent.began) == ("collector", "silent", "park", at(0))
    assert looking.look(500, states, heard=0) == []
    (back,) = looking.look(501, states)
    assert (back.id, back.ended) == (silent.id, at(501))
    assert looking.lasting == set()


def test_sources_lost_together_are_the_network_s_fault() -> None:
    looking = Looking(plant("a", "b", "c", "d", "e"))
    looking.look(0, dict.fromkeys("abcde", ("up", -100)))
    states = {"a": ("down", 1.0), "b": ("down", 8.0), "c": ("down", 20.0), "d": ("up", -100.0), "e": ("up", -100.0)}
    for second in range(1, 32):
        found = looking.look(second, states)
    assert [alert.signal for alert in found] == ["network:works/line0", "source:a"]
    assert (found[0].equipment, found[0].began, found[0].parameters["count"]) == ("works/line0", at(1), "3")
    assert message(found[0], "en") == (
        "Network lost since 2026-03-02 08:00:01: 3 of 5 links of line0 are down: a, b, c"
    )
    for second in range(32, 60):
        looking.look(second, states)
    assert looking.lasting == {"network:works/line0", "source:a", "source:b", "source:c"}
    looking.look(60, {**states, "a": ("up", 60.0)})
    assert looking.lasting == {"source:b", "source:c"}


def test_sources_lost_one_after_the_other_are_not() -> None:
    looking = Looking(plant("a", "b", "c"))
    looking.look(0, dict.fromkeys("abc", ("up", -100)))
    states = {"a": ("down", 1.0), "b": ("down", 100.0), "c": ("down", 200.0)}
    for second in range(1, 300, 5):
        looking.look(second, states)
    assert looking.lasting == {"source:a", "source:b", "source:c"}


def test_a_network_that_several_lines_share_is_the_park_s() -> None:
    looking = Looking(plant("a", "b", "c", lines=2))
    names = [f"{name}{number}" for name in "abc" for number in (0, 1)]
    looking.look(0, dict.fromkeys(names, ("up", -100)))
    for second in range(1, 40):
        looking.look(second, dict.fromkeys(names, ("down", 1.0)))
    assert {one for one in looking.lasting if not one.startswith("source:")} == {"network:park"}
    looking.look(40, dict.fromkeys(names, ("up", 40.0)))
    assert looking.lasting == set()


def test_a_collector_that_holds_everything_is_one_alert() -> None:
    looking = Looking(plant("a", "b", "c"))
    looking.look(0, dict.fromkeys("abc", ("up", -100)))
    for second in range(1, 40):
        looking.look(second, dict.fromkeys("abc", ("held", 1.0)))
    held = [alert for alert in looking.alerts.values() if alert.signal == "collector"]
    assert [(alert.key, alert.code) for alert in held] == [("held", "link.collector_held")]
    assert looking.lasting == {"collector", "source:a", "source:b", "source:c"}


def test_nothing_is_said_of_links_that_nobody_tells_of() -> None:
    looking = Looking(plant("a"))
    assert (looking.look(100, {}), looking.carried) == ([], {})
    assert looking.look(100, {"recording-works-line0": ("down", 1.0)}) == []


@EXAMPLES
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.sampled_from(["up", "down", "held", "refused", "ended"]), st.integers(1, 40)
        ),
        max_size=12,
    )
)
def test_what_lasts_is_what_is_carried_and_nothing_is_told_twice(changes: list[Any]) -> None:
    looking = Looking(plant(*"abcd"))
    states: dict[str, tuple[str, float]] = dict.fromkeys("abcd", ("up", -100.0))
    now, told = 0, list[tuple[str, str, bool]]()
    for name, state, wait in changes:
        if state != states[name][0]:
            states[name] = (state, float(now))
        for _ in range(wait):
            now += 1
            told += [(alert.id, alert.code, alert.active) for alert in looking.look(now, states)]
            assert looking.lasting <= set(looking.rules)
    assert len({one for one in told if not one[2]}) == len([one for one in told if not one[2]])
    looking.look(now + 1, dict.fromkeys("abcd", ("up", float(now + 1))))
    assert looking.lasting == set()


def test_a_link_that_factories_share_counts_the_machines_of_its_own() -> None:
    own = line("works/line", machine("works/line/a"), machine("works/line/b"))
    other = line("foundry/line", machine("foundry/line/c")).model_copy(update={"sources": ()})
    looking = Looking(park(own, other))
    looking.look(0, {"plc": ("up", -100)})
    found = [looking.look(second, {"plc": ("down", 5)}) for second in range(1, 36)]
    [lost] = found[-1]
    assert "machines concerned 2: cable" in message(lost, "en")
