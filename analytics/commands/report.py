"""Print reports by day, week or month: KPIs, losses, stops by reason, machines; and compare two periods."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from analytics.reports.asked import Asked
    from analytics.reports.making import Report
    from collector.load import Config

app = typer.Typer()


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    """For people."""
    JSON = "json"
    """For programs, all of it."""
    CSV = "csv"
    """One table of it."""
    PARQUET = "parquet"
    """One table of it."""
    HTML = "html"
    """A page with plots, to be printed or mailed."""


class Table(StrEnum):
    """Which table of a report goes into CSV or Parquet."""

    PERIODS = "periods"
    """A row per period, of the path and of every machine below: the account and the KPIs."""
    MACHINES = "machines"
    """A row per machine below, over all days."""
    LOSSES = "losses"
    """The loss tree."""
    STOPS = "stops"
    """Stops by reason, the longest first."""
    COMPARISON = "comparison"
    """What changed from the days before."""


class Language(StrEnum):
    """The language of a page or of tables, and of notes."""

    ZH = "zh"
    EN = "en"


@app.command()
def report(
    path: Annotated[str, typer.Argument(help="A factory, a line or a machine; the park without it.")] = "",
    period: Annotated[str, typer.Option(help="day, week or month.")] = "day",
    since: Annotated[str, typer.Option("--from", help="First local day: 2026-03-02.")] = "",
    until: Annotated[str, typer.Option("--to", help="Local day before which it ends: 2026-03-09.")] = "",
    compare_since: Annotated[
        str, typer.Option("--compare-from", help="First local day of a period before, to compare with.")
    ] = "",
    compare_until: Annotated[str, typer.Option("--compare-to", help="Local day before which that period ends.")] = "",
    table: Annotated[Table, typer.Option(help="Which table CSV and Parquet hold.")] = Table.PERIODS,
    out: Annotated[Path | None, typer.Option(help="Write into this file.")] = None,
    lang: Annotated[
        Language | None,
        typer.Option(
            "--lang", "--language", help="The language: zh or en; without it, zh for a page and en for a table."
        ),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Annotated[
        ReportFormat,
        typer.Option("--output", "-o", help="How to write it: a table, JSON, CSV, Parquet or a page (html)."),
    ] = ReportFormat.TABLE,
) -> None:
    """Print reports by day, week or month: KPIs, losses, stops by reason, machines; and compare two periods.

    Days are those of the factory's own zone. Without --from and --to: the latest 14 days, 8 weeks or 12 months, up to
    today. Times are in seconds in JSON, CSV and Parquet, in hours elsewhere.
    """
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.reports.asked import Asked
    from analytics.reports.scope import ScopeError
    from collector.load import ConfigError, load

    if output is ReportFormat.PARQUET and out is None:
        fail("-o parquet needs --out FILE", code=2)
    try:
        installation = load(config)
        asked = Asked.written(installation.park, path, period, (since, until), (compare_since, compare_until))
        read = asyncio.run(_read(installation, asked))
    except (ConfigError, ScopeError) as error:
        fail(error, code=2)
    except StoreError as error:
        fail(error)
    if table is Table.COMPARISON and read.comparison is None and output in {ReportFormat.CSV, ReportFormat.PARQUET}:
        fail("--table comparison needs --compare-from and --compare-to", code=2)
    try:
        _write(read, output, table, out, lang)
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}; name a file in a folder that is there")


async def _read(config: "Config", asked: "Asked") -> "Report":
    from analytics.reports.reading import read_report
    from collector.assembly import open_store

    async with open_store(config) as store:
        return await read_report(store, asked.scope, asked.period, asked.days, asked.before)


def _write(read: "Report", output: ReportFormat, table: Table, out: Path | None, lang: Language | None) -> None:
    from datetime import UTC, datetime

    from analytics.reports.page import page
    from analytics.reports.tables import everything, frame_of

    if output is ReportFormat.TABLE:
        _print(read, Language.EN if lang is None else lang)
    elif output is ReportFormat.JSON and out is None:
        show_json(everything(read))
    elif output is ReportFormat.JSON and out is not None:
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        out.write_bytes(orjson.dumps(everything(read), option=options))
    elif output is ReportFormat.PARQUET and out is not None:
        frame_of(read, table.value).write_parquet(out)
    else:
        text = (
            page(read, (lang or Language.ZH).value, datetime.now(UTC))
            if output is ReportFormat.HTML
            else frame_of(read, table.value).write_csv()
        )
        if out is None:
            typer.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")


def _print(read: "Report", lang: Language) -> None:
    from analytics.reports.tables import in_words

    for title, rows in in_words(read, lang.value):
        show(rows, OutputFormat.TABLE, title=title)
