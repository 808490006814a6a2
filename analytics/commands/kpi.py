"""Print KPIs from the store, explain one, or have them computed again."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from analytics.explain import Explanation
    from analytics.explaining import Window
    from analytics.published import Question
    from analytics.wording import Language
    from collector.load import Config

SHOW = "show"
"""The verb that `parkline kpi` stands for."""


class _ShowsByDefault(TyperGroup):
    """A group of verbs of which one need not be written: `parkline kpi PATH` is `parkline kpi show PATH`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [SHOW, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ShowsByDefault, no_args_is_help=False)


@app.command(SHOW)
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
    as_of: Annotated[
        str, typer.Option("--as-of", help="As it was known at this instant, before later restatements.")
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print utilisation, availability and times from the store, per hour, shift or day.

    Without --from and --to: of the latest day that has any. The table shows local times of the factory, JSON shows UTC,
    and why a number is null or odd (`notes`); a window that still runs ends where its numbers end.
    """
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.published import Question, QuestionError, instant_of
    from collector.load import ConfigError, load
    from collector.records import RecordsError

    try:
        installation = load(config)
        question = Question.of(installation.park, path, period, since, until, kpis or [])
        rows = asyncio.run(_ask(installation, question, instant_of(installation.park, as_of)))
    except (ConfigError, QuestionError) as error:
        fail(error, code=2)
    except (StoreError, RecordsError) as error:
        fail(error)
    if output is OutputFormat.JSON:
        noted = ({one["kpi"]: one["note"] for one in notes} for notes in rows["notes"])
        show_json([row | {"notes": notes} for row, notes in zip(rows.to_dicts(), noted, strict=True)])
    else:
        show(question.told(rows), output, title=f"KPIs per {period}")


async def _ask(config: "Config", question: "Question", as_of: "datetime | None") -> "pl.DataFrame":
    from collector.assembly import open_records, open_store

    async with open_store(config) as store:
        if as_of is None:
            return await question.answer(store)
        async with open_records(config) as records:
            return await question.answer(store, records, as_of)


@app.command()
def explain(
    equipment: Annotated[str, typer.Argument(help="Path of the machine: factory/line/machine.")],
    window: Annotated[
        str,
        typer.Argument(
            help="A local day (2026-03-02), an hour (2026-03-02T06:00) or a shift (2026-03-02/night) of the factory."
        ),
    ],
    lang: Annotated[str, typer.Option("--lang", "--language", help="zh or en.")] = "en",
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Tell what lies behind the numbers of one window: losses, stops, counter steps, gaps and restatements."""
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.answer import answer
    from analytics.explaining import Window, WindowError
    from collector.load import ConfigError, load
    from collector.records import RecordsError

    if lang not in {"zh", "en"}:
        fail(f"--lang: there is no {lang!r}; write zh or en", code=2)
    language: Language = "zh" if lang == "zh" else "en"
    try:
        installation = load(config)
        told = asyncio.run(_explained(installation, Window.of(installation.park, equipment, window), language))
    except (ConfigError, WindowError) as error:
        fail(error, code=2)
    except (StoreError, RecordsError) as error:
        fail(error)
    if output is OutputFormat.JSON:
        show_json(told.as_json(language))
        return
    for line in answer(told, language):
        typer.echo(line)


@app.command()
def recompute(
    path: Annotated[str, typer.Argument(help="The park, a factory, a line or a machine, with all below it.")],
    since: Annotated[str, typer.Option("--from", help="First local day (2026-03-02) or instant.")],
    until: Annotated[str, typer.Option("--to", help="Up to this day or instant.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Compute the numbers of a period again, as the files are configured now; what changes is restated openly."""
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.published import Question, QuestionError
    from collector.load import ConfigError, load
    from collector.records import RecordsError

    try:
        installation = load(config)
        question = Question.of(installation.park, path, "day", since, until, [])
        written = asyncio.run(_recomputed(installation, question))
    except (ConfigError, QuestionError) as error:
        fail(error, code=2)
    except (StoreError, RecordsError) as error:
        fail(error)
    show([{"path": path, "from": since, "to": until, "results written": written}], output)


async def _explained(config: "Config", window: "Window", language: "Language") -> "Explanation":
    from datetime import UTC, datetime

    from analytics.explaining import explain
    from analytics.timeline import Reader
    from collector.assembly import open_records, open_store

    async with open_store(config) as store, open_records(config) as records:
        return await explain(Reader(config.park, store, records), window, now=datetime.now(UTC), language=language)


async def _recomputed(config: "Config", question: "Question") -> int:
    from datetime import UTC, datetime

    from analytics.jobs import Jobs, ranges_of
    from analytics.timeline import Reader
    from analytics.touched import Cause
    from analytics.workers import workers_of
    from collector.assembly import open_records, open_store

    machines = [one for one in question.paths if one in config.park.equipment]
    start, end = question.start, question.end
    if start is None or end is None:
        msg = "both bounds are given"
        raise TypeError(msg)
    async with (
        open_store(config) as store,
        open_records(config) as records,
        workers_of(config.installation) as workers,
    ):
        jobs = Jobs(Reader(config.park, store, records), workers)
        return await jobs.compute(ranges_of(machines, start, end, Cause.ASKED), now=datetime.now(UTC))
