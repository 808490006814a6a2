"""See which fault detectors there are, and what they would have told of the past."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analytics.commands.report import Language
from collector.output import Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from analytics.tablefaults import Onset
    from analytics.widetable import WideTable

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def detectors(output: Output = OutputFormat.TABLE) -> None:
    """List the fault detectors: what they see, where they come from, and their settings."""
    from analytics.faults.catalogue import DETECTORS

    rows = [
        {
            "detector": one.slug,
            "en": one.title.en,
            "zh": one.title.zh,
            "learns": one.learns,
            "source": one.source,
            "parameters": _parameters(one.parameters),
        }
        for one in DETECTORS
    ]
    if output is OutputFormat.JSON:
        show_json(rows)
        return
    told = [{**row, "learns": "yes" if row["learns"] else ""} for row in rows]
    show(
        [{name: value for name, value in row.items() if name != "parameters"} for row in told],
        output,
        title="Fault detectors",
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Option(help="A recorded wide table, CSV or Parquet: a column per signal.")],
    time: Annotated[str, typer.Option(help="The column of times.")] = "time",
    train: Annotated[
        int | None, typer.Option(min=1, help="How many rows to learn from, the first ones. Without it: a fifth.")
    ] = None,
    signals: Annotated[
        str,
        typer.Option(help="The columns that are signals, with commas between. Without it: all numbers."),
    ] = "",
    detector: Annotated[
        list[str] | None, typer.Option(help="Which detectors look; may be repeated. Without it: multivariate.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="The language of the table: zh or en.")] = Language.EN,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print what detectors would have told of a recorded table: each onset with its signals and its end."""
    from analytics.tablefaults import USUAL, onsets, trained_rows
    from analytics.widetable import TableError, read_table

    named = [name.strip() for name in signals.split(",") if name.strip()]
    try:
        table = read_table(file, time, named)
        found = onsets(table, train, detector or USUAL)
    except TableError as error:
        fail(error, code=2)
    if output is OutputFormat.JSON:
        show_json(_told(table, trained_rows(table, train), found))
        return
    _print(table, found, lang)


def _told(table: "WideTable", rows: int, found: "list[Onset]") -> dict[str, Any]:
    from analytics.sayings import message

    return {
        "file": str(table.file),
        "rows": table.rows.height,
        "rows_left_out": table.unread,
        "trained_rows": rows,
        "signals": table.signals,
        "onsets": [
            {
                "time": one.alert.began,
                "row": one.row,
                "detector": one.alert.detector,
                "key": one.alert.key,
                "severity": one.alert.severity,
                "signals": [{"signal": column, "contribution": share} for column, share in one.signals],
                "end": one.alert.ended,
                "end_row": one.end_row,
                "message": {"zh": message(one.alert, "zh"), "en": message(one.alert, "en")},
            }
            for one in found
        ],
    }


def _print(table: "WideTable", found: "list[Onset]", lang: Language) -> None:
    from analytics.sayings import message

    zh = lang is Language.ZH
    words = ("开始", "行", "检测器", "内容", "结束") if zh else ("began", "row", "detector", "what", "ended")
    rows = [
        dict(
            zip(
                words,
                (
                    f"{one.alert.began:%Y-%m-%d %H:%M:%S}",
                    one.row,
                    one.alert.detector,
                    message(one.alert, lang.value),
                    "" if one.alert.ended is None else f"{one.alert.ended:%Y-%m-%d %H:%M:%S}",
                ),
                strict=True,
            )
        )
        for one in found
    ]
    show(rows, OutputFormat.TABLE, title=f"{table.file.name}: {len(found)}")


def _parameters(model: Any) -> dict[str, Any]:
    """Give the settings of a detector by name: what each means, its default and its bounds."""
    if model is None:
        return {}
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    return {name: {**told, "required": name in required} for name, told in schema["properties"].items()}
