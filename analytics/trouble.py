"""A channel that fails is an alert like any other: told on the others, acknowledged, and over when it works again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from analytics.alerts import Alert
from collector.park import Severity, Title

DETECTOR: Final = "channel"
"""What sees that a channel fails."""

PREFIX: Final = "channel:"
"""What the subject of such an alert begins with; the channel's name follows."""

KEY: Final = "failing"

TEXTS: Final[Mapping[str, Title]] = {
    "channel.unreachable": Title(
        en="Channel {channel} cannot be reached, alerts wait: {reason}",
        zh="通知渠道 {channel} 连接失败，告警暂存待发：{reason}",  # noqa: RUF001 - Chinese has its own commas
    ),
    "channel.refused": Title(
        en="Channel {channel} refuses notices: {reason}",
        zh="通知渠道 {channel} 拒收通知：{reason}",  # noqa: RUF001 - Chinese has its own colons
    ),
}
"""What is said of a channel, by code."""


def trouble(
    park: str,
    channel: str,
    how: Literal["unreachable", "refused"],
    reason: str,
    *,
    since: datetime,
    ended: datetime | None = None,
) -> Alert:
    """Give the alert of a channel that fails.

    Args:
        park: id of the park.
        channel: name of the channel.
        how: whether waiting helps.
        reason: what it said.
        since: when it began to fail, UTC.
        ended: when it worked again, UTC; None: it fails.
    """
    return Alert(
        equipment=park,
        signal=f"{PREFIX}{channel}",
        detector=DETECTOR,
        key=KEY,
        severity=Severity.HIGH,
        code=f"channel.{how}",
        value="",
        began=since,
        ended=ended,
        parameters={"channel": channel, "reason": reason},
    )


def failing(alert: Alert) -> str:
    """Give the name of the channel that an alert is about; empty where it is about something else."""
    return alert.signal.removeprefix(PREFIX) if alert.detector == DETECTOR else ""
