"""The alert log of recordings: written again without change, read page by page; and what detectors carry."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analytics.alertlog import (
    After,
    fold,
    read_alert,
    read_alerts,
    read_detectors,
    read_events,
    read_standing,
    unrouted,
    write_alerts,
    write_detectors,
)
from analytics.alerts import Alert
from analytics.sayings import message
from collector.park import Severity
from collector.records import Records
from tests.analytics.plant import at

pytestmark = pytest.mark.every_database


def alert(began: float, ended: float | None = None, *, machine: str = "works/line/press", **keys: Any) -> Alert:
    return Alert(
        **{
            "equipment": machine,
            "signal": f"{machine}/temperature",
            "detector": "limit",
            "key": "high:80",
            "severity": Severity.MEDIUM,
            "code": "limit.high",
            "value": "81",
            "began": at(began),
            "ended": None if ended is None else at(ended),
            "parameters": {"name_en": "t", "name_zh": "t", "value": "81", "limit": "80", "unit": ""},
            **keys,
        }
    )


async def log(records: Records, *alerts: Alert) -> None:
    await records.run(lambda connection: write_alerts(connection, alerts))


async def read(records: Records, **asked: Any) -> list[Alert]:
    return await records.run(lambda connection: read_alerts(connection, **asked))


async def test_alerts_come_back_the_newest_first(records: Records) -> None:
    one, two = alert(0, 10), alert(5)
    await log(records, one, two)
    assert await read(records) == [two, one]
    assert await records.run(lambda connection: read_alert(connection, one.id)) == one
    assert await records.run(lambda connection: read_alert(connection, "none")) is None


async def test_writing_again_changes_only_what_has_changed(records: Records) -> None:
    await log(records, alert(0))
    await log(records, alert(0))
    ended = replace(alert(0, 10), severity=Severity.HIGH)
    await log(records, ended)
    assert await read(records) == [ended]


async def test_alerts_of_recordings_are_over_and_told_to_nobody(records: Records) -> None:
    lasting = alert(0)
    await log(records, lasting)
    standing = await records.run(lambda c: read_standing(c, lasting.id))
    assert standing is not None
    assert (standing.open, standing.active, standing.told) == (False, False, None)
    assert await read(records, active=True) == []
    assert await records.run(read_events) == []
    assert await records.run(lambda c: unrouted(c, 10)) == []


async def test_a_recording_leaves_what_was_seen_live_alone(records: Records) -> None:
    live = alert(0)
    await records.run(lambda c: fold(c, [live], now=at(1), suppressed=lambda _: ""))
    before = await records.run(lambda c: read_standing(c, live.id))
    await log(records, alert(0, 10))
    assert await records.run(lambda c: read_standing(c, live.id)) == before


async def test_what_was_seen_live_takes_over_from_a_recording(records: Records) -> None:
    await log(records, alert(0, 5), alert(60, 70))
    events = await records.run(lambda c: fold(c, [alert(60), alert(0, 5)], now=at(71), suppressed=lambda _: ""))
    assert [(one.kind.value, one.alert) for one in events] == [
        ("raised", alert(0).id),
        ("returned", alert(0).id),
        ("repeated", alert(0).id),
    ]


async def test_an_alert_is_known_by_detector_signal_key_and_begin() -> None:
    assert alert(0).id == replace(alert(0, 9), severity=Severity.LOW).id
    others = [alert(1), alert(0, key="low:1"), alert(0, detector="condition"), alert(0, signal="works/line/press/x")]
    assert len({one.id for one in [alert(0), *others]}) == 5


async def test_alerts_are_chosen(records: Records) -> None:
    over = alert(0, 10)
    lasting = alert(20, machine="works/line/press-2", severity=Severity.HIGH)
    await log(records, over)
    await records.run(lambda c: fold(c, [lasting], now=at(21), suppressed=lambda _: ""))
    assert await read(records, active=True) == [lasting]
    assert await read(records, active=False) == [over]
    assert await read(records, under=["works/line/press"]) == [over]
    assert await read(records, under=["works"]) == [lasting, over]
    assert await read(records, under=[]) == []
    assert await read(records, severities=[Severity.HIGH]) == [lasting]
    assert await read(records, signals=[over.signal]) == [over]
    assert await read(records, start=at(10)) == [lasting]
    assert await read(records, start=at(9), end=at(20)) == [over]


async def test_a_path_is_no_pattern(records: Records) -> None:
    await log(records, alert(0, machine="works/line/press"))
    assert await read(records, under=["work_"]) == []
    assert await read(records, under=["WORKS", "Works/line"]) == []
    assert await read(records, under=["%"]) == []


async def test_pages_follow_each_other_without_holes_or_doubles(records: Records) -> None:
    same = [alert(5, key=f"high:{n}") for n in range(4)]
    everything = [alert(n) for n in range(4)] + same
    await log(records, *everything)
    found: list[Alert] = []
    after = None
    while page := await read(records, after=after, limit=3):
        found += page
        after = After(page[-1].began, page[-1].id)
    assert found == await read(records)
    assert len(found) == len(everything)


async def test_what_detectors_carry_comes_back(records: Records) -> None:
    state = {"last": 10**18 + 1, "rules": {"high:80": {"on": True, "name": "温度"}}}
    await records.run(lambda c: write_detectors(c, "limit", {"a": state, "b": {"last": 1}}))
    await records.run(lambda c: write_detectors(c, "limit", {"b": None}))
    await records.run(lambda c: write_detectors(c, "condition", {"a": {"last": 2}}))
    assert await records.run(lambda c: read_detectors(c, "limit")) == {"a": state}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_message_is_one_line(language: Any) -> None:
    assert "\n" not in message(alert(0), language)
    quiet = alert(0, code="condition.fault", parameters={"name_en": "t", "name_zh": "t", "code": "", "text": ""})
    assert not message(quiet, language).endswith(" ")


def test_began_is_told_in_utc() -> None:
    assert alert(0).began.utcoffset() == timedelta(0)
