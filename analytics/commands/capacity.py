"""Print the idle capacity of the coming shifts: what machines and lines have to spare, for work on contract."""

from typing import TYPE_CHECKING, Annotated

import typer

from analytics.commands.report import Language
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from analytics.reports.scope import Scope
    from collector.load import Config

app = typer.Typer()

_DAYS_AT_MOST = 92

_HOURS = ("planned_s", "maintenance_s", "typical_busy_s", "typical_stops_s", "idle_s", "idle_safe_s")
"""The columns that the table shows in hours."""


@app.command()
def capacity(
    path: Annotated[str, typer.Argument(help="A factory, a line or a machine; the park without it.")] = "",
    days: Annotated[int, typer.Option(min=1, max=_DAYS_AT_MOST, help="Shifts that begin within so many days.")] = 7,
    lang: Annotated[
        Language, typer.Option("--lang", "--language", help="The language of the table and of notes: zh or en.")
    ] = Language.EN,
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
    from analytics.wording import translated
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
        show_json(translated(rows, lang.value).to_dicts())
    else:
        _print(translated(rows, lang.value), scope, lang)


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


async def _read(config: "Config", scope: "Scope", now: "datetime", days: int) -> "pl.DataFrame":
    from analytics.reports.reading import read_capacity
    from collector.assembly import open_store

    async with open_store(config) as store:
        return await read_capacity(store, scope, now, days)


def _print(rows: "pl.DataFrame", scope: "Scope", lang: Language) -> None:
    from analytics.reports.wording import word

    told = []
    noted = bool((rows["note"] != "").any())
    for row in rows.iter_rows(named=True):
        zone = scope.park.factory_of(row["path"]).zone
        start, end = (row[edge].astimezone(zone) for edge in ("start", "end"))
        hours = {
            word(lang.value, name): None if row[name] is None else f"{row[name] / 3600:,.1f}"
            for name in _HOURS
            if name != "maintenance_s" or rows[name].sum() > 0
        }
        told.append(
            {
                word(lang.value, "path"): _name(scope, row["path"]),
                word(
                    lang.value, "shift"
                ): f"{_WEEKDAYS[lang][start.weekday()]} {start:%m-%d %H:%M}-{end:%H:%M} {row['name']}",
                **hours,
                word(lang.value, "based_on"): row["based_on"],
                **({word(lang.value, "note"): row["note"]} if noted else {}),
            }
        )
    show(told, OutputFormat.TABLE, title=word(lang.value, "capacity"))


def _name(scope: "Scope", path: str) -> str:
    """Name a line, or a machine beneath its line."""
    last = path.rpartition("/")[2]
    if path in scope.park.equipment:
        return last if scope.is_machine else f"  {last}"
    return path if scope.path == scope.park.id else last


_WEEKDAYS = {
    Language.EN: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    Language.ZH: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
