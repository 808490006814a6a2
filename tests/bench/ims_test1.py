"""Real bearings run until they fail: when the detector of trends, with its defaults, says so, and of which.

NASA's first test of the IMS bearings (see SOURCE.txt beside the file): four bearings, two channels each, the mean
absolute acceleration of one second, mostly every 10 minutes, over five weeks with long pauses. Bearings 3 and 4 fail.
Each channel is a signal of a machine of its own, with `trend: {}`; nothing is told to the detector of this recording.
The reference is the one of SOURCE.txt: robust z over a baseline chosen with the whole recording at hand.

    value       channels that are told rightly: an alert hours before the end on those that fail, none on the others
    reference   the same by the reference
    leads       by channel, hours from the alert to the end of the record; null: none
    holds       how many are told rightly with other settings and other samples: other times of learning, windows and
                horizons; every second and third snapshot; begun later
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from adapters.sample import SAMPLES
from adapters.settings import Settings
from analytics.faults.contract import Seen
from analytics.faults.trend import TREND, Rule
from analytics.sayings import message
from collector.faultrules.condition import Trend
from collector.park import Signal

if TYPE_CHECKING:
    from analytics.alerts import Alert

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "ims_bearing" / "1st_test.parquet"
"""Where the recording lies."""

FAILING: Final = ("3-A", "3-B", "4-A", "4-B")
"""Channels of the bearings that fail."""

REFERENCE: Final[Mapping[str, float | None]] = {
    "1-A": None, "1-B": None, "2-A": 9.4, "2-B": 7.9, "3-A": 29.5, "3-B": 12.0, "4-A": 95.9, "4-B": 93.9,
}  # fmt: skip
"""Hours to the end by channel, of SOURCE.txt."""

EARLIEST: Final = 240.0
LATEST: Final = 1.0
"""Hours to the end between which an alert on a bearing that fails is right: it was well for longer before."""

VARIANTS: Final[Mapping[str, dict[str, timedelta]]] = {
    "learns 1 d": {"learn": timedelta(days=1)},
    "learns 2 d": {"learn": timedelta(days=2)},
    "learns 5 d": {"learn": timedelta(days=5)},
    "learns 7 d": {"learn": timedelta(days=7)},
    "window 12 h": {"window": timedelta(hours=12)},
    "window 18 h": {"window": timedelta(hours=18)},
    "window 36 h": {"window": timedelta(hours=36)},
    "window 48 h": {"window": timedelta(hours=48)},
    "horizon 3 d": {"horizon": timedelta(days=3)},
    "horizon 14 d": {"horizon": timedelta(days=14)},
}
"""Other settings."""

SAMPLINGS: Final[Mapping[str, tuple[int, int]]] = {
    "every 2nd": (2, 0),
    "every 2nd, from the 2nd": (2, 1),
    "every 3rd": (3, 0),
    "every 3rd, from the 3rd": (3, 2),
    "begun 200 later": (1, 200),
    "begun 500 later": (1, 500),
    "begun 900 later": (1, 900),
}
"""Other samples: every so manieth snapshot, from which one on."""

LOOKS: Final = 100
"""With the defaults, the recording is looked at in so many portions, as if it came live."""


class _Address(Settings):
    """Where a channel is found."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one channel."""

    lead: float | None
    """Hours from its first alert to the end; None: it had none."""

    alerts: int
    """How many alerts."""

    says: str
    """What the newest says; empty: none."""


def read() -> dict[str, pl.DataFrame]:
    """Give the values of each channel: time (UTC) and value."""
    table = pl.read_parquet(DATA).with_columns(pl.col("Datetime").dt.replace_time_zone("UTC").dt.cast_time_unit("ns"))
    return {
        name.removeprefix("Bearing "): table.select(time="Datetime", value=name)
        for name in table.columns
        if " " in name
    }


def tell(channel: str, values: pl.DataFrame, trend: Trend, looks: int = 1) -> Told:
    """Let the detector look at one channel, in so many looks."""
    signal = Signal(
        path=f"ims/rig/bearing-{channel}/level",
        name="level",
        source="rig",
        address=_Address(),
        type="float",
        unit="[g]",
    )
    rules = {signal.path: Rule(signal, trend)}
    carried: dict[str, Any] = {}
    alerts: dict[str, Alert] = {}
    samples = pl.DataFrame(
        {
            "signal": signal.path,
            "time": values["time"],
            "float": values["value"],
            "status": 0,
            "received": values["time"],
        },
        schema_overrides={"status": pl.UInt32},
    )
    samples = pl.concat([pl.DataFrame(schema=SAMPLES), samples], how="diagonal")
    for portion in samples.iter_slices(max(1, len(samples) // looks)):
        found = TREND.look(rules, json.loads(json.dumps(carried)), Seen(portion))
        carried |= found.carried
        alerts |= {alert.id: alert for alert in found.alerts}
    if not alerts:
        return Told(None, 0, "")
    began = min(alert.began for alert in alerts.values())
    end: datetime = values["time"][-1]
    return Told((end - began) / timedelta(hours=1), len(alerts), message(list(alerts.values())[-1], "en"))


def right(leads: Mapping[str, float | None]) -> int:
    """Count the channels that are told rightly."""
    return sum(
        (lead is not None and LATEST <= lead <= EARLIEST) if channel in FAILING else lead is None
        for channel, lead in leads.items()
    )


def measure() -> dict[str, object]:
    """Measure."""
    channels = read()
    told = {channel: tell(channel, values, Trend(), LOOKS) for channel, values in channels.items()}
    for channel, one in told.items():
        print(f"ims-test1: {channel}: {one.alerts} alerts; {one.says}", file=sys.stderr)
    leads = {channel: one.lead for channel, one in told.items()}
    holds = {name: _leads(channels, Trend(**keys)) for name, keys in VARIANTS.items()} | {
        name: _leads({channel: values[first:].gather_every(every) for channel, values in channels.items()}, Trend())
        for name, (every, first) in SAMPLINGS.items()
    }
    for name, found in holds.items():
        print(f"ims-test1: {name}: {right(found)} of {len(found)}; {_rounded(found)}", file=sys.stderr)
    return {
        "value": right(leads),
        "reference": right(REFERENCE),
        "ratio": round(right(leads) / right(REFERENCE), 2),
        "unit": f"of {len(leads)} channels told rightly",
        "leads_h": _rounded(leads),
        "reference_leads_h": dict(REFERENCE),
        "alerts": {channel: one.alerts for channel, one in told.items()},
        "holds": {name: right(found) for name, found in holds.items()},
    }


def _leads(channels: Mapping[str, pl.DataFrame], trend: Trend) -> dict[str, float | None]:
    return {channel: tell(channel, values, trend).lead for channel, values in channels.items()}


def _rounded(leads: Mapping[str, float | None]) -> dict[str, float | None]:
    return {channel: None if lead is None else round(lead, 1) for channel, lead in leads.items()}
