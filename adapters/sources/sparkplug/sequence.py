"""The numbers of an edge node's messages: which are missing, and since when for good. Pure.

Every message but NDEATH has a number, 0 to 255, one more than the message before (Sparkplug B 3.0, 6.4.7). A broker may
hand messages of different topics over in another order, so a number that was left out is missed only when it does not
come within a patience.
"""

from typing import Final

NUMBERS: Final = 256
"""How many numbers there are; after 255 comes 0."""

FAR: Final = 128
"""A number so far ahead is one that came again, or came after a birth that was lost: none before it is waited for."""

_NEVER: Final = -1
"""Stands among the missing for a loss that no message can make good."""


class Sequence:
    """The numbers of one edge node. `clock` is seconds of a clock that is never set."""

    def __init__(self, patience: float) -> None:
        """Miss a number when it has not come for `patience` seconds."""
        self._patience = patience
        self._next: int | None = None
        self._missing: dict[int, float] = {}

    @property
    def running(self) -> bool:
        """Whether it counts."""
        return self._next is not None

    @property
    def whole(self) -> bool:
        """Whether no number is missing now."""
        return not self._missing

    def begin(self, number: int) -> None:
        """Count from the message with this number on."""
        self._next = (number + 1) % NUMBERS
        self._missing.clear()

    def stop(self) -> None:
        """Count no more, until it begins again."""
        self._next = None
        self._missing.clear()

    def take(self, number: int, clock: float, *, newer: bool = False) -> bool:
        """Note a message; tell whether it leaves numbers out that are missing from now on.

        A number that is missing and comes in its turn is that of the next round: the earlier one stays missing. So is
        one of a message that was sent after all that have come (`newer`).
        """
        number %= NUMBERS
        if self._next is None:
            return False
        ahead = (number - self._next) % NUMBERS
        late = ahead > 0 and number in self._missing
        if late and not newer:
            del self._missing[number]
            return False
        until = clock + self._patience
        if ahead < FAR and not late:
            for left_out in range(self._next, self._next + ahead):
                self._missing.setdefault(left_out % NUMBERS, until)
        else:
            self._missing = {_NEVER: min([until, *self._missing.values()])}
        self._next = (number + 1) % NUMBERS
        return ahead > 0

    def overdue(self, clock: float) -> bool:
        """Tell whether a missing number has not come in time."""
        return any(until <= clock for until in self._missing.values())

    def give_up(self) -> None:
        """Wait no more for what is missing."""
        self._missing.clear()
