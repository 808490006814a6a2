"""Print the idle capacity of the coming shifts: what machines and lines have to spare, for work on contract."""

from typing import TYPE_CHECKING, Annotated

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from analytics.reports.scope import Scope
    from collector.load import Config

app = typer.Typer()

_DAYS_AT_MOST = 92

_HOURS = {
    "planned h": "planned_s",
    "maintenance h": "maintenance_s",
    "busy h": "typical_busy_s",
    "stops h": "typical_stops_s",
    "idle h": "idle_s",
    "safe h": "idle_safe_s",
}
"""What the table calls its columns of hours."""


@app.command()
def capacity(
    path: Annotated[str, typer.Argument(help="A factory, a line or a machine; the park without it.")] = "",
    days: Annotated[int, typer.Option(min=1, max=_DAYS_AT_MOST, help="Shifts that begin within so many days.")] = 7,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print the idle capacity of the coming shifts: what machines and lines have to spare, for work on contract.

    Planned time without planned maintenance and without what such shifts are typically busy and stopped for, told from
    the last 8 weeks. The safe figure is what three of four such shifts had. Lines are sums over their machines. The
    table shows hours in local time of the factory, JSON seconds and UTC.
    """
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.reports.scope import Scope, ScopeError
    from collector.load import ConfigError, load

    try:
        installation = load(config)
        scope = Scope.of(installation.park, path)
        rows = asyncio.run(_read(installation, scope, _now(), days))
    except (ConfigError, ScopeError) as error:
        fail(error, code=2)
    except StoreError as error:
        fail(error)
    if output is OutputFormat.JSON:
        show_json(rows.to_dicts())
    else:
        _print(rows, scope)


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


async def _read(config: "Config", scope: "Scope", now: "datetime", days: int) -> "pl.DataFrame":
    from analytics.reports.reading import read_capacity
    from collector.assembly import open_store

    async with open_store(config) as store:
        return await read_capacity(store, scope, now, days)


def _print(rows: "pl.DataFrame", scope: "Scope") -> None:
    told = []
    for row in rows.iter_rows(named=True):
        zone = scope.park.factory_of(row["path"]).zone
        start, end = (row[edge].astimezone(zone) for edge in ("start", "end"))
        hours = {name: None if row[column] is None else row[column] / 3600 for name, column in _HOURS.items()}
        told.append(
            {
                "path": row["path"],
                "shift": f"{start:%a %m-%d %H:%M}-{end:%H:%M} {row['name']}",
                **hours,
                "based on": row["based_on"],
                "note": row["note"],
            }
        )
    show(told, OutputFormat.TABLE, title="Idle capacity")
