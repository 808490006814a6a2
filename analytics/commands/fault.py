"""See which fault detectors there are and what they would have told of the past; have them learn again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from analytics.commands.reading import lies_under, read_installation, under, with_records
from analytics.commands.report import Language
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, instant, show, show_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from analytics.alerts import Alert
    from analytics.health import Score
    from analytics.healthlog import Learned
    from analytics.tablefaults import Onset
    from analytics.teaching import Taught
    from analytics.widetable import WideTable
    from collector.load import Config
    from collector.park import Park

app = typer.Typer(no_args_is_help=True)

_TIME: Final = "time"
"""The column of times of a table, unless told otherwise."""

_SHOWN: Final = 0.5
"""Points from which a part is shown in the table."""


@app.command("list")
def detectors(output: Output = OutputFormat.TABLE) -> None:
    """List the fault detectors: what they see, where they come from, and their settings."""
    from analytics import health as health_score
    from analytics.faults.catalogue import DETECTORS
    from collector.faultrules.machine import Health

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
    rows.append(
        {
            "detector": health_score.SLUG,
            "en": health_score.TITLE.en,
            "zh": health_score.TITLE.zh,
            "learns": False,
            "source": health_score.SOURCE,
            "parameters": _parameters(Health),
        }
    )
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
    file: Annotated[
        Path | None, typer.Option(help="A recorded wide table, CSV or Parquet: a column per signal.")
    ] = None,
    time: Annotated[str, typer.Option(help="With --file: the column of times.", show_default=_TIME)] = "",
    train: Annotated[
        int | None,
        typer.Option(min=1, help="With --file: how many rows to learn from, the first. Without it: a fifth."),
    ] = None,
    signals: Annotated[
        str,
        typer.Option(help="With --file: the columns that are signals, with commas between. Without it: all numbers."),
    ] = "",
    detector: Annotated[
        list[str] | None, typer.Option(help="Which detectors look; several times. Of a file, without it: multivariate.")
    ] = None,
    path: Annotated[str, typer.Option(help="With --from: only this factory, line, machine or signal.")] = "",
    since: Annotated[
        str,
        typer.Option(
            "--from", help="What is stored since then: 2026-03-02 or 2026-03-02T06:00+08:00; in UTC without zone."
        ),
    ] = "",
    until: Annotated[str, typer.Option("--to", help="With --from: until then; now without it.")] = "",
    lang: Annotated[
        Language, typer.Option("--lang", "--language", help="The language of the table: zh or en.")
    ] = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print what detectors would have told, for tuning before they are switched on.

    Of a recorded table that nobody configured (--file): each onset with its signals and its end. Of what is stored
    (--from, --to): each alert of the installation's detectors as they are configured now; nothing is logged, and nobody
    is told. Detectors begin anew, and learn from the first of it.
    """
    if (file is None) == (not since):
        fail("write either --file with a recorded table, or --from with the time to replay", code=2)
    _refuse(
        "--file" if since else "--from",
        {"--time": time, "--train": train, "--signals": signals} if since else {"--path": path, "--to": until},
    )
    if file is None:
        _replay_history(config, (since, until), path, detector or [], output, lang)
        return
    from analytics.tablefaults import USUAL, onsets, trained_rows
    from analytics.widetable import TableError, read_table

    named = [name.strip() for name in signals.split(",") if name.strip()]
    try:
        table = read_table(file, time or _TIME, named)
        found = onsets(table, train, detector or USUAL)
    except TableError as error:
        fail(error, code=2)
    if output is OutputFormat.JSON:
        show_json(_told(table, trained_rows(table, train), found))
        return
    _print(table, found, lang)


@app.command()
def learn(
    path: Annotated[str, typer.Argument(help="A machine with all its signals, or one signal.")],
    since: Annotated[
        str,
        typer.Option("--from", help="Begin of a time that is stored and in which it was well; from now on without it."),
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Its end.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Have it learned again what is normal of a machine or a signal: after a repair, or with another set point.

    With --from and --to it is learned from what is stored of that time, at once; without, from the next samples on.
    Alerts that rest on what was known end. The role `alerts` takes it at its next look, or when it is started.
    """
    from datetime import UTC, datetime

    from analytics.relearning import ask

    installation = read_installation(config)
    park = installation.park
    if path not in park.equipment and path not in park.signals:
        from collector.config.problems import did_you_mean

        hint = did_you_mean(path, [*park.equipment, *park.signals]) or "; write factory/line/machine or …/signal"
        fail(f"there is no machine or signal {path!r}{hint}", code=2)
    if bool(since) != bool(until):
        fail("write both --from and --to, or neither", code=2)
    now = datetime.now(UTC)
    start, end = instant("--from", since), instant("--to", until)
    if start is None or end is None:
        with_records(installation, lambda connection: ask(connection, path, now))
        typer.echo(f"{path}: what is normal will be learned again, from now on", err=True)
        return
    _teach(installation, path, (start, end), now, output)


def _teach(
    config: "Config", path: str, healthy: "tuple[datetime, datetime]", now: "datetime", output: OutputFormat
) -> None:
    """Learn from what is stored, and hand it over."""
    import asyncio

    from adapters.stores.contract import StoreError
    from analytics.healthlog import write_baselines
    from analytics.relearning import ask
    from collector.records import RecordsError

    if healthy[1] <= healthy[0] or healthy[1] > now:
        fail("--to must come after --from, and not after now", code=2)
    try:
        lesson = asyncio.run(_taught(config, path, healthy, now))
    except (StoreError, RecordsError) as error:
        fail(error)
    if not lesson.baselines:
        fail(
            f"{path}: nothing could be learned from that time; is it stored, and does a detector that learns watch it?"
        )

    def hand_over(connection: "sa.Connection") -> None:
        for slug, one in lesson.baselines:
            write_baselines(connection, slug, [one], now)
        ask(connection, path, now, lesson.carried)

    with_records(config, hand_over)
    rows = [
        {"subject": one.subject, "detector": slug, "mode": one.mode, "rows": one.rows} for slug, one in lesson.baselines
    ]
    show(rows, output, title=f"Learned of {path}")
    for slug, subject in lesson.unlearned:
        typer.echo(f"{subject}: {slug} could not learn from that time, and learns from what comes", err=True)


async def _taught(config: "Config", path: str, healthy: "tuple[datetime, datetime]", now: "datetime") -> "Taught":
    from analytics.teaching import taught
    from collector.assembly import open_records, open_store

    async with open_store(config) as store, open_records(config) as records:
        return await taught(config.park, store, records, [path], healthy, now)


@app.command()
def health(
    path: Annotated[str, typer.Argument(help="A factory, line or machine; everything without it.")] = "",
    lang: Annotated[
        Language, typer.Option("--lang", "--language", help="The language of the table: zh or en.")
    ] = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print how well each machine is, 0 to 100, and what costs it points; one that nobody watches has no score."""
    from analytics.healthlog import read_health

    installation = read_installation(config)
    park = installation.park
    paths = under(park, path)
    found = with_records(installation, lambda connection: read_health(connection, paths))
    scores = [one for one in found if one.equipment in park.equipment]
    if output is OutputFormat.JSON:
        show_json([_score(one) for one in scores])
        return
    words = _WORDS[lang]
    rows = [
        {
            words["equipment"]: one.equipment,
            words["score"]: None if one.score is None else f"{one.score:.0f}",
            words["parts"]: "; ".join(
                f"-{part.lost:.0f} {getattr(part.title, lang.value)} {part.subject.removeprefix(one.equipment + '/')}"
                for part in one.parts
                if part.lost >= _SHOWN
            ),
        }
        for one in scores
    ]
    show(rows, output, title=words["health"])


@app.command()
def baselines(
    path: Annotated[
        str, typer.Argument(help="A factory, line, machine or signal, with all below it; everything without it.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Earlier versions, too.")] = False,  # noqa: FBT002 - a flag
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print what was learned to be normal: by which detector, in which mode, from when to when; JSON has the models."""
    from analytics.healthlog import read_baselines

    installation = read_installation(config)
    park = installation.park
    paths = under(park, path, signals=True)
    there = park.equipment.keys() | park.signals.keys()
    learned = [
        one
        for one in with_records(installation, lambda connection: read_baselines(connection, newest=not every))
        if one.baseline.subject in there and lies_under(one.baseline.subject, paths)
    ]
    rows = [_learned(one) for one in learned]
    if output is OutputFormat.TABLE:
        rows = [{name: value for name, value in row.items() if name != "model"} for row in rows]
    show(rows, output, title="Baselines")


def _score(one: "Score") -> dict[str, Any]:
    from analytics.faults.contract import moment

    return {
        "equipment": one.equipment,
        "score": one.score,
        "at": moment(one.at),
        "parts": [
            {
                "detector": part.detector,
                "title": {"zh": part.title.zh, "en": part.title.en},
                "subject": part.subject,
                "name": part.name,
                "kind": part.kind,
                "lost": part.lost,
                "ratio": part.ratio,
                "severity": part.severity,
            }
            for part in one.parts
        ],
    }


def _learned(one: "Learned") -> dict[str, Any]:
    from analytics.faults.contract import moment

    return {
        "subject": one.baseline.subject,
        "detector": one.detector,
        "mode": one.baseline.mode,
        "version": one.version,
        "learned": one.learned,
        "from": moment(one.baseline.start),
        "to": moment(one.baseline.end),
        "rows": one.baseline.rows,
        "model": dict(one.baseline.model),
    }


def _replay_history(
    config: Path, span: tuple[str, str], path: str, detectors: list[str], output: OutputFormat, lang: Language
) -> None:
    import asyncio
    from datetime import UTC, datetime

    from adapters.stores.contract import StoreError
    from analytics.faults.catalogue import DETECTORS
    from analytics.faults.links import LINKS
    from collector.records import RecordsError

    installation = read_installation(config)
    end = instant("--to", span[1]) or datetime.now(UTC)
    start = instant("--from", span[0]) or end
    if end <= start:
        fail("--to must come after --from", code=2)
    known = [one.slug for one in DETECTORS if one is not LINKS]  # what links did is not looked at again
    for slug in detectors:
        if slug not in known:
            fail(f"there is no detector {slug!r} to replay; there are {', '.join(known)}", code=2)
    park = installation.park
    paths = under(park, path, signals=True)
    signals = None if paths is None else [one for one in park.signals if lies_under(one, paths)]
    try:
        found = asyncio.run(_replayed(installation, signals, start, end))
    except (StoreError, RecordsError) as error:
        fail(error)
    chosen = [
        alert
        for alert in found
        if not detectors or alert.detector in detectors
        if lies_under(alert.equipment, paths) or lies_under(alert.signal, paths)
    ]
    if output is OutputFormat.JSON:
        show_json({"from": start, "to": end, "alerts": [_alert(one) for one in chosen]})
        return
    _print_alerts(chosen, park, lang)


def _refuse(with_option: str, given: "Mapping[str, object]") -> None:
    """End the verb where one of these options is written, each of which says something of another one."""
    wrong = next((option for option, written in given.items() if written), None)
    if wrong is not None:
        fail(f"{wrong} goes with {with_option} alone", code=2)


async def _replayed(config: "Config", signals: list[str] | None, start: "datetime", end: "datetime") -> "list[Alert]":
    from analytics.faultreplay import replayed
    from collector.assembly import open_records, open_store

    async with open_store(config) as store, open_records(config) as records:
        return await replayed(config.park, store, records, signals, start, end)


def _alert(alert: "Alert") -> dict[str, Any]:
    from analytics.sayings import message

    return {
        "began": alert.began,
        "ended": alert.ended,
        "detector": alert.detector,
        "key": alert.key,
        "severity": alert.severity,
        "equipment": alert.equipment,
        "signal": alert.signal,
        "value": alert.value,
        "contributions": [{"signal": one.signal, "contribution": one.share} for one in alert.contributions],
        "message": {"zh": message(alert, "zh"), "en": message(alert, "en")},
    }


def _print_alerts(alerts: "Sequence[Alert]", park: "Park", lang: Language) -> None:
    from analytics.notices import PRIORITIES
    from analytics.sayings import message

    def shown(instant: "datetime | None", at: str) -> str:
        if instant is None:
            return ""
        zoned = instant.astimezone(park.factory_of(at).zone) if at.partition("/")[0] != park.id else instant
        return f"{zoned:%Y-%m-%d %H:%M:%S}"

    words = _WORDS[lang]
    rows = [
        dict(
            zip(
                (
                    words["began"],
                    words["ended"],
                    words["severity"],
                    words["detector"],
                    words["equipment"],
                    words["what"],
                ),
                (
                    shown(one.began, one.equipment),
                    shown(one.ended, one.equipment),
                    getattr(PRIORITIES[one.severity], lang.value),
                    one.detector,
                    one.equipment,
                    message(one, lang.value),
                ),
                strict=True,
            )
        )
        for one in alerts
    ]
    show(rows, OutputFormat.TABLE, title=f"{words['would']}: {len(rows)}")


_WORDS = {
    Language.EN: {
        "began": "began",
        "ended": "ended",
        "severity": "priority",
        "detector": "detector",
        "equipment": "machine",
        "what": "what",
        "score": "score",
        "parts": "points lost",
        "health": "Health",
        "row": "row",
        "would": "Would have alerted",
    },
    Language.ZH: {
        "began": "开始",
        "ended": "结束",
        "severity": "优先级",
        "detector": "检测器",
        "equipment": "设备",
        "what": "内容",
        "score": "评分",
        "parts": "扣分项",
        "health": "设备健康",
        "row": "行",
        "would": "本应告警",
    },
}
"""Words of the tables."""


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

    told = _WORDS[lang]
    words = [told[name] for name in ("began", "row", "detector", "what", "ended")]
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
