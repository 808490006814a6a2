"""What somebody may see of the records whose factories are not all of the park's.

Rows of the records name sources, and signals by their paths. A source is its line's factory's, and so is what was
noted of it; but signals of other factories may come from it, too (`collector.config.signals`), and what was noted of
those is theirs.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """The factories whose data may be seen, and the sources of these; empty: nothing may."""

    factories: frozenset[str]
    """Ids of the factories."""

    sources: frozenset[str]
    """Names of their sources, and of the recordings of their lines."""

    shared: frozenset[str]
    """Of these, the ones that also carry signals of other factories: what came on them may hold values of those."""

    def sees(self, signal: str) -> bool:
        """Tell whether a path is that of one of the factories, or of anything below it."""
        return signal.partition("/")[0] in self.factories
