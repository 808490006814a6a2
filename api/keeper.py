"""Keeps one connection open as long as the API runs, and says why while it cannot.

    kept() ──► open ──► in use ──► the block ends ──► close
                └─ an answer that it cannot: the reason is kept for whoever asks, and opening is tried again

The API answers while its store or its records are down: a request that needs them gets the reason at once instead of
waiting. One task opens and closes, so that a connection that binds itself to its task is sound here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Generic, TypeVar

import structlog

T = TypeVar("T")

_PATIENCE_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to open; the last holds for all that follow."""

_log = structlog.get_logger()


class Keeper(Generic[T]):
    """Keeps what `create` gives open; `failures` are the errors that mean it cannot be opened now."""

    def __init__(
        self, name: str, create: Callable[[], AbstractAsyncContextManager[T]], failures: tuple[type[Exception], ...]
    ) -> None:
        self._name = name
        self._create = create
        self._failures = failures
        self._open: T | None = None
        self._reason: Exception | None = None
        self._tried = asyncio.Event()

    def __call__(self) -> T:
        """Give it, open; raises why it cannot be opened."""
        if self._open is not None:
            return self._open
        if self._reason is None:
            msg = f"the {self._name} was asked for outside of its keeper's block"
            raise RuntimeError(msg)
        raise self._reason

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Open it and keep it open; the block is entered after the first attempt, whatever came of it."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(stop), name=f"keep-{self._name}")
            await self._tried.wait()
            try:
                yield
            finally:
                stop.set()

    async def _keep(self, stop: asyncio.Event) -> None:
        attempt = 0
        while not stop.is_set():
            try:
                async with self._create() as opened:
                    self._open, self._reason = opened, None
                    self._tried.set()
                    await stop.wait()
                    self._open, self._reason = None, RuntimeError(f"the {self._name} is closed")
            except self._failures as error:
                if not isinstance(self._reason, type(error)) or str(self._reason) != str(error):
                    _log.warning("cannot open", part=self._name, reason=str(error))
                self._reason = error
                self._tried.set()
                patience = _PATIENCE_S[min(attempt, len(_PATIENCE_S) - 1)]
                attempt += 1
                await set_within(stop, patience)


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, for `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
