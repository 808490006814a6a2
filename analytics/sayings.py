"""What alerts say, in the reader's language: the texts of every detector, filled with an alert's parameters."""

from collections.abc import Mapping
from typing import Final

from analytics import erring, health, trouble
from analytics.alerts import Alert, Language
from analytics.faults.catalogue import DETECTORS
from collector.park import Title

TEXTS: Final[Mapping[str, Title]] = {
    **{code: text for one in DETECTORS for code, text in one.texts.items()},
    **trouble.TEXTS,
    **erring.TEXTS,
    **health.TEXTS,
}
"""What each message code says; parameters stand in braces, `unit` with the blank before it."""


def message(alert: Alert, language: Language) -> str:
    """Say an alert in one language: one line, without trailing blanks.

    An alert of a detector that is no longer there is said by its code, machine and value.
    """
    text = TEXTS.get(alert.code)
    if text is None:
        return f"{alert.code}: {alert.signal} {alert.value}".strip()
    said: str = getattr(text, language)
    return " ".join(said.format_map(_Named(alert.parameters)).split())


class _Named(dict[str, str]):
    """Parameters by name; one that is missing is shown by its name."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"
