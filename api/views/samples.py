"""Samples of one signal: raw, or summed up in buckets."""

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from api.views.shape import Paged, View


class SampleView(View):
    """One sample."""

    time: str
    """Source time: when the machine says it happened; RFC 3339 in UTC, to the nanosecond where it is that fine."""

    value: float | int | bool | str | None
    """The value, in the signal's type and unit (see the asset tree); null where there is none, or none that this type
    holds: one stored before the type was changed. Integers are exact: a client that reads numbers as doubles loses
    digits beyond 2^53."""

    quality: Literal["good", "uncertain", "bad"]
    """The severity of `status`."""

    status: int
    """OPC UA StatusCode (OPC 10000-4, 7.39); 0 is Good."""

    received: str
    """When parkline had it in hand; RFC 3339 in UTC."""


Written = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant that is written down already: it may have nanoseconds, which a `datetime` cannot hold."""


class LatestView(View):
    """The newest sample of one signal."""

    signal: str
    """Path of the signal."""

    time: Written
    """Source time, as of any sample."""

    value: float | int | bool | str | None
    """The value, in the signal's type and unit, as of any sample."""

    quality: Literal["good", "uncertain", "bad"]
    """The severity of `status`."""

    status: int
    """OPC UA StatusCode; 0 is Good."""

    received: Written
    """When parkline had it in hand; RFC 3339 in UTC."""


class BucketView(View):
    """What the samples of one bucket come to. Those whose status is Bad are counted and tell nothing else."""

    start: str
    """First instant of the bucket; RFC 3339 in UTC. It ends where the next one begins."""

    count: int
    """How many samples count: they have a value of the signal's type of today, and are good or uncertain."""

    bad: int
    """How many samples are bad."""

    good_share: float | None
    """How many of all these are good, 0 to 1; null where there are none."""

    min: float | int | None
    """The least value that counts, exact, in the signal's unit; null where none does, and for switches and texts."""

    max: float | int | None
    """The greatest value that counts, in the signal's unit, as `min`."""

    mean: float | None
    """The arithmetic mean of the values that count, in the signal's unit, each weighing the same, however long it held;
    null as `min`."""

    last: float | int | bool | str | None
    """The newest value that counts, in the signal's type and unit."""

    true_share: float | None
    """Of switches: how many of those that count are true, 0 to 1; null where none does, and for all others."""


class BucketsView(Paged[BucketView], use_attribute_docstrings=True):
    """One page of buckets, in order; those without samples are there, too."""

    width_s: float
    """Width of a bucket in seconds; the last one of the window may be shorter."""
