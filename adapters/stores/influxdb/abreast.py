"""Work side by side, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def abreast(work: Iterable[Callable[[], Awaitable[T]]], width: int) -> list[T]:
    """Do all pieces of work, `width` at once; give their results in the order of the work.

    Raises:
        Exception: what the first piece that failed raised; the others are stopped.
    """
    waiting = enumerate(work)
    results: dict[int, T] = {}

    async def do_next() -> None:
        for number, piece in waiting:
            results[number] = await piece()

    try:
        async with asyncio.TaskGroup() as group:
            for place in range(width):
                group.create_task(do_next(), name=f"influxdb {place}")
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed.exceptions[0].__cause__
    return [results[number] for number in sorted(results)]
