"""An installation of which a web hook is told: its roles as `parkline run` keeps them, and the receiver.

    async with Hook(folder) as hook:
        write(folder, line, hook)
        async with living(folder):
            told = await hook.next(lambda one: one.kind == "alert.raised", seconds=30)

Nothing is configured that need not be: spool, store and records are those of every new installation.
"""

import asyncio
import base64
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from tests.adapters.channels.receiver import HttpReceiver, Reply, Request
from tests.adapters.channels.webhook.verifier import verify

ROLES: Final = ("collector", "alerts", "analytics")
"""The roles that run."""

PATIENCE: Final = 60.0
"""Seconds in which the roles must be up, and in which they must end."""

_SECRET: Final = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
_SAID: Final = 4000


@dataclass(frozen=True, slots=True)
class Told:
    """One notice, as its receiver got it."""

    at: float
    """When, s of the monotonic clock."""

    id: str
    """Its id: the same, should it come again."""

    kind: str
    """What is told, such as `alert.raised`."""

    data: Mapping[str, Any]
    """The alert."""

    @property
    def begins(self) -> bool:
        """Whether it says that an alert lasts."""
        return self.kind in {"alert.raised", "alert.repeated", "alert.worsened"}


class Hook:
    """A web hook after Standard Webhooks; entering the block starts it. It believes only what is signed."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Told] = []
        """What it was told, in order."""
        self.again = 0
        """Notices that came more than once, under the same id."""
        self.forged: list[str] = []
        """What was wrong with a signature."""
        self._secret = folder / "hook.secret"
        self._receiver = HttpReceiver()
        self._receiver.rule = self._take
        self._receiver.taken = asyncio.Queue()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._secret.touch(mode=0o600)
        self._secret.write_text(_SECRET)
        await self._receiver.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._receiver.stop()

    @property
    def channel(self) -> Mapping[str, object]:
        """The channel, as an item of `alerts: channels`; a program reads it, so each alert is told one by one."""
        return {
            "name": "hook",
            "kind": "webhook",
            "url": f"{self._receiver.url}/alerts",
            "secrets": [f"${{file:{self._secret}}}"],
            "floods": "pass",
        }

    async def next(self, wanted: Callable[[Told], bool], *, after: int = 0, seconds: float) -> Told | None:
        """Give the first notice that is wanted, of those after the first so many; None: none came in time."""
        until = time.monotonic() + seconds
        while True:
            self._news.clear()
            found = next((one for one in self.told[after:] if wanted(one)), None)
            left = until - time.monotonic()
            if found is not None or left <= 0:
                return found
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _take(self, request: Request) -> Reply:
        now = time.monotonic()
        try:
            verify(request, _SECRET)
        except (AssertionError, KeyError, ValueError) as error:
            self.forged.append(repr(error))
            return Reply(401)
        body = orjson.loads(request.body)
        if any(one.id == body["id"] for one in self.told):
            self.again += 1
        else:
            self.told.append(Told(now, body["id"], body["type"], body["data"]))
            self._news.set()
        return Reply(204)


def write(folder: Path, line: Mapping[str, object], hook: Hook, **alerts: object) -> None:
    """Write an installation with one line, whose alerts are told to `hook`.

    Args:
        folder: is made.
        line: the line file, without its name.
        hook: the receiver.
        alerts: other keys of `alerts`.
    """
    park = {
        "id": "proof",
        "calendars": {"always": {"shifts": [{"name": "all", "start": "00:00", "end": "00:00"}]}},
        "factories": [{"id": "works", "time_zone": "UTC", "calendar": "always"}],
    }
    (folder / "lines").mkdir(parents=True)
    (folder / "park.yaml").write_bytes(orjson.dumps(park))  # JSON is YAML
    (folder / "parkline.yaml").write_bytes(orjson.dumps({"alerts": {"channels": [hook.channel], **alerts}}))
    (folder / "lines" / "line.yaml").write_bytes(orjson.dumps({"line": "line", "factory": "works", **line}))


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the roles beside the block, begun once the source is connected; give their supervisor."""
    file = folder / "log"
    with file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", "run", "--role", ",".join(ROLES), "-c", str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while not all(word in file.read_bytes() for word in (b"source connected", b"look_s", b"machines")):
                assert process.returncode is None, f"the roles ended:\n{file.read_text(errors='replace')[-_SAID:]}"
                await asyncio.sleep(0.05)
        yield process
    except TimeoutError:
        sys.stderr.write(file.read_text(errors="replace")[-_SAID:])
        raise
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


def records_of(folder: Path) -> str:
    """Give the address of an installation's records."""
    return f"sqlite:///{folder}/data/records.db"
