"""Raw samples of one signal."""

from typing import Literal

from api.views.shape import View


class SampleView(View):
    """One sample."""

    time: str
    """Source time: when the machine says it happened; RFC 3339 in UTC, to the nanosecond where it is that fine."""

    value: float | int | bool | str | None
    """The value, in the signal's type and unit (see the asset tree); null where there is none. Integers are exact: a
    client that reads numbers as doubles loses digits beyond 2^53."""

    quality: Literal["good", "uncertain", "bad"]
    """The severity of `status`."""

    status: int
    """OPC UA StatusCode (OPC 10000-4, 7.39); 0 is Good."""

    received: str
    """When parkline had it in hand; RFC 3339 in UTC."""
