"""List alerts; acknowledge, comment, shelve or reset them; take alarm points out of service; measure how alerts do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from analytics.commands.reading import assets, read_installation, under, with_records
from analytics.commands.report import Language
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, instant, show, show_json

if TYPE_CHECKING:
    import sqlalchemy as sa

    from analytics.lifecycle import AlarmState, AlertEvent, Standing
    from analytics.performance import Measure, Performance
    from analytics.shelves import AlarmPoint
    from collector.park import Park

app = typer.Typer(no_args_is_help=True)

_LISTED: Final = 200
"""Alerts that a list shows unless told otherwise."""

_PERIOD: Final = timedelta(days=30)
"""The period whose performance is told unless told otherwise."""

Ids = Annotated[list[str], typer.Argument(metavar="ALERT", help="Ids of alerts, as `list` shows them.")]
MaybeIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="ALERT", help="Ids of alerts, as `list` shows them.", show_default=False),
]
AtPath = Annotated[str, typer.Option("--path", help="Everything of this factory, line or machine, now and later.")]
Below = Annotated[
    str, typer.Argument(help="The park, a factory, a line or a machine, with all below it; everything without it.")
]
Person = Annotated[str, typer.Option(help="Who does it.", show_default="the login name")]
Comment = Annotated[str, typer.Option(help="What to say of it.")]
In = Annotated[Language, typer.Option("--language", "--lang", help="zh or en.")]
Since = Annotated[str, typer.Option("--from", help="An instant: 2026-03-02T06:00+08:00; UTC without zone.")]
Until = Annotated[str, typer.Option("--to", help="The instant before which it ends.")]


@app.command("list")
def list_alerts(
    path: Below = "",
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; may be given several times.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help="Only of this priority: low, medium, high, critical; several times.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,  # noqa: FBT002 - a flag
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; those that began last.")] = _LISTED,
    language: In = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List what is open: alerts that last, that nobody acknowledged, or that wait for a reset. JSON shows UTC."""
    from analytics.alertlog import read_standings
    from analytics.lifecycle import AlarmState
    from collector.park import Severity

    loaded = read_installation(config)
    states = [_one_of("--state", one, AlarmState) for one in state or ()]
    severities = [_one_of("--severity", one, Severity) for one in severity or ()]
    if not states and not every:
        states = _open_states()
    asked = partial(
        read_standings,
        under=under(loaded.park, path),
        states=states or None,
        severities=severities or None,
        start=instant("--from", since),
        end=instant("--to", until),
        limit=limit + 1,
    )
    found = with_records(loaded, asked)
    shown = found[:limit]
    if output is OutputFormat.JSON:
        show_json([_told(one) for one in shown])
        return
    words = _words(language.value)
    left = words["more"] if len(found) > limit else ""
    show([_row(loaded.park, one, language.value) for one in shown], output, title=f"{words['alerts']}{left}")


@app.command("show")
def show_alert(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, as `list` shows it.")],
    language: In = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show an alert and all that happened to it."""
    from analytics.alertlog import read_events, read_standing

    loaded = read_installation(config)
    standing = with_records(loaded, partial(read_standing, alert=alert))
    if standing is None:
        fail(f"there is no alert {alert!r}; `parkline alert list --all` shows them", code=2)
    events = with_records(loaded, partial(read_events, alert=alert))
    if output is OutputFormat.JSON:
        show_json(_told(standing) | {"events": [_happened(one) for one in events]})
        return
    show([_row(loaded.park, standing, language.value)], output, title=alert)
    if standing.alert.contributions:
        words = _words(language.value)
        shares = [
            {words["signal"]: one.signal, words["share"]: one.share * 100} for one in standing.alert.contributions
        ]
        show(shares, output, title=words["signals"])
    show(
        [_event_row(loaded.park, one, language.value) for one in events],
        output,
        title=_words(language.value)["history"],
    )


@app.command("ack")
def acknowledge(alerts: Ids, comment: Comment = "", person: Person = "", config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Acknowledge alerts: you know of them."""
    _act(config, "acknowledged", alerts, person=person, comment=comment)


@app.command("comment")
def comment_on(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, as `list` shows it.")],
    text: Annotated[str, typer.Argument(help="What to say of it.")],
    person: Person = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Say something of an alert, for whoever reads its history."""
    _act(config, "commented", [alert], person=person, comment=text)


@app.command("shelve")
def shelve(
    reason: Annotated[str, typer.Option(help="Why; shown with the alert.")],
    alerts: MaybeIds = None,
    path: AtPath = "",
    span: Annotated[str, typer.Option("--for", help="How long: 30min, 8h, 2d; seven days at most.")] = "",
    until: Annotated[str, typer.Option("--until", help="Or until when: 2026-03-02T06:00+08:00.")] = "",
    person: Person = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put alerts, or all of a machine or line, aside for a while; nobody is told of them, nor of their recurrence."""
    if bool(span) == bool(until):
        fail("write --for 8h, or --until INSTANT", code=2)
    ends = _after(span) if span else instant("--until", until)
    _act(config, "shelved", alerts or [], path, person=person, comment=reason, until=ends)


@app.command("unshelve")
def unshelve(
    alerts: MaybeIds = None,
    path: AtPath = "",
    comment: Comment = "",
    person: Person = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Take alerts, or a machine or line, off the shelf before their time is over."""
    _act(config, "unshelved", alerts or [], path, person=person, comment=comment)


@app.command("out-of-service")
def out_of_service(
    alerts: Ids,
    reason: Annotated[str, typer.Option(help="Why; shown with the alert.")],
    person: Person = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Take the points of alerts out of service until somebody puts them back: a sensor is broken or being changed."""
    _act(config, "out_of_service", alerts, person=person, comment=reason)


@app.command("in-service")
def in_service(alerts: Ids, comment: Comment = "", person: Person = "", config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Put the points of alerts back into service."""
    _act(config, "in_service", alerts, person=person, comment=comment)


@app.command("reset")
def reset(alerts: Ids, comment: Comment = "", person: Person = "", config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Reset alerts that stay active after their cause is gone."""
    _act(config, "reset", alerts, person=person, comment=comment)


@app.command("points")
def points(
    language: In = Language.EN, config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE
) -> None:
    """List what is shelved or out of service: alarm points, machines and lines; by whom, why and until when."""
    from analytics.alertlog import read_points

    loaded = read_installation(config)
    found = with_records(loaded, read_points)
    if output is OutputFormat.JSON:
        from dataclasses import asdict

        show_json([asdict(one) for one in found])
        return
    words = _words(language.value)
    show([_point_row(loaded.park, one, words) for one in found], output, title=words["points"])


@app.command("performance")
def performance_of(
    path: Below = "",
    since: Since = "",
    until: Until = "",
    operators: Annotated[int, typer.Option(min=1, help="How many people take alerts at a time.")] = 1,
    language: In = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Measure the alerts of the last 30 days, or of --from to --to, beside the targets of ISA-18.2 and EEMUA 191."""
    from analytics.alertlog import each_event, read_standings
    from analytics.performance import performance

    loaded = read_installation(config)
    end = instant("--to", until) or datetime.now(UTC)
    start = instant("--from", since) or end - _PERIOD
    if start >= end:
        fail(f"--to: it must lie after --from ({start:%Y-%m-%dT%H:%M:%SZ})", code=2)
    below = under(loaded.park, path)

    def read(connection: "sa.Connection") -> "Performance":
        events = each_event(connection, start=start, end=end, under=below)
        lived = read_standings(connection, start=start, end=end, under=below)
        return performance(events, lived, start, end, operators=operators)

    told = with_records(loaded, read)
    if output is OutputFormat.JSON:
        show_json(_measured(told))
        return
    _print(loaded.park, told, language.value)


def _act(
    config: Path,
    kind: str,
    alerts: Sequence[str],
    path: str = "",
    *,
    person: str,
    comment: str,
    until: datetime | None = None,
) -> None:
    """Do the same to each alert, or to a path; all or nothing."""
    from getpass import getuser

    from analytics.alarmwords import STATES
    from analytics.alertlog import act, read_standings
    from analytics.lifecycle import Action, ActionError, EventKind
    from analytics.sayings import message

    loaded = read_installation(config)
    if bool(alerts) == bool(path):
        fail("write ids of alerts, or --path", code=2)
    if kind == "shelved" and path == loaded.park.id and path not in assets(loaded.park):
        fail(f"--path: {path!r} is the whole park; name a factory, line or machine", code=2)
    under(loaded.park, path)
    who = person.strip() or getuser()
    actions = [
        Action(EventKind(kind), who, alert, one_path, comment, until)
        for alert, one_path in ([("", path)] if path else [(one, "") for one in dict.fromkeys(alerts)])
    ]
    now = datetime.now(UTC)

    def work(connection: "sa.Connection") -> "tuple[list[AlertEvent], bool]":
        done = [event for action in actions for event in act(connection, action, now=now)]
        return done, bool(path and read_standings(connection, under=[path], states=_open_states(), limit=1))

    try:
        events, is_open = with_records(loaded, work)
    except ActionError as error:
        fail(error, code=2)
    for one in {event.alert: event.standing for event in events}.values():
        typer.echo(f"{one.id} {STATES[one.state].en}: {one.alert.equipment}: {message(one.alert, 'en')}")
    if not events and path:
        there = "nothing changes for the alerts there" if is_open else "no alert is open there"
        typer.echo(f"{'shelved' if kind == 'shelved' else 'no longer shelved'}; {there}")
    elif not events:
        typer.echo("nothing to change")


def _told(standing: "Standing") -> dict[str, Any]:
    from analytics.sayings import message

    alert = standing.alert
    return {
        "id": standing.id,
        "equipment": alert.equipment,
        "signal": alert.signal,
        "detector": alert.detector,
        "key": alert.key,
        "severity": alert.severity,
        "priority": standing.priority,
        "state": standing.state,
        "message": {"zh": message(alert, "zh"), "en": message(alert, "en")},
        "value": alert.value,
        "began": standing.began,
        "occurred": alert.began,
        "ended": alert.ended,
        "count": standing.count,
        "chattering": standing.chattering,
        "raised": standing.raised,
        "changed": standing.changed,
        "acknowledged": standing.acknowledged,
        "person": standing.person,
        "shelved_until": standing.shelved_until,
        "suppressed_by": standing.suppressed_by,
        "group": standing.group,
        "contributions": [{"signal": one.signal, "share": one.share} for one in alert.contributions],
    }


def _happened(event: "AlertEvent") -> dict[str, Any]:
    return {
        "id": event.id,
        "number": event.number,
        "at": event.at,
        "kind": event.kind,
        "person": event.person,
        "comment": event.comment,
        "state": event.standing.state,
        "count": event.standing.count,
    }


def _row(park: "Park", standing: "Standing", language: Any) -> dict[str, Any]:
    from analytics.alarmwords import STATES
    from analytics.notices import PRIORITIES
    from analytics.sayings import message

    words, alert = _words(language), standing.alert
    return {
        words["alert"]: standing.id,
        words["priority"]: getattr(PRIORITIES[standing.priority], language),
        words["state"]: getattr(STATES[standing.state], language),
        words["what"]: message(alert, language),
        words["where"]: alert.equipment,
        words["began"]: _local(park, alert.equipment, standing.began),
        words["ended"]: words["lasts"] if standing.active else _local(park, alert.equipment, alert.ended),
        words["count"]: standing.count,
        words["person"]: standing.person or None,
    }


def _event_row(park: "Park", event: "AlertEvent", language: Any) -> dict[str, Any]:
    from analytics.alarmwords import EVENTS, STATES

    words = _words(language)
    return {
        words["at"]: _local(park, event.standing.alert.equipment, event.at),
        words["event"]: getattr(EVENTS[event.kind], language),
        words["state"]: getattr(STATES[event.standing.state], language),
        words["count"]: event.standing.count,
        words["person"]: event.person or None,
        words["comment"]: event.comment or None,
    }


def _point_row(park: "Park", point: "AlarmPoint", words: Mapping[str, str]) -> dict[str, Any]:
    where = point.path or point.signal
    return {
        words["where"]: where,
        words["detector"]: point.detector or None,
        words["key"]: point.key or None,
        words["out_of_service"]: words["yes"] if point.out_of_service else None,
        words["until"]: _local(park, where, point.shelved_until),
        words["person"]: point.person,
        words["reason"]: point.reason,
        words["since"]: _local(park, where, point.since),
    }


def _measured(told: "Performance") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "start": told.start,
        "end": told.end,
        "short": told.short,
        "operators": told.operators,
        "annunciations": told.annunciations,
        "occurrences": told.occurrences,
        "measures": [
            {
                "metric": one.target.metric,
                "title": {"zh": one.target.title.zh, "en": one.target.title.en},
                "unit": one.target.unit,
                "value": one.value,
                "target": one.target.target,
                "limit": one.target.limit,
                "verdict": one.verdict,
                "source": one.target.source,
            }
            for one in told.measures
        ],
        "top": [asdict(one) for one in told.top],
    }


def _print(park: "Park", told: "Performance", language: str) -> None:
    words = _words(language)
    start, end = (_local(park, "", one) for one in (told.start, told.end))
    rows = [_measure_row(one, language) for one in told.measures]
    show(rows, OutputFormat.TABLE, title=words["performance"].format(start, end, told.annunciations, told.occurrences))
    top = [
        {
            words["where"]: one.equipment,
            words["signal"]: one.signal.removeprefix(f"{one.equipment}/"),
            words["detector"]: one.detector,
            words["key"]: one.key,
            words["annunciations"]: one.annunciations,
            words["occurrences"]: one.occurrences,
            f"{words['share']} %": one.share,
        }
        for one in told.top
    ]
    show(top, OutputFormat.TABLE, title=words["top"])
    if told.short:
        typer.echo(words["short"], err=True)


def _measure_row(one: "Measure", language: str) -> dict[str, Any]:
    from analytics.performance import TITLES

    words, target = _words(language), one.target
    bound = "≥" if target.at_least else "≤"
    return {
        words["metric"]: getattr(target.title, language),
        words["value"]: None if one.value is None else round(one.value, 2),
        words["unit"]: target.unit or None,
        words["target"]: None if target.target is None else f"{bound} {target.target:g}",
        words["limit"]: None if target.limit is None else f"{bound} {target.limit:g}",
        words["verdict"]: getattr(TITLES[one.verdict], language) or None,
        words["source"]: target.source or None,
    }


def _words(language: str) -> Mapping[str, str]:
    from analytics.alarmwords import TABLES

    return TABLES[language]


def _local(park: "Park", path: str, instant: datetime | None) -> str | None:
    """Give an instant in the time of the factory that a path is of; in that of the first where it is of none."""
    if instant is None:
        return None
    factory = next((one for one in park.factories if one.path == path.partition("/")[0]), park.factories[0])
    return f"{instant.astimezone(factory.zone):%Y-%m-%d %H:%M:%S}"


def _open_states() -> "list[AlarmState]":
    """Give the states of alerts that are open."""
    from analytics.lifecycle import AlarmState

    return [one for one in AlarmState if one is not AlarmState.NORMAL]


def _one_of(option: str, written: str, kind: Any) -> Any:
    from collector.config.problems import did_you_mean

    if written not in list(kind):
        fail(
            f"{option}: there is no {written!r}{did_you_mean(written, list(kind))}; there are {', '.join(kind)}", code=2
        )
    return kind(written)


def _after(span: str) -> datetime:
    """Give the instant after a span as a person writes it; of one that is too long, one that is too late."""
    from pydantic import TypeAdapter, ValidationError

    from adapters.settings import Duration
    from analytics.lifecycle import LONGEST_SHELF

    longest = 2 * LONGEST_SHELF
    try:
        read: timedelta = TypeAdapter(Duration).validate_python(span)
    except ValidationError as error:
        fail(f"--for: {error.errors()[0]['msg'].removeprefix('Value error, ')}", code=2)
    except OverflowError:
        read = longest
    return datetime.now(UTC) + min(read, longest)
