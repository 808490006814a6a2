"""List the channels that alerts are told on; test one; show what each has sent and owes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from analytics.commands.reading import read_installation, with_records
from analytics.commands.report import Language
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from pydantic import BaseModel

    from adapters.channels.contract import Notice, Sent
    from analytics.outbox import Record, Stand
    from collector.alerting import ChannelConfig
    from collector.load import Config

app = typer.Typer(no_args_is_help=True)


In = Annotated[Language, typer.Option("--language", "--lang", help="zh or en.")]

_CHINESE: Final = {
    "all alerts": "所有告警",
    "alert": "告警",
    "answer": "应答",
    "attempts": "尝试次数",
    "channel": "渠道",
    "channels": "渠道",
    "expired": "已过期",
    "fallback": "备用渠道",
    "fate": "结果",
    "held": "暂缓",
    "kind": "类型",
    "language": "语言",
    "last error": "最近错误",
    "made": "生成时间",
    "name": "名称",
    "notifications, the newest first": "最新通知",
    "oldest waiting": "最早待发",
    "quiet": "免打扰时段",
    "rate": "限速",
    "reason": "原因",
    "refused": "被拒绝",
    "routes": "路由",
    "says": "内容",
    "sent": "已发送",
    "settings": "设置",
    "severity": "优先级",
    "since": "自",
    "state": "状态",
    "summarised": "已汇总",
    "unreachable": "无法到达",
    "unseen": "未用过",
    "untold": "未通知",
    "waiting": "待发",
    "works": "正常",
}
"""Words of the tables that are about channels, in Chinese."""

_SAID: Final = frozenset({"state", "routes", "fate", "severity", "kind"})
"""Columns whose values are such words."""


@app.command("list")
def list_channels(
    language: In = Language.EN, config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE
) -> None:
    """List the channels as they are configured, without their secrets."""
    from analytics.routing import Rules

    loaded = read_installation(config)
    alerts = loaded.installation.alerts
    rules = Rules(alerts, loaded.park)
    rows = [
        {
            "name": one.name,
            "kind": one.kind,
            "language": one.language,
            "settings": _settings(one.settings),
            "routes": _routes(rules, one.name),
            "rate": "" if one.rate is None else f"{one.rate.count} in {one.rate.per.total_seconds():g} s",
            "quiet": _quiet(one),
            "fallback": one.fallback or "",
        }
        for one in alerts.channels
    ]
    _show(rows, output, language, title="channels")


@app.command("test")
def try_channel(
    name: Annotated[str, typer.Argument(help="Name of the channel, as parkline.yaml gives it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Send a test notice right now and show what the receiver answers, or what to do.

    Exit code 0: the receiver has it; 1: it has not, and the text says why.
    """
    from adapters.channels.contract import ChannelError, ChannelRefusedError

    loaded = read_installation(config)
    if name not in {one.name for one in loaded.installation.alerts.channels}:
        names = ", ".join(one.name for one in loaded.installation.alerts.channels)
        fail(f"there is no channel {name!r}; there are {names or 'none: write one under `alerts: channels:`'}", code=2)
    now = datetime.now(UTC)
    try:
        sent = asyncio.run(_test(loaded, name, now))
    except ChannelRefusedError as error:
        asyncio.run(_note(loaded, name, now, refused=error.reason))
        fail(f"{name}: refused: {error.reason}")
    except ChannelError as error:
        fail(f"{name}: no answer: {error.reason}")
    asyncio.run(_note(loaded, name, now))
    if output is OutputFormat.JSON:
        show_json({"channel": name, "answer": sent.answer, "left_out": sent.left_out})
    else:
        typer.echo(f"{name}: {sent.answer}")
    if sent.left_out:
        fail(f"{name}: not for all: {'; '.join(sent.left_out)}")


@app.command("status")
def status(
    language: In = Language.EN,
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
    last: Annotated[int, typer.Option(min=0, help="How many of the newest notifications to show as well.")] = 0,
) -> None:
    """Show what each channel has sent, what it owes, and whether it works."""
    loaded = read_installation(config)
    stands, records = _stands(loaded, last)
    names = dict.fromkeys([*(one.name for one in loaded.installation.alerts.channels), *stands])
    rows = [_row(name, stands.get(name)) for name in names if name]
    unrouted = stands[""].counts.get("untold", 0) if "" in stands else 0
    recent = [_recent(one) for one in records]
    if output is OutputFormat.JSON:
        show_json({"channels": rows, "without_route": unrouted, "notifications": recent})
        return
    _show(rows, output, language, title="channels")
    if recent:
        _show(recent, output, language, title="notifications, the newest first")
    if unrouted:
        typer.echo(f"{unrouted} events of alerts had no route; see `alerts: routes:` in parkline.yaml", err=True)


def _show(rows: Sequence[Mapping[str, Any]], output: OutputFormat, language: Language, *, title: str) -> None:
    """Print rows: a table in the language, JSON as it is."""
    if language is Language.ZH and output is OutputFormat.TABLE:
        from analytics.alarmwords import EVENTS
        from analytics.notices import PRIORITIES

        words = _CHINESE | {one.value: said.zh for one, said in [*PRIORITIES.items(), *EVENTS.items()]}
        title = words[title]
        rows = [
            {words.get(name, name): words.get(value, value) if name in _SAID else value for name, value in row.items()}
            for row in rows
        ]
    show(rows, output, title=title)


def _settings(settings: "BaseModel") -> str:
    """Say what a channel's kind is configured with; addresses and passwords are secrets."""
    where = getattr(settings, "where", None)
    plain = {
        name: value
        for name in type(settings).model_fields
        if (value := getattr(settings, name)) not in {None, "", ()} and not _secret(value) and name not in _DULL
    }
    parts = [where] if where is not None else []
    return ", ".join(parts + [f"{name} {_shown(value)}" for name, value in plain.items()])


_DULL = frozenset({"timeout", "tls"})


def _secret(value: object) -> bool:
    from pydantic import SecretStr

    many = value if isinstance(value, tuple) else (value,)
    return any(isinstance(one, SecretStr) for one in many)


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _routes(rules: Any, channel: str) -> str:
    if not rules.routes:
        return "all alerts"
    named = [label for label, route in rules.routes.items() if channel in route.channels]
    named += [
        f"{label} (escalation)"
        for label, route in rules.routes.items()
        if route.escalate is not None and channel in route.escalate.channels
    ]
    return ", ".join(named)


def _quiet(channel: "ChannelConfig") -> str:
    return ", ".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in channel.quiet)


def _row(name: str, stand: "Stand | None") -> dict[str, Any]:
    counts: Mapping[str, int] = stand.counts if stand is not None else {}
    health = stand.health if stand is not None else None
    works = "unseen" if health is None or (health.failing is None and health.worked is None) else "works"
    return {
        "name": name,
        "state": health.how if health is not None and health.failing is not None else works,
        "since": _time(health.failing) if health is not None else None,
        "waiting": counts.get("waiting", 0),
        "held": counts.get("held", 0),
        "sent": counts.get("sent", 0),
        "summarised": counts.get("summarised", 0),
        "refused": counts.get("refused", 0),
        "expired": counts.get("expired", 0),
        "untold": counts.get("untold", 0),
        "oldest waiting": _time(stand.oldest) if stand is not None else None,
        "last error": health.error if health is not None else "",
    }


def _recent(record: "Record") -> dict[str, Any]:
    one = record.notification
    return {
        "id": one.id,
        "channel": one.channel,
        "alert": one.alert,
        "kind": one.kind,
        "severity": one.severity.value,
        "fate": one.fate.value,
        "reason": one.reason,
        "made": _time(one.made),
        "sent": _time(record.sent),
        "attempts": one.attempts,
        "says": record.told.get("title", ""),
        "answer": record.answer or record.error,
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


async def _test(config: "Config", name: str, now: datetime) -> "Sent":
    from analytics.notify import channels_of

    channel = channels_of(config)[name]
    async with channel.open():
        return await channel.send(_notice(config, name, now))


def _notice(config: "Config", name: str, now: datetime) -> "Notice":
    from analytics.notices import Notices
    from analytics.notification import Notification
    from analytics.notify import notice_of
    from analytics.routing import Rules
    from collector.park import Severity

    rules = Rules(config.installation.alerts, config.park)
    told = Notices(rules, config.installation.alerts.page_url).test(name, now)
    one = Notification(f"test:{now.isoformat()}", name, "test", Severity.LOW, now, now)
    return notice_of(one, told, rules.channels[name].language)


async def _note(config: "Config", name: str, now: datetime, refused: str = "") -> None:
    """Note whether the channel works, where there are records already: a failing one is an alert, and then over."""
    from analytics import channelhealth, mending
    from analytics.routing import Rules
    from collector.assembly import open_records
    from collector.records import RecordsError

    if not _has_records(config):
        return
    rules = Rules(config.installation.alerts, config.park)
    try:
        async with open_records(config) as records:
            if refused:
                await records.run(lambda connection: channelhealth.doubt(connection, rules, name, refused, now))
            else:
                await records.run(lambda connection: mending.mended(connection, rules, name, now))
    except RecordsError as error:
        typer.echo(str(error), err=True)


def _stands(config: "Config", last: int) -> "tuple[dict[str, Stand], list[Record]]":
    from analytics import outbox

    if not _has_records(config):
        return {}, []
    return with_records(
        config,
        lambda connection: (
            outbox.read_stands(connection),
            outbox.read_notifications(connection, limit=last) if last else [],
        ),
    )


def _has_records(config: "Config") -> bool:
    file = config.installation.records.url.get_secret_value().removeprefix("sqlite:///")
    return "://" in file or Path(file).exists()
