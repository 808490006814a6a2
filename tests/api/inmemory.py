"""Records in memory, for tests that hold what is asked and not what lasts: they cost no disk."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

T = TypeVar("T")


class InMemory:
    """Does as `collector.records.Records`, all of it in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in the transaction."""
        return work(self.connection)

    async def run_ahead(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in the transaction, as `run` does."""
        return await self.run(work)
