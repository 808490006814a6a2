"""What was found good a moment ago, so that it need not be looked at for each request."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

FRESH_S: Final = 1.0
"""Seconds that a look counts."""

MOST: Final = 4096
"""Names that are kept; who was not asked for the longest time goes first."""

T = TypeVar("T")


class Recent(Generic[T]):
    """What was found by name; `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._found: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: str) -> bool:
        """Tell whether it was good when it was last looked at, however long ago."""
        return name in self._found

    def get(self, name: str) -> T | None:
        """Give what was found within the last `FRESH_S`; None where it must be looked at."""
        at, value = self._found.get(name, (float("-inf"), None))
        if value is None or self._clock() - at >= FRESH_S:
            return None
        self._found.move_to_end(name)
        return value

    def keep(self, name: str, value: T, at: float) -> None:
        """Keep what was found good; `at` is when the look began: what changed meanwhile counts for no longer."""
        self._found[name] = at, value
        self._found.move_to_end(name)
        while len(self._found) > MOST:
            self._found.popitem(last=False)

    def drop(self, name: str) -> None:
        """Forget what is good no more."""
        self._found.pop(name, None)
