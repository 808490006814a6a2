"""Roles, and what keeps them running.

A role is an entry point of the group `parkline.roles`: `async def serve(config, stop)`, which returns after `stop` is
set and all it holds is closed. Each runs in a process of its own. The supervisor starts them downstream first, starts
again whichever ends, with growing waits and for ever, and stops them upstream first:

    start   api, analytics, alerts, collector          stop   collector, alerts, analytics, api

A role whose supervisor is gone notices that its standard input has ended, and stops as if it had been told.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import IO, Any, Final, Self

import structlog

from collector.backoff import Backoff
from collector.load import Config, load
from collector.log import LogFormat, LogLevel

GROUP: Final = "parkline.roles"
"""The entry point group that roles are found in."""

UPSTREAM_FIRST: Final = ("collector", "alerts", "analytics", "api")
"""The roles in the direction in which data flows."""

FIRST_WAIT: Final = 0.5
"""Seconds at most before a role that ended is started again for the first time."""

LONGEST_WAIT: Final = 30.0
"""Seconds at most between two starts."""

STEADY: Final = 60.0
"""Seconds after which a role that runs is taken to be well."""

STOPPING: Final = 20.0
"""Seconds a role has to stop; then it is killed. The collector drains for 6 at most, and closes."""

Serve = Callable[[Config, asyncio.Event], Awaitable[None]]

_log = structlog.get_logger(__name__)


def roles() -> list[str]:
    """Give the names of the roles there are, upstream first."""
    names = set(_points())
    return [name for name in UPSTREAM_FIRST if name in names] + sorted(names.difference(UPSTREAM_FIRST))


def run_role(name: str, config: Path, *, supervised: bool = False) -> None:
    """Run one role in this process until SIGTERM or SIGINT; a second signal cuts its stopping short.

    Args:
        name: one of `roles()`.
        config: the installation's parkline.yaml, or its folder.
        supervised: whether standard input is a supervisor's pipe, whose end means stop.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    loaded = load(config)
    serve: Serve = _points()[name].load()
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_until_told(serve, loaded, supervised=supervised))


def supervise(names: Sequence[str], config: Path, *, log_format: LogFormat, log_level: LogLevel) -> list[str]:
    """Keep roles running until SIGTERM or SIGINT; give those that did not stop in time and were killed."""
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_supervise(Supervisor(names, config, log_format=log_format, log_level=log_level)))


async def _supervise(supervisor: "Supervisor") -> list[str]:
    stop = asyncio.Event()
    with listening(stop):
        async with supervisor:
            await stop.wait()
    return supervisor.killed


async def _until_told(serve: Serve, config: Config, *, supervised: bool) -> None:
    stop = asyncio.Event()
    with listening(stop):
        if supervised:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _heed_the_end, stop)
        await serve(config, stop)


def _heed_the_end(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


@contextmanager
def listening(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on SIGTERM and SIGINT; cancel the task that entered on the second of them."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def heed() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heed)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@dataclass(slots=True)
class _Kept:
    """One role that is kept running."""

    process: asyncio.subprocess.Process | None = None
    told: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether it has been told to stop."""


class Supervisor:
    """Keeps roles running, each in a process of its own, for as long as its block is open.

    `async with Supervisor(["collector", "api"], config): …` starts them on the way in, and stops them in order on the
    way out.
    """

    def __init__(
        self,
        names: Sequence[str],
        config: Path,
        *,
        log_format: LogFormat = LogFormat.CONSOLE,
        log_level: LogLevel = LogLevel.INFO,
        log: IO[Any] | None = None,
    ) -> None:
        """Prepare.

        Args:
            names: roles to run, of `roles()`.
            config: the installation's parkline.yaml, or its folder.
            log_format: how the roles write their logs.
            log_level: what they log.
            log: where they write, a file of the system; None: where this process does.
        """
        self._names = [name for name in roles() if name in names]
        self._options = ("--log-format", log_format, "--log-level", log_level)
        self._config = config
        self._log = log
        self._kept = {name: _Kept() for name in self._names}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.killed: list[str] = []
        """Roles that did not stop in time."""

    async def __aenter__(self) -> Self:
        """Start the roles."""
        for name in reversed(self._names):
            self._tasks[name] = asyncio.create_task(self._keep(name), name=f"role {name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the roles in order; kill one that does not end in time."""
        del kind, error, trace
        for name in self._names:
            await self._stop(name)

    def process(self, name: str) -> int | None:
        """Give the process id of a role; None while it does not run."""
        process = self._kept[name].process
        return process.pid if process is not None and process.returncode is None else None

    async def _keep(self, name: str) -> None:
        waits = Backoff(FIRST_WAIT, LONGEST_WAIT, SystemRandom())
        loop = asyncio.get_running_loop()
        kept = self._kept[name]
        while not kept.told.is_set():
            started = loop.time()
            kept.process = await self._start(name)
            _log.info("role started", role=name, pid=kept.process.pid)
            code = await kept.process.wait()
            if kept.told.is_set():
                break
            if loop.time() - started > STEADY:
                waits.reset()
            wait = waits.next()
            _log.error("role ended", role=name, code=code, again_in=round(wait, 1))
            await asyncio.sleep(wait)

    async def _start(self, name: str) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl-C reaches the supervisor alone, and roles stop in order.
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "collector", *self._options),
            *("run", "--role", name, "--supervised", "--config", str(self._config)),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    async def _stop(self, name: str) -> None:
        kept, task = self._kept[name], self._tasks[name]
        kept.told.set()
        if self.process(name) is None:
            task.cancel()  # it waits to be started again
        elif kept.process is not None:
            kept.process.send_signal(signal.SIGTERM)
            done, _ = await asyncio.wait({task}, timeout=STOPPING)
            if not done:
                _log.error("role killed", role=name, after=STOPPING)
                self.killed.append(name)
                kept.process.kill()
        await asyncio.wait({task})
        _log.info("role stopped", role=name)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give uvloop where there is one; it is not made for Windows."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
