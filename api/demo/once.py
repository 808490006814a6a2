"""The demo without a picture: a whole day as fast as it goes, and what came of it."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from adapters.sample import is_bad
from analytics import report
from analytics.alertlog import read_alerts
from analytics.timeline import Reader
from api.demo.installation import install
from api.demo.machine import Machine
from api.demo.stage import Stage, Tally
from collector.log import LogFormat, LogLevel, configure
from collector.output import OutputFormat, show

Played = dict[str, Any]
"""`{samples: {sent, stored}, equipment: [{path, utilisation, coverage, seconds: {state: s}}], alerts: […]}`."""


async def once(example: Path, recordings: Sequence[Path]) -> Played:
    """Play recordings through a copy of the installation in `example`; give what came of it.

    Raises:
        ConfigError: the installation has mistakes.
        StageError: it does not come to an end.
    """
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="parkline-demo-") as name:
        folder = Path(name)
        config = install(example, folder)
        stage = Stage(config, Machine(config.park, recordings), folder / "roles.log")
        async with stage.running():
            await stage.linked()
            tally = Tally()
            async for played in stage.play(held=True):
                tally = played
            stored = await stage.stored(tally)
            await stage.settled()
            machines, alerts = await _told(stage, tally)
        sent = tally.sent.select("signal", "time").n_unique()
    return {"samples": {"sent": sent, "stored": stored}, "equipment": machines, "alerts": alerts}


async def _told(stage: Stage, tally: Tally) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give what each machine did, from the first known state of any to the last sample, and every alert."""
    park = stage.config.park
    paths = [path for path, machine in park.equipment.items() if machine.state_inputs]
    states = {machine.state.path for machine in park.equipment.values() if machine.state is not None}
    times = tally.sent.select(pl.col("time").dt.cast_time_unit("us"), "signal", "status")
    known = times.filter(pl.col("signal").is_in(list(states)) & ~is_bad(pl.col("status")))["time"]
    start, end = known.min(), times["time"].max()
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return [], []
    async with stage.store as store:
        reader = Reader(park, store, stage.records)
        frontiers = dict.fromkeys(paths, end)
        machines = await report.machines(reader, paths, start, end, now=datetime.now(UTC), frontiers=frontiers)
    alerts = await stage.records.run(
        lambda connection: read_alerts(connection, start=start - timedelta(days=3650), end=end + timedelta(days=1))
    )
    return machines, [report.alert(one) for one in alerts]


def tables(played: Mapping[str, Any]) -> None:
    """Print what came of it for people."""
    show([played["samples"]], OutputFormat.TABLE, title="samples")
    machines = [
        {
            "equipment": machine["path"],
            "utilisation": machine["utilisation"],
            "coverage": machine["coverage"],
            **{f"{state} h": seconds / 3600 for state, seconds in machine["seconds"].items()},
        }
        for machine in played["equipment"]
    ]
    show(machines, OutputFormat.TABLE, title="equipment")
    alerts = [
        {"began": one["began"], "ended": one["ended"], "severity": one["severity"], "alert": one["message"]["en"]}
        for one in played["alerts"]
    ]
    show(alerts, OutputFormat.TABLE, title="alerts")
