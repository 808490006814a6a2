"""Windows: a stretch of what a store holds, cut so that each part fits into memory.

    count ─► halve until a window fits ─► read ─► the next one

They go forward in time; where nothing is, there is none.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from adapters.stores.contract import Store

LEAST: Final = timedelta(milliseconds=1)
"""Windows are not halved below this; one may hold more than was asked for, then."""


async def windows(store: Store, start: datetime, end: datetime, most: int) -> AsyncIterator[tuple[datetime, datetime]]:
    """Give the windows of [start, end) that hold samples, in order, of `most` or less where they can be cut so.

    Raises:
        StoreError: the store does not answer or forbids.
    """
    waiting = [(start, end)]
    while waiting:
        start, end = waiting.pop()
        rows = await store.count(start, end) if start < end else 0
        if 0 < rows <= most or (rows and end - start <= LEAST):
            yield start, end
        elif rows:
            middle = start + (end - start) / 2
            waiting += [(middle, end), (start, middle)]
