"""Carries what the spool lost into the gap ledger.

    spool.losses ─► add_gap, one transaction for all ─► spool.forget

The spool notes a loss in the transaction that makes it, and keeps it until it is told to forget; the ledger knows each
by the key `spool:<log>:<id>:<source>`. So a carrier that dies anywhere between the two, or a database that answers
late, leaves no loss untold and none told twice.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
import structlog

from adapters.sources.contract import GapKind
from collector.clock import Clock
from collector.gaps import add_gap
from collector.records import Records, RecordsError
from collector.spool.contract import Loss, Spool, SpoolError

EVERY: Final = 5.0
"""Seconds between two looks."""

_KIND: Final = {"dropped": GapKind.DROPPED, "damaged": GapKind.DAMAGED}
_US: Final = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


class LossCarrier:
    """Tells the gap ledger of one spool's losses."""

    def __init__(self, spool: Spool, records: Records, sources: Sequence[str], clock: Clock) -> None:
        """Prepare; `sources` are those that a loss concerns which cannot tell its source: all that there are."""
        self._spool = spool
        self._records = records
        self._sources = sources
        self._clock = clock

    async def run(self) -> None:
        """Carry, for ever; what does not answer is asked again."""
        while True:
            await self.carry()
            await self._clock.sleep(EVERY)

    async def carry(self) -> None:
        """Carry what there is now; a spool or records that do not answer are told, and leave it for the next time."""
        try:
            losses = await self._spool.losses()
            if not losses:
                return
            await self._records.run(lambda connection: self._enter(connection, losses))
            await self._spool.forget(losses[-1].id)
        except (SpoolError, RecordsError) as error:
            _log.warning("losses not carried", reason=str(error))
            return
        for loss in losses:
            _log.error(
                "samples lost",
                source=loss.source or "any",
                samples=loss.samples or "unknown",
                start=loss.start.isoformat(),
                end=loss.end.isoformat(),
                reason=loss.reason,
            )

    def _enter(self, connection: sa.Connection, losses: Sequence[Loss]) -> None:
        for loss in losses:
            for source in [loss.source] if loss.source else self._sources:
                key = f"spool:{self._spool.log}:{loss.id}:{source}"
                end = loss.end + _US
                add_gap(connection, source, (), loss.start, end, _cause(loss), kind=_KIND[loss.kind], key=key)


def _cause(loss: Loss) -> str:
    samples = f"{loss.samples:,} samples" if loss.samples else "an unknown number of samples"
    return f"the spool lost {samples}: {loss.reason}"
