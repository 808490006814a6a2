"""A trial of one source: connect as the collector would, and listen for a while; store and acknowledge nothing."""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import BaseModel, TypeAdapter, ValidationError

from adapters.registry import source_kind
from adapters.sample import REFUSALS, VALUE_TYPES, no_refusals, no_samples
from adapters.settings import Duration
from adapters.sources.contract import Delivery, Point, SourceUnreachableError
from collector.admit import admit, rules_of
from collector.park import Park
from collector.settings import AdmitSettings

CONNECTING = 15.0
"""Seconds in which a link must open."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source said."""

    signals: list[dict[str, Any]]
    """A row per signal of the source: its newest value as it would be stored (None where nothing was heard), its
    status, its time, how many samples, and a note on what a person should know."""

    refusals: list[dict[str, Any]]
    """What would become dead letters: address, reason, and how often."""

    refused: int
    """How many signals have said nothing but what was refused, or were refused themselves: a wrong address or type."""


def seconds(text: str) -> float:
    """Read a duration as people write it; raises ValueError, which says how."""
    try:
        duration: timedelta = TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    return duration.total_seconds()


async def trial(park: Park, name: str, patience: float) -> Heard:
    """Listen to the source `name` for `patience` seconds, or until it ends.

    Raises:
        SourceError: the link does not open, or breaks; the text says what to do.
    """
    config = park.sources[name]
    signals = [signal for signal in park.signals.values() if signal.source == name]
    points = [Point(signal.path, signal.type, signal.address) for signal in signals]
    source = source_kind(config.kind).create(name, _apart(config.settings), points)
    deliveries: list[Delivery] = []
    opening = asyncio.timeout(CONNECTING)
    try:
        async with opening, source.connect() as arriving:
            opening.reschedule(None)
            try:
                async with asyncio.timeout(patience):
                    async for delivery in arriving:
                        deliveries.append(delivery)  # noqa: PERF401 - what was heard before the time is over is kept
            except TimeoutError:
                pass  # listened long enough
    except TimeoutError as error:
        if not opening.expired():
            raise
        raise SourceUnreachableError(name, f"no answer within {CONNECTING:.0f} s; check its address") from error
    samples = pl.concat([no_samples(), *(delivery.samples for delivery in deliveries)])
    admitted = admit(name, samples, rules_of(signals, AdmitSettings()))
    refusals = pl.concat(
        [no_refusals(), *(delivery.refusals for delivery in deliveries), admitted.refusals.select(*REFUSALS)]
    )
    newest = {row["signal"]: row for row in _newest(admitted.samples).iter_rows(named=True)}
    reasons = dict(refusals.drop_nulls("signal").unique("signal", keep="first").select("signal", "reason").iter_rows())
    rows = [_row(signal.path, newest.get(signal.path), reasons.get(signal.path, "")) for signal in signals]
    mute = {row["signal"] for row in rows if row["value"] is None}
    return Heard(rows, _folded(refusals), refused=len(mute & reasons.keys()))


def _apart(settings: BaseModel) -> BaseModel:
    """Keep a trial apart from the collector's own session, where the protocol has one."""
    apart: dict[str, Any] = {}
    if "client_id" in type(settings).model_fields:
        apart["client_id"] = f"parkline-trial-{os.getpid()}"
    if "session_expiry" in type(settings).model_fields:
        apart["session_expiry"] = timedelta(0)
    if "share" in type(settings).model_fields:
        apart["share"] = ""
    if "host_id" in type(settings).model_fields:
        apart["host_id"] = ""  # its end would tell edge nodes that the collector is gone
    return settings.model_copy(update=apart)


def _newest(samples: pl.DataFrame) -> pl.DataFrame:
    return samples.group_by("signal").agg(pl.all().sort_by("time").last(), heard=pl.len())


def _row(path: str, newest: dict[str, Any] | None, reason: str) -> dict[str, Any]:
    if newest is None:
        note = reason or "silent; what is sent on change alone says nothing until it changes"
        return {"signal": path, "value": None, "status": None, "time": None, "heard": 0, "note": note}
    value = next((newest[kind] for kind in VALUE_TYPES if newest[kind] is not None), None)
    status = _status(newest["status"])
    return {
        "signal": path,
        "value": value,
        "status": status,
        "time": newest["time"],
        "heard": newest["heard"],
        "note": reason,
    }


def _status(code: int) -> str:
    word = ("Good", "Uncertain", "Bad", "Bad")[code >> 30]
    return word if code & 0x3FFF_FFFF == 0 else f"{word} 0x{code:08X}"


def _folded(refusals: pl.DataFrame) -> list[dict[str, Any]]:
    folded = refusals.group_by("address", "reason", maintain_order=True).agg(count=pl.len())
    return list(folded.iter_rows(named=True))
