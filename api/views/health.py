"""Whether the API runs, and whether what it stands on works."""

from typing import Literal

from api.views.shape import View


class HealthView(View):
    """The process answers."""

    status: Literal["ok"]
    """Always `ok`: a process that cannot say so says nothing."""


class CheckView(View):
    """One part that the API stands on."""

    name: Literal["records", "store", "collector", "drain"]
    """Which part."""

    ok: bool
    """Whether it works."""

    detail: str
    """How it stands, in words; names no address."""


class ReadinessView(View):
    """Whether every part works."""

    ready: bool
    """Whether every check is ok; the status is 503 where one is not."""

    checks: list[CheckView]
    """Every part, in the order a sample passes them."""
