"""Inputs that could not become samples."""

from datetime import datetime
from typing import Literal

from api.views.shape import View


class DeadLetterView(View):
    """One input that could not become a sample, kept as it came."""

    id: int
    """Number in the records; later letters have greater ones."""

    source: str
    """Name of the source it came from."""

    address: str
    """Topic, node or item, as the source names it; empty where none is known."""

    signal: str | None
    """Path of the signal it was meant for; null where none is known."""

    reason: str
    """Why it is no sample, and what to do."""

    payload: str
    """The beginning of the input as it came, 4,096 bytes at most."""

    encoding: Literal["utf-8", "base64"]
    """How `payload` is written: as text, or in base64 where it is no text."""

    size: int
    """Bytes kept of the input; more than `payload` shows where it is long."""

    first: datetime
    """When it came first."""

    last: datetime
    """When it came last."""

    count: int
    """How often it came."""
