"""Workers: where tasks are carried out, in this process or on Dask.

Both give what came of each task as it is done, in any order, and hold no more than a few at a time: memory stays
bounded however long the period. A worker of Dask opens the store itself; what travels to it is the task (which machines
and windows) and what comes back are accounts, never samples.

Dask's workers are processes of their own, started by `dask worker`; nothing forks, since Polars' threads do not survive
it. They need parkline installed with the extra `dask`, and must reach the store under the same name.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Final, Protocol, Self

from pydantic import BaseModel

from adapters.registry import store_kind
from adapters.stores.contract import Store, StoreUnavailableError
from analytics.computing import Computed, Task, compute
from collector.settings import Installation

ABREAST: Final = 2
"""Tasks under way at once in this process."""

AHEAD: Final = 2
"""Tasks for each thread of Dask's workers that are under way or wait there."""

PATIENCE: Final = 10.0
"""Seconds after which it is asked whether a task that is not done has a worker at all."""


class Workers(Protocol):
    """Carries tasks out."""

    def compute(self, store: Store, tasks: Iterable[Task]) -> AsyncIterator[tuple[Task, Computed]]:
        """Give each task with what came of it, in any order; `store` is open.

        Raises:
            StoreError: the store does not answer or forbids, or the workers are out of reach. What was given stays
                valid; tasks may be carried out again.
        """


class Local:
    """Carries tasks out in this process, `ABREAST` at a time: one is read while another is computed."""

    async def __aenter__(self) -> Self:
        """Return; there is nothing to open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Return; there is nothing to close."""

    async def compute(self, store: Store, tasks: Iterable[Task]) -> AsyncIterator[tuple[Task, Computed]]:
        """Give each task with what came of it, in the order in which they are done."""

        async def carry(task: Task) -> tuple[Task, Computed]:
            return task, await compute(store, task)

        async for one in _abreast(iter(tasks), ABREAST, carry):
            yield one


class DaskWorkers:
    """Carries tasks out on the workers of a Dask scheduler; enter its block first."""

    def __init__(self, scheduler: str, kind: str, settings: BaseModel, patience: float = PATIENCE) -> None:
        """Prepare; `kind` and `settings` are those of the store, which each worker opens itself."""
        self._patience = patience
        self._scheduler = scheduler
        self._kind = kind
        self._settings = settings
        self._client: Any = None

    @property
    def _name(self) -> str:
        return f"dask {self._scheduler}"

    async def __aenter__(self) -> Self:
        """Return; the scheduler is looked for with the first task, so that one that is down stops nothing else."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Leave the scheduler."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def compute(self, store: Store, tasks: Iterable[Task]) -> AsyncIterator[tuple[Task, Computed]]:
        """Give each task with what came of it, in the order in which they are done."""
        del store
        client = await self._connected()

        async def carry(task: Task) -> tuple[Task, Computed]:
            future = client.submit(compute_there, self._kind, self._settings, task, pure=False)
            return task, await self._attended(client, future.result())

        try:
            room = AHEAD * max(await _threads(client), 1)
            async for one in _abreast(iter(tasks), room, carry):
                yield one
        except (OSError, RuntimeError) as error:
            self._client = None
            reason = f"{error}; check the scheduler and its workers, what was not computed is tried again"
            raise StoreUnavailableError(self._name, reason) from error

    async def _attended(self, client: Any, result: Coroutine[Any, Any, Computed]) -> Computed:
        """Wait for what comes of a task; a scheduler without workers would keep it for ever, and say nothing."""
        waiting = asyncio.create_task(result, name="result of a task")
        try:
            while not (await asyncio.wait({waiting}, timeout=self._patience))[0]:
                if not await _threads(client):
                    reason = (
                        f"the scheduler has no worker; start some with `dask worker {self._scheduler}`,"
                        " or write `engine: local`"
                    )
                    raise StoreUnavailableError(self._name, reason)
            return waiting.result()
        finally:
            waiting.cancel()

    async def _connected(self) -> Any:
        if self._client is not None:
            return self._client
        try:
            from distributed import Client
        except ImportError as error:
            reason = "`engine: dask` needs the extra: install parkline[dask]"
            raise StoreUnavailableError(self._name, reason) from error
        try:
            self._client = await Client(self._scheduler, asynchronous=True, set_as_default=False, timeout="10 s")
        except OSError as error:
            reason = f"no scheduler answers ({error}); start one with `dask scheduler`, or write `engine: local`"
            raise StoreUnavailableError(self._name, reason) from error
        return self._client


async def _abreast(
    waiting: Iterator[Task], room: int, carry: Callable[[Task], Coroutine[Any, Any, tuple[Task, Computed]]]
) -> AsyncIterator[tuple[Task, Computed]]:
    """Carry tasks out, `room` of them at once; who stops asking has the rest cancelled."""
    under_way: set[asyncio.Task[tuple[Task, Computed]]] = set()
    try:
        while True:
            for task in islice(waiting, room - len(under_way)):
                under_way.add(asyncio.create_task(carry(task), name="task of the jobs"))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                yield one.result()
    finally:
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _threads(client: Any) -> int:
    """Give how many tasks the workers carry out at once."""
    counts: dict[str, int] = await client.nthreads()
    return sum(counts.values())


def workers_of(installation: Installation) -> Local | DaskWorkers:
    """Make the workers of an installation; enter their block first."""
    if installation.analytics.engine == "local":
        return Local()
    return DaskWorkers(installation.analytics.scheduler, installation.store.kind, installation.store.settings)


def compute_there(kind: str, settings: BaseModel, task: Task) -> Computed:
    """Carry a task out on a worker, which opens the store for it; raises StoreError."""

    async def run() -> Computed:
        async with store_kind(kind).create(settings) as store:
            return await compute(store, task)

    return asyncio.run(run())
