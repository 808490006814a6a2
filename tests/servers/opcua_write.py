"""What the OPC UA servers of the tests are told to write."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

NAMESPACE: Final = "urn:parkline:test:press"
"""Namespace of the nodes that a test's server serves."""

USERS: Final = {"engineer": "right"}
"""Users whom the shared servers know: name to password. They let everybody in who gives no name."""


@dataclass(frozen=True, slots=True)
class Write:
    """One value that a server writes into one of its nodes."""

    node: str
    """Name of the node."""

    value: Any = None
    """The value; None: null."""

    status: str = "Good"
    """Name of its StatusCode."""

    time: datetime | None = None
    """Source time, to the millisecond; None: now."""

    ticks: int = 0
    """Hundreds of nanoseconds on top of `time`, 0 to 9999."""

    type: str | None = None
    """Built-in type, where it is not the node's own."""


def node_id(name: str) -> str:
    """Give the node id of the node `name`, by namespace URI."""
    return f"nsu={NAMESPACE};s={name}"
