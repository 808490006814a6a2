"""A detector that errs is an alert like any other, and does not stop the others; so is what none of them looked at.

What is carried of one that errs, by `detector:SLUG`: since when, ns since 1970, and what it said.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from analytics.alerts import Alert
from analytics.faults.contract import Carried, Found, moment
from collector.park import Park, Severity, Title

SLUG: Final = "detector"
"""What sees that a detector errs."""

KEY: Final = "erring"
"""Its only alert of each detector."""

WATCHER: Final = "watcher"
"""What has all of them look, as a subject."""

UNSEEN: Final = "unseen"
"""The watcher's only alert: it passed over samples."""

TEXTS: Final[Mapping[str, Title]] = {
    "detector.erring": Title(
        en="Detector {detector} errs and finds nothing until that is mended, the others go on: {reason}",
        zh="检测器 {detector} 出错，修复前不再检测，其他检测器照常工作：{reason}",  # noqa: RUF001 - Chinese punctuation
    ),
    "detector.unseen": Title(
        en="Not looked at for faults: samples received {start} to {end}, which the store did not give: {reason}",
        zh="{start} 至 {end} 期间收到的数据未做故障检测，因存储未能提供：{reason}",  # noqa: RUF001 - Chinese punctuation
    ),
}
"""What is said of a detector that errs, and of what no detector looked at."""

_LONGEST: Final = 300


def subject_of(detector: str) -> str:
    """Give the subject that a detector is."""
    return f"detector:{detector}"


def look(
    park: str, carried: Mapping[str, Carried], erring: Mapping[str, str], idle: Collection[str], now: int
) -> tuple[Found, set[str]]:
    """Tell which detectors began to err and which work again: that shows when they have something to look at.

    Args:
        park: id of the park.
        carried: of those that erred before.
        erring: by slug, what those said that erred in this look.
        idle: slugs of those that had nothing to look at.
        now: the present, ns since 1970.

    Returns:
        What was found, and the subjects that are to be forgotten.
    """
    subjects = {subject_of(slug): reason[:_LONGEST] for slug, reason in erring.items()}
    new = {subject: {"began": now, "reason": reason} for subject, reason in subjects.items() if subject not in carried}
    over = set(carried).difference(subjects, map(subject_of, idle))
    alerts = [_alert(park, subject, kept, None) for subject, kept in new.items()]
    alerts += [_alert(park, subject, carried[subject], max(now, carried[subject]["began"])) for subject in sorted(over)]
    return Found(tuple(alerts), new), over


def unseen(park: Park, received: tuple[datetime, datetime], reason: str, *, since: datetime, now: datetime) -> Alert:
    """Tell that samples were passed over; it is over at once, and told until somebody acknowledges it.

    Args:
        park: whose samples.
        received: between which instants they were received, UTC.
        reason: what kept them from being looked at.
        since: when that was noticed, UTC.
        now: the present, UTC.
    """
    zone = next((factory.zone for factory in park.factories), UTC)
    start, end = (f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}" for instant in received)
    return Alert(
        equipment=park.id,
        signal=subject_of(WATCHER),
        detector=SLUG,
        key=UNSEEN,
        severity=Severity.HIGH,
        code="detector.unseen",
        value="",
        began=since,
        ended=max(now, since),
        parameters={"start": start, "end": end, "reason": reason[:_LONGEST]},
    )


def _alert(park: str, subject: str, kept: Mapping[str, Any], ended: int | None) -> Alert:
    return Alert(
        equipment=park,
        signal=subject,
        detector=SLUG,
        key=KEY,
        severity=Severity.HIGH,
        code="detector.erring",
        value="",
        began=moment(kept["began"]),
        ended=None if ended is None else moment(ended),
        parameters={"detector": subject.removeprefix(subject_of("")), "reason": kept["reason"]},
    )
