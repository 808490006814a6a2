"""The guard of cardinality: how many series a bucket may hold.

Every signal is one series of measurement `sample`, and InfluxDB 1.x and 2.x keep all series in an index that grows
with each and shrinks with none. A park's signals are bounded by its files; what makes them grow is a mistake: a serial
number in a name, a generated file that differs every day, two parks in one bucket. Beyond `max_series` the samples of
new signals are refused before they reach the server; those of signals that it has are stored as ever.

The server is asked for its count once, before the first write. Signals that this store then writes are added to it,
also those that the server may have already, until the sum exceeds the limit; only then it is asked for their names.
3.x has no such index, and counts no series: there the signals count that this store has written since it was opened.
"""

from collections.abc import Collection, Iterable
from typing import Final

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import decode, influxql, reader
from adapters.stores.influxdb.server import InfluxServer

COUNTS_UNTIL: Final = 2
"""The last major version that counts its series."""


class Series:
    """The series that a bucket has, as far as this store must know."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()
        self._held: int | None = None
        self._certain = False

    async def beyond(self, server: InfluxServer, signals: Iterable[str]) -> Collection[str]:
        """Give those of `signals` that are new and for which there is no room; the others count from now on.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        fresh = sorted(set(signals) - self._known)
        if not fresh:
            return ()
        if self._held is None:
            self._held = await _count(server)
        if self._held + len(fresh) > self._limit and not self._certain and server.major <= COUNTS_UNTIL:
            self._known.update((await reader.extent(server))["signal"])
            self._held, self._certain = len(self._known), True
            fresh = [signal for signal in fresh if signal not in self._known]
        room = max(self._limit - self._held, 0)
        self._known.update(fresh[:room])
        self._held += len(fresh[:room])
        return fresh[room:]

    @property
    def reason(self) -> str:
        """Why the samples of a signal are refused."""
        return (
            f"a new signal in a bucket that holds {self._held} already, of `max_series: {self._limit}`; raise it where "
            "the park is that large, and look for names that change (a serial number, a date) where it is not"
        )


async def _count(server: InfluxServer) -> int:
    """Give how many series of samples the server has; 0 where it does not count them."""
    if server.major > COUNTS_UNTIL:
        return 0
    try:
        answer = await server.ask(influxql.count_series())
    except StoreRefusedError:  # some servers of 2.x do not know the question
        return (await reader.extent(server)).height
    counts = [row[one.columns.index("count")] for one in answer for row in one.rows if "count" in one.columns]
    return int(sum(counts)) if counts else _cardinality(answer)


def _cardinality(answer: list[decode.Series]) -> int:
    """Give the one number of an estimate."""
    return int(sum(row[-1] for one in answer for row in one.rows))
