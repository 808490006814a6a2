"""Routes name factories, lines, machines, shifts and detectors that are there."""

from pathlib import Path

import pytest

from analytics import erring, health, trouble
from analytics.faults.catalogue import DETECTORS
from collector.config import channels
from collector.load import ConfigError, load
from tests.analytics.installation import install

MAIN = """\
alerts:
  channels: [{name: m, kind: mqtt, host: 127.0.0.1}]
  routes:
    - {channels: [m], ROUTE}
"""


def written(folder: Path, route: str) -> Path:
    install(folder)
    (folder / "parkline.yaml").write_text(MAIN.replace("ROUTE", route), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("route", "says"),
    [
        ("under: [works/line-1/pres]", "4:31: `under`: there is no factory, line or machine `works/line-1/pres`"),
        ("shifts: [dya]", "4:32: `shifts`: no calendar has a shift `dya`; did you mean `day`?"),
        ("detectors: [limits]", "4:35: `detectors`: there is no detector `limits`; did you mean `limit`?"),
        ("detectors: [channel]", "4:35: `detectors`: that a channel fails is told on its `fallback`, or on all others"),
        ("events: []", "4:31: `events`: nothing would be told; name one event or more"),
        ("events: [returned]", "4:31: `events`: none of `channels` is told that an alert lasts, and so nothing else"),
        ('name: "12"', "4:29: `name`: '12' stands for the place of a route without a name; write a word"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, route: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path / "c", route))
    assert says in str(refused.value)


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    route = "under: [works, works/line-1, works/line-1/press, park], shifts: [day], detectors: [limit, detector]"
    (made,) = load(written(tmp_path / "c", route)).installation.alerts.routes
    assert made.under[-1] == "park"


def test_every_detector_can_be_named() -> None:
    by_no_route = {trouble.DETECTOR}
    seen = {one.slug for one in DETECTORS} | {erring.SLUG, health.SLUG, trouble.DETECTOR}
    assert set(channels.DETECTORS) == seen - by_no_route
    assert len(set(channels.DETECTORS)) == len(channels.DETECTORS)


TWO = """\
alerts:
  channels: [{name: m, kind: mqtt, host: 127.0.0.1}, {name: n, kind: mqtt, host: 127.0.0.1}]
  routes:
    - {FIRST}
    - {SECOND}
"""


def two(folder: Path, first: str, second: str) -> Path:
    install(folder)
    main = TWO.replace("FIRST", first).replace("SECOND", second)
    (folder / "parkline.yaml").write_text(main, encoding="utf-8")
    return folder


def test_two_routes_of_one_name_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(two(tmp_path / "c", "name: r, channels: [m], under: [works]", "name: r, channels: [n]"))
    assert "5:14: `name`: there is a route `r` above; give it another name" in str(refused.value)


@pytest.mark.parametrize(
    "first",
    [
        "channels: [m]",  # the second tells it more of what it knows
        "channels: [n], escalate: {after: 5 min, channels: [m]}",  # it knows what was escalated
    ],
)
def test_a_route_may_tell_more_of_what_another_one_told(tmp_path: Path, first: str) -> None:
    made = load(two(tmp_path / "c", first, "channels: [m], events: [acknowledged]")).installation.alerts.routes
    assert made[1].events == ("acknowledged",)


def test_a_route_may_escalate_what_another_one_told(tmp_path: Path) -> None:
    second = "channels: [m], events: [returned], escalate: {after: 5 min, channels: [n]}"
    load(two(tmp_path / "c", "channels: [n]", second))
    with pytest.raises(ConfigError, match="4:31: `events`: none of `channels`"):
        load(written(tmp_path / "d", "events: [returned], escalate: {after: 5 min, channels: [m]}"))
