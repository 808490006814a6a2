"""The terminal of the demo: utilisation and alerts as the API tells them, once a second."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "producing": ("producing 生产", "green"),
    "idle": ("idle 空闲", "yellow"),
    "setup": ("setup 调试", "cyan"),
    "planned_stop": ("planned stop 计划停机", "blue"),
    "unplanned_stop": ("unplanned stop 非计划停机", "red"),
    "off": ("off 关机", "white"),
    "unknown": ("unknown 未知", "bright_black"),
}
"""How each equipment state is called and coloured."""

_TIMES: Final = {f"{state}_time": state for state in STATES}
_SHOWN_ALERTS: Final = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """What the API said at one time; empty before it answers."""

    kpis: Sequence[Mapping[str, Any]] = ()
    """Results of the newest day."""

    alerts: Sequence[Mapping[str, Any]] = ()
    """Newest alerts, newest first."""

    sources: Sequence[Mapping[str, Any]] = field(default=())
    """How the links stand."""


async def look(client: httpx.AsyncClient) -> Seen:
    """Ask the API; what does not answer is empty."""

    async def items(path: str) -> Sequence[Mapping[str, Any]]:
        try:
            answer = await client.get(path)
        except httpx.TransportError:
            return ()
        found: Sequence[Mapping[str, Any]] = answer.json()["items"] if answer.is_success else ()
        return found

    kpis, alerts, sources = await asyncio.gather(
        items("/api/v1/kpis?period=day"), items(f"/api/v1/alerts?limit={_SHOWN_ALERTS}"), items("/api/v1/sources")
    )
    return Seen(kpis, alerts, sources)


def picture(seen: Seen, *, page: str, folder: Path, share: float) -> Group:
    """Draw what was seen: links, utilisation, alerts; and which `folder` other commands of the demo are given."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(Text("parkline", style="bold"), Text(page, style="underline"))
    clock = max((one["last_time"] for one in seen.sources if one["last_time"]), default="")
    links = Text("  ").join(_link(one) for one in seen.sources)
    bar = ProgressBar(total=1.0, completed=share, width=40)
    recorded = Text(f"recorded time {_clock(clock)} UTC   played {share:.0%} " if clock else "waiting for samples …")
    return Group(
        head,
        Columns([recorded, bar], padding=(0, 1)),
        links,
        Panel(
            Group(_utilisation(seen.kpis), _legend()),
            title="utilisation 利用率",
            title_align="left",
            border_style="dim",
        ),
        Panel(_alerts(seen.alerts), title="alerts 告警", title_align="left", border_style="dim"),
        Text(f"commands 命令: parkline … -c {folder}", style="dim", overflow="fold"),
        Text("Ctrl-C ends the demo 按 Ctrl-C 结束", style="dim"),
    )


def _link(source: Mapping[str, Any]) -> Text:
    up = source["state"] == "up" and not source["stale"]
    text = Text("● ", style="green" if up else "red")
    text.append(f"{source['name']} ({source['kind']}) {source['samples']:,}", style="default")
    return text.append(f" {source['problem']}", style="red") if source["problem"] else text


def _utilisation(kpis: Sequence[Mapping[str, Any]]) -> Table:
    by_path: dict[str, dict[str, Mapping[str, Any]]] = {}
    for result in kpis:
        by_path.setdefault(result["path"], {})[result["kpi"]] = result
    table = Table(box=None, expand=True, header_style="dim", pad_edge=False)
    table.add_column("")
    table.add_column("utilisation", justify="right")
    table.add_column("availability", justify="right")
    table.add_column("coverage", justify="right")
    table.add_column("states of the day", ratio=1)
    for path, results in by_path.items():
        table.add_row(
            Text(path, style="bold" if path.count("/") == 2 else "default"),  # noqa: PLR2004 - factory/line/equipment
            _percent(results.get("utilisation", {}).get("value")),
            _percent(results.get("availability", {}).get("value")),
            _percent(results.get("utilisation", {}).get("coverage")),
            _states({_TIMES[kpi]: one["value"] for kpi, one in results.items() if kpi in _TIMES}),
        )
    return table


def _states(seconds: Mapping[str, float | None], width: int = 36) -> Text:
    """Draw the shares of a day as a bar of blocks, and name the time that was produced."""
    total = sum(value or 0.0 for value in seconds.values())
    text = Text()
    if not total:
        return text
    for state, (_, colour) in STATES.items():
        text.append("█" * round(width * (seconds.get(state) or 0.0) / total), style=colour)
    return text


def _legend() -> Text:
    text = Text()
    for word, colour in STATES.values():
        text.append("█ ", style=colour).append(f"{word}   ", style="dim")
    return text


def _alerts(alerts: Sequence[Mapping[str, Any]]) -> Table | Text:
    if not alerts:
        return Text("none yet 暂无", style="dim")
    table = Table.grid(padding=(0, 2), expand=True)
    for alert in alerts:
        lasts = Text("active", style="bold red") if alert["active"] else Text(f"until {_clock(alert['ended'])}")
        message = alert["message"]["en"]
        table.add_row(_clock(alert["began"]), lasts, alert["severity"], alert["equipment"], message)
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _clock(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%Y-%m-%d %H:%M:%S") if instant else ""


async def show(client: httpx.AsyncClient, folder: Path, share: Callable[[], float], stop: asyncio.Event) -> None:
    """Draw the demo in `folder` on stderr's terminal until `stop` is set; `share` tells how much is played, 0 to 1."""
    page = str(client.base_url).rstrip("/")
    console = Console(stderr=True)
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while not stop.is_set():
            live.update(picture(await look(client), page=page, folder=folder, share=share()), refresh=True)
            try:
                async with asyncio.timeout(1):
                    await stop.wait()
            except TimeoutError:
                continue
