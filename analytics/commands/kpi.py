"""Print utilisation, availability and times from the store, per hour, shift or day."""

from typing import TYPE_CHECKING, Annotated

import typer

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    import polars as pl

    from analytics.published import Question
    from collector.load import Config

app = typer.Typer()


@app.command()
def kpi(
    path: Annotated[
        str, typer.Argument(help="The park, a factory, a line or a machine, with all below it; everything without it.")
    ] = "",
    period: Annotated[str, typer.Option(help="hour, shift or day.")] = "day",
    since: Annotated[
        str,
        typer.Option("--from", help="First window: a local day (2026-03-02) or an instant (2026-03-02T06:00+08:00)."),
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Windows that begin before this day or instant.")] = "",
    kpis: Annotated[
        list[str] | None, typer.Option("--kpi", help="Only this number; may be given several times.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print utilisation, availability and times from the store, per hour, shift or day.

    Without --from and --to: of the latest day that has any. The table shows local times of the factory, JSON shows UTC;
    a window that still runs ends where its numbers end.
    """
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.published import Question, QuestionError
    from collector.load import ConfigError, load

    try:
        installation = load(config)
        question = Question.of(installation.park, path, period, since, until, kpis or [])
        rows = asyncio.run(_ask(installation, question))
    except (ConfigError, QuestionError) as error:
        fail(error, code=2)
    except StoreError as error:
        fail(error)
    if output is OutputFormat.JSON:
        show_json(rows.to_dicts())
    else:
        show(question.told(rows), output, title=f"KPIs per {period}")


async def _ask(config: "Config", question: "Question") -> "pl.DataFrame":
    from collector.assembly import open_store

    async with open_store(config) as store:
        return await question.answer(store)
