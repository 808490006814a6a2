"""Show the views of open data, what a consumer would see of them, and what is suppressed."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from analytics.disclosure.cells import Cell
    from collector.load import Config
    from collector.opendata import OpenView

_ROWS: Final = 50
_WHY: Final = {
    "none": "no data",
    "few": "too few factories or machines",
    "large": "one factory is too large beside the others",
    "apart": "with what is told already it would tell too few apart",
}

app = typer.Typer(no_args_is_help=True)


@app.callback()
def views() -> None:
    """Show the views of open data, what a consumer would see of them, and what is suppressed."""


@app.command("list")
def list_(config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE) -> None:
    """List the views: what they tell, how far they are, and who has a key for them."""
    from analytics.disclosure.cells import pool_of
    from analytics.opening import told_until
    from analytics.opentables import read_progress
    from api.auth import read_keys

    installation = _load(config)
    settings = installation.installation.open_data
    pools = {pool_of(view) for view in settings.views.values()}

    def read(connection: Any) -> Any:
        return read_keys(connection), {pool: read_progress(connection, pool) for pool in pools}

    keys, progress = _run(installation, read)
    now = datetime.now(UTC)
    told = []
    for name, view in settings.views.items():
        until = told_until(settings, name, progress[pool_of(view)].until)
        told.append(
            {
                "view": name,
                "dataset": view.dataset,
                "by": view.by,
                "period": view.period,
                "at least": f"{view.at_least.factories} factories, {view.at_least.machines} machines",
                "contract": view.contract,
                "told until": None if until is None else until.isoformat(),
                "keys": " ".join(sorted(key.name for key in keys if name in key.views and key.state(now) == "valid")),
            }
        )
    show(told, output, title="Views of open data")


@app.command()
def preview(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The view.")],
    since: Annotated[str, typer.Option("--from", help="First local day, such as 2026-03-02.")] = "",
    until: Annotated[str, typer.Option("--to", help="First local day that is not shown any more.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most; the newest are shown.")] = _ROWS,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
    *,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show every cell, also those that nobody is shown, and why they are not told."),
    ] = False,
) -> None:
    """Show what a consumer of a view sees, or would see; nothing is told by it.

    With --explain also what only the operator may know: paths, how many are in a cell, and why it is suppressed.
    """
    installation = _load(config)
    view = _view(installation, name)
    first, end = _day("--from", since) or view.since, _day("--to", until) or date.max
    cells = _previewed(installation, [name])[name]
    chosen = [cell for cell in cells if first <= cell.span.first < end]
    told = _explained(installation, name, chosen) if explain else _shown(installation, name, chosen)
    if output is OutputFormat.JSON:
        show_json(told[-limit:])
        return
    show(told[-limit:], output, title=name)
    if len(told) > limit:
        typer.echo(f"{len(told) - limit} older rows are not shown; --limit shows more", err=True)


@app.command()
def check(config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE) -> None:
    """Tell of each view how much of it is suppressed and why; fails where one tells nothing at all."""
    installation = _load(config)
    settings = installation.installation.open_data
    if not settings.views:
        fail("there are no views; write one under `open_data: views:` in parkline.yaml", code=2)
    found = _previewed(installation, list(settings.views))
    told = [_summary(installation, name, found[name]) for name in settings.views]
    show(told, output, title="Views of open data")
    silent = [row["view"] for row in told if row["never told"] == " ".join(settings.views[row["view"]].numbers)]
    if silent:
        fail(f"nothing is told by {', '.join(silent)}: see `parkline view preview {silent[0]} --explain`")


def _summary(config: "Config", name: str, cells: "Sequence[Cell]") -> "dict[str, Any]":
    from analytics.disclosure.sources import BASE
    from analytics.openrows import rows

    settings = config.installation.open_data
    having = [cell for cell in cells if cell.machines]
    told = sum(1 for cell in having if BASE in cell.facets)
    reasons = [cell.why[BASE] for cell in having if BASE in cell.why]
    shown = rows(settings, name, having)
    numbers = set(shown.filter(~shown["suppressed"])["kpi"])
    return {
        "view": name,
        "cells": len(having),
        "told": told,
        "told %": round(100 * told / len(having), 1) if having else None,
        **{_WHY[why]: reasons.count(why) for why in ("few", "large", "apart")},
        "never told": " ".join(one for one in settings.views[name].numbers if one not in numbers),
    }


def _shown(config: "Config", name: str, cells: "Sequence[Cell]") -> "list[dict[str, Any]]":
    from analytics.openrows import rows

    settings = config.installation.open_data
    shown = rows(settings, name, [cell for cell in cells if cell.shown]).drop(settings.views[name].drop)
    return shown.to_dicts()


def _explained(config: "Config", name: str, cells: "Sequence[Cell]") -> "list[dict[str, Any]]":
    from analytics.disclosure.cells import EVERYTHING
    from analytics.openrows import shown_as

    settings = config.installation.open_data
    return [
        {
            "start": cell.span.first.isoformat(),
            "group": shown_as(settings, name, cell.grouped),
            "is": config.park.id if cell.grouped == EVERYTHING else cell.grouped,
            "factories": cell.factories,
            "machines": cell.machines,
            "told": " ".join(cell.facets),
            "not told": "; ".join(f"{facet}: {_WHY[why]}" for facet, why in cell.why.items()),
        }
        for cell in cells
    ]


def _previewed(config: "Config", names: "Collection[str]") -> "Mapping[str, list[Cell]]":
    """Tell all that is due of the pools of these views in a copy of what was told; give the cells of each."""
    import asyncio

    from adapters.stores.contract import StoreError
    from collector.records import RecordsError

    try:
        return asyncio.run(_in_copy(config, names))
    except (StoreError, RecordsError) as error:
        fail(error)


async def _in_copy(config: "Config", names: "Collection[str]") -> "Mapping[str, list[Cell]]":
    from functools import partial
    from tempfile import TemporaryDirectory

    from analytics.disclosure.cells import cut_of, pool_of
    from analytics.disclosure.sources import source_of
    from analytics.opening import Ground, open_pool
    from analytics.opentables import copy_opened, enter_opened, read_cells
    from collector.assembly import open_records, open_store
    from collector.records import Records

    settings = config.installation.open_data
    pools = sorted({pool_of(settings.views[name]) for name in names})
    sources = sorted({source_of(settings.views[name].dataset).name for name in names})
    with TemporaryDirectory() as folder:
        async with (
            open_records(config) as records,
            open_store(config) as store,
            Records(f"sqlite:///{folder}/preview.db") as copy,
        ):
            held = await records.run(partial(copy_opened, sources=sources, pools=pools))
            await copy.run(partial(enter_opened, rows=held))
            ground = Ground(config.park, settings, lambda: store, records, copy, lambda: datetime.now(UTC))
            for pool in pools:
                await open_pool(ground, pool)
            found = {}
            for name in names:
                cut = cut_of(settings.views[name], name, 0).name
                read = partial(read_cells, view=name, cut=cut, first=date.min, until=date.max, shown=False)
                found[name] = await copy.run(read)
            return found


def _load(config: "Path") -> "Config":
    """Read the installation, or end."""
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def _run(config: "Config", work: Any) -> Any:
    """Do something in the installation's records."""
    import asyncio

    from collector.assembly import open_records
    from collector.records import RecordsError

    async def run() -> Any:
        async with open_records(config) as records:
            return await records.run(work)

    try:
        return asyncio.run(run())
    except RecordsError as error:
        fail(error)


def _view(config: "Config", name: str) -> "OpenView":
    from collector.config.problems import did_you_mean

    views = config.installation.open_data.views
    if name not in views:
        hint = did_you_mean(name, views) or "; write one under `open_data: views:` in parkline.yaml"
        fail(f"NAME: there is no view {name!r}{hint}", code=2)
    return views[name]


def _day(option: str, written: str) -> date | None:
    """Read a local day; None where nothing is written."""
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        fail(f"{option}: {written!r} is no day; write it like 2026-03-02", code=2)
