"""What notices say, to somebody who has just been woken up."""

import pytest

from analytics.alerts import Contribution, Language
from analytics.lifecycle import VISIBLE, AlertEvent, EventKind, Hidden
from analytics.notices import LISTED, Notices
from analytics.notification import EXPIRED, FLOOD_BEGAN, FLOOD_OVER, SUMMARY, Notification, Told, of_event
from analytics.routing import Flood
from analytics.sayings import TEXTS
from collector.park import Severity
from tests.analytics.telling import Life, alert, at, channel, notices, rules

LANGUAGES: tuple[Language, ...] = ("en", "zh")
SHARES = (Contribution("east/line-1/press-1/force", 0.62), Contribution("east/line-1/press-1/temperature", 0.21))


def speaker(language: Language = "en", page_url: str = "http://page") -> Notices:
    return notices(rules([channel("a", language=language)]), page_url)


def told(event: AlertEvent, language: Language = "en", kind: str = "") -> Told:
    return speaker(language).event(event, of_event(event, "a", kind or event.kind.value, now=event.at))


def made(kind: str, reason: str = "") -> Notification:
    return Notification("x", "a", kind, Severity.HIGH, at(29), at(29), reason=reason)


def test_an_alert_says_how_grave_which_machine_what_where_and_since_when() -> None:
    said = told(Life(alert(severity=Severity.HIGH, contributions=SHARES)).events[0])
    identity = alert().id
    assert said["title"] == "[high] Press 1: Force: 83.2 kN is above its limit of 80 kN"
    assert said["text"].splitlines() == [
        "Where: East works › Line 1 › Press 1 (east/line-1/press-1)",  # noqa: RUF001 - as the page has it
        "Since: 2026-03-02 12:00:00",
        "Value: 83.2 kN",
        "Signals: Force 62%, Spindle temperature 21%",
        f"Acknowledge: parkline alert ack {identity}",
        "http://page/#/east/line-1/press-1",
    ]
    assert (said["event"], said["at"], said["data"]["alert"]) == ("alert.raised", "2026-03-02T04:00:00Z", identity)


def test_it_is_said_in_chinese() -> None:
    said = told(Life(alert(severity=Severity.HIGH)).events[0], "zh")
    assert said["title"] == "【高】1号压机：压力：83.2 kN，高于上限 80 kN"  # noqa: RUF001 - Chinese
    assert said["text"].splitlines()[0] == "位置：东厂 › 一线 › 1号压机（east/line-1/press-1）"  # noqa: RUF001 - Chinese


def test_a_return_says_from_when_until_when_and_asks_for_nothing() -> None:
    life = Life(alert())
    said = told(next(one for one in life.end(5) if one.kind is EventKind.RETURNED))
    assert said["title"].startswith("Back to normal: [medium] Press 1")
    assert "From 2026-03-02 12:00:00 to 2026-03-02 12:05:00 (5 min)" in said["text"]
    assert "parkline alert ack" not in said["text"]
    assert "Value:" not in said["text"]  # it would be taken for what is measured now


def test_what_latches_says_how_it_is_reset() -> None:
    life = Life(alert(latching=True))
    said = told(life.end(5)[0])
    assert said["title"].startswith("To be reset: [medium] Press 1")
    assert f"parkline alert reset {life.id}" in said["text"]


def test_what_is_told_again_after_a_shelf_says_so_and_asks() -> None:
    life = Life(alert())
    life.hide(5, Hidden(shelved_until=at(60)))
    said = told(life.hide(60, VISIBLE)[0], kind="raised")
    assert said["title"].startswith("No longer shelved: [medium] Press 1")
    assert f"parkline alert ack {life.id}" in said["text"]


def test_the_message_says_all_of_a_condition() -> None:
    report = "Fault|345|||DOOR OPEN"
    door = alert(signal="east/line-1/press-1/door", detector="condition", code="condition.fault", value=report)
    said = told(Life(door).events[0])
    assert "Value:" not in said["text"]


def test_what_comes_again_says_how_often() -> None:
    life = Life(alert())
    life.end(5)
    said = told(life.again(7)[0])
    assert "Since: 2026-03-02 12:07:00" in said["text"]
    assert "2 times since 2026-03-02 12:00:00" in said["text"]


def test_an_escalation_says_for_how_long_nobody_acknowledged() -> None:
    said = told(Life(alert()).act(EventKind.ESCALATED, 75, "1")[0])
    assert said["title"].startswith("Not acknowledged: ")
    assert "Nobody has acknowledged it for 1 h 15 min." in said["text"]


def test_an_acknowledgement_says_who_and_what() -> None:
    said = told(Life(alert()).act(EventKind.ACKNOWLEDGED, 5, "bearing ordered")[0])
    assert "anna: bearing ordered" in said["text"]
    assert said["data"]["person"] == "anna"


def test_a_shelf_says_until_when() -> None:
    said = told(Life(alert()).hide(5, Hidden(shelved_until=at(60)))[0])
    assert "Until 2026-03-02 13:00:00" in said["text"]


def some(count: int) -> list[tuple[Notification, Told]]:
    lives = [Life(alert(key=f"k{number}", severity=list(Severity)[number % 4])) for number in range(count)]
    return [(of_event(life.events[0], "a", "raised", now=at(0)), told(life.events[0])) for life in lives]


def test_a_summary_counts_all_and_lists_the_gravest() -> None:
    said = speaker().summary(made(SUMMARY, "quiet"), some(24))
    assert said["title"] == "While it was quiet: 24 alerts (critical 6, high 6, medium 6, low 6), 24 still last"
    lines = said["text"].splitlines()
    assert [line.partition("]")[0] for line in lines[:LISTED]] == ["[critical"] * 6 + ["[high"] * 4
    assert lines[LISTED] == "… and 14 more"
    assert len(said["data"]["notices"]) == 24


def test_a_summary_tells_each_alert_as_it_stands() -> None:
    life = Life(alert())
    returned = next(one for one in life.end(5) if one.kind is EventKind.RETURNED)
    both = [(of_event(one, "a", one.kind.value, now=at(5)), told(one)) for one in (life.events[0], returned)]
    said = speaker().summary(made(SUMMARY, "rate"), both)
    assert said["title"] == "More than this channel carries: 1 alert (medium 1), 0 still last"
    assert said["text"].splitlines()[0].endswith("– back to normal")  # noqa: RUF001 - a dash


def test_what_people_did_makes_nothing_last_that_is_over() -> None:
    life = Life(alert())
    life.end(5)
    life.act(EventKind.ACKNOWLEDGED, 6)
    every = [
        (of_event(one, "a", one.kind.value, now=at(6)), told(one))
        for one in life.events
        if one.kind is not EventKind.CLOSED
    ]
    for some_of_it in (every, every[-1:]):
        said = speaker().summary(made(SUMMARY, "quiet"), some_of_it)
        assert said["title"] == "While it was quiet: 1 alert (medium 1), 0 still last"
        assert said["text"].splitlines()[0].endswith("– back to normal")  # noqa: RUF001 - a dash


def test_what_was_acknowledged_and_lasts_is_counted_as_lasting() -> None:
    life = Life(alert())
    life.act(EventKind.ACKNOWLEDGED, 1)
    every = [(of_event(one, "a", one.kind.value, now=at(1)), told(one)) for one in life.events]
    for some_of_it in (every, every[-1:]):
        said = speaker().summary(made(SUMMARY, "quiet"), some_of_it)
        assert said["title"] == "While it was quiet: 1 alert (medium 1), 1 still last"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_few_lines_without_holes(language: Language) -> None:
    life = Life(alert(severity=Severity.CRITICAL, contributions=SHARES))
    every = [
        told(life.events[0], language, kind)
        for kind in ("raised", "repeated", "worsened", "returned", "escalated", "acknowledged", "shelved", "unshelved")
    ]
    speaks = speaker(language)
    flood = Flood(at(5), 13)
    every += [speaks.flood(made(kind, "east"), flood) for kind in (FLOOD_BEGAN, FLOOD_OVER)]
    every += [speaks.summary(made(SUMMARY, reason), some(3)) for reason in ("quiet", "rate", "flood:east", "else")]
    every += [speaks.expired(made(EXPIRED), "b", some(2)), speaks.test("a", at(0))]
    assert len({one["title"] for one in every}) == len(every)
    for one in every:
        assert one["title"].isprintable()
        assert len(one["text"].splitlines()) <= LISTED + 3
        assert "{" not in one["title"] + one["text"]
        assert "None" not in one["title"] + one["text"]


def test_the_texts_of_channels_that_fail_are_among_those_of_alerts() -> None:
    assert {"channel.unreachable", "channel.refused"} <= set(TEXTS)


def test_a_flood_in_a_factory_that_is_gone_is_still_told() -> None:
    said = speaker().flood(made(FLOOD_OVER, "gone"), Flood(at(5), 13))
    assert said["title"] == "Alert flood in gone is over: 13 alerts in 24 min"
