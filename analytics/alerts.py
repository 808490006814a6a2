"""Alerts: what a detector says about one machine, from when until when.

    begins ──► active (`ended` is None) ──► ends

An alert is told apart by (detector, signal, key, began), and its id is made from these: the same samples give the
same alerts, however often and in whatever portions they are looked at. It begins when its cause began, not when it
was noticed: a limit's delay, a slow link or a restart does not move `began`. While it lasts, its severity may rise
(a warning that became a fault) but it stays one alert.

What it says is a code of `TEXTS` and parameters, rendered in the reader's language.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from collector.park import Severity, Title

Language: TypeAlias = Literal["zh", "en"]
"""The languages that alerts speak."""

TEXTS: Final[Mapping[str, Title]] = {
    "limit.high": Title(
        en="{name_en}: {value}{unit} is above its limit of {limit}{unit}",
        zh="{name_zh}：{value}{unit}，高于上限 {limit}{unit}",
    ),
    "limit.low": Title(
        en="{name_en}: {value}{unit} is below its limit of {limit}{unit}",
        zh="{name_zh}：{value}{unit}，低于下限 {limit}{unit}",
    ),
    "condition.warning": Title(en="{name_en}: warning {code} {text}", zh="{name_zh}：警告 {code} {text}"),
    "condition.fault": Title(en="{name_en}: fault {code} {text}", zh="{name_zh}：故障 {code} {text}"),
}
"""What each message code says; parameters stand in braces, `unit` with the blank before it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, as far as its life has come."""

    equipment: str
    """Path of the machine it is about."""

    signal: str
    """Path of the signal it was seen on."""

    detector: str
    """What saw it: `limit` or `condition`."""

    key: str
    """Which of the signal's alerts it is: the limit (`high:80`) or the condition's native code (`345`)."""

    severity: Severity
    """Priority: how soon somebody must act."""

    code: str
    """What it says: a key of `TEXTS`."""

    value: str
    """The value that began it, as text; for a condition the report as it came."""

    began: datetime
    """When its cause began, UTC, in the source's own time."""

    ended: datetime | None = None
    """When its cause was gone, UTC; None while it lasts."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the braces of the text."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits made from what tells it apart."""
        return alert_id(self.detector, self.signal, self.key, self.began)

    @property
    def active(self) -> bool:
        """Whether it lasts."""
        return self.ended is None

    def message(self, language: Language) -> str:
        """Say it in one language: one line, without trailing blanks."""
        text: str = getattr(TEXTS[self.code], language)
        return " ".join(text.format_map(self.parameters).split())


def alert_id(detector: str, signal: str, key: str, began: datetime) -> str:
    """Give the id of the alert that is told apart by these four."""
    return blake2b(f"{detector}\0{signal}\0{key}\0{began.isoformat()}".encode(), digest_size=8).hexdigest()
