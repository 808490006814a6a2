"""Time stamps in payloads as nanoseconds since 1970, UTC.

    text      RFC 3339 with `Z` or an offset: 2026-03-01T08:00:00.123456789+08:00
    number    since 1970; its magnitude tells its unit:

              below 10^11 seconds         (until the year 5138)
              below 10^14 milliseconds    (from 1973)
              below 10^17 microseconds    (from 1973)
              above       nanoseconds     (from 1973)

A time without a zone is refused: guessing one puts a whole factory's data some hours off.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sources.mqtt.unfit import UnfitError, described, printable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS: Final = re.compile(r"[.,][0-9]{6}([0-9]{1,3})")
_WITHOUT_NANOSECONDS: Final = len("2026-03-01T08:00:00.123456")
_LEAST, _GREATEST = -(2**63), 2**63 - 1


def nanoseconds(stamp: Any) -> int:
    """Give the instant that a decoded JSON value names, in nanoseconds since 1970, UTC.

    Raises:
        UnfitError: it names none.
    """
    if type(stamp) is str:
        instant = _of_text(stamp)
    elif type(stamp) is int or type(stamp) is float:
        instant = _of_number(stamp)
    else:
        msg = f"expected a time stamp (RFC 3339 text, or a number since 1970), found {described(stamp)}"
        raise UnfitError(msg)
    if not _LEAST <= instant <= _GREATEST:
        msg = f"{described(stamp)} is a time outside the years 1678 to 2262"
        raise UnfitError(msg)
    return instant


def _of_text(stamp: str) -> int:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as error:
        msg = f"{printable(repr(stamp))} is no time stamp; publish RFC 3339, like 2026-03-01T08:00:00.123Z"
        raise UnfitError(msg) from error
    if moment.tzinfo is None:
        msg = f"{printable(repr(stamp))} does not say its time zone; publish it with Z (UTC) or an offset like +08:00"
        raise UnfitError(msg)
    since = moment - _EPOCH
    instant = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    if len(stamp) > _WITHOUT_NANOSECONDS and (rest := _NANOSECONDS.search(stamp)):
        instant += int(rest[1].ljust(3, "0"))
    return instant


def _of_number(stamp: float) -> int:
    """Read a number by its magnitude; a fraction counts to the microsecond, of microseconds to the nanosecond."""
    size = abs(stamp)
    if size < 1e11:  # noqa: PLR2004 - the table above
        return stamp * 1_000_000_000 if type(stamp) is int else round(stamp * 1e6) * 1000
    if size < 1e14:  # noqa: PLR2004 - the table above
        return stamp * 1_000_000 if type(stamp) is int else round(stamp * 1e3) * 1000
    if size < 1e17:  # noqa: PLR2004 - the table above
        return round(stamp * 1000)
    if size <= _GREATEST:
        return round(stamp)
    msg = f"the number {stamp:.4g} is no time: too large even for nanoseconds since 1970"
    raise UnfitError(msg)
