"""What went wrong in the lake, in the words of the store's contract."""

import errno
import re
from typing import Final

from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError

from adapters.stores.contract import StoreError, StoreRefusedError, StoreUnavailableError
from adapters.stores.lake.columns import OtherTableError
from adapters.stores.lake.log import OverwritingError
from adapters.stores.lake.table import NotOpenError

REASON_KEPT: Final = 300
"""Characters of a library's own words that are passed on; they may carry a stack trace."""

_BY_NUMBER: Final[dict[int, tuple[type[StoreError], str]]] = {
    errno.ENOSPC: (StoreUnavailableError, "the disk is full; make room at {place}"),
    errno.EDQUOT: (StoreUnavailableError, "the quota is used up; make room at {place}"),
    errno.EROFS: (StoreRefusedError, "the disk is read-only; mount {place} to write"),
    errno.EACCES: (StoreRefusedError, "{said}; give this user the folder {place} to write in"),
    errno.EPERM: (StoreRefusedError, "{said}; give this user the folder {place} to write in"),
    errno.ENOTDIR: (StoreRefusedError, "{said}; choose another `folder` than {place}"),
    errno.EEXIST: (StoreRefusedError, "{said}; choose another `folder` than {place}"),
}
_BY_TYPE: Final[tuple[tuple[type[Exception], type[StoreError], str], ...]] = (
    (NotOpenError, StoreRefusedError, "{said}"),
    (OtherTableError, StoreRefusedError, "{said}; choose another `folder`"),
    (OverwritingError, StoreRefusedError, "{said}; take another storage, or see the README for its options"),
    (DeltaProtocolError, StoreRefusedError, "{said}; another program has changed the table"),
    (CommitFailedError, StoreUnavailableError, "somebody else wrote at the same time ({said})"),
    (DeltaError, StoreUnavailableError, "{said}; check {place}"),
)
_NUMBER: Final = re.compile(r"\(os error (\d+)\)")
"""How Polars tells the operating system's number in its own errors."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


def store_error(store: str, place: object, error: Exception) -> StoreError:
    """Give the error to raise for one of the operating system, deltalake or Polars."""
    said = _COLOURS.sub("", " ".join(str(error).split()))[:REASON_KEPT]
    kind, advice = next(
        ((kind, advice) for cause, kind, advice in _BY_TYPE if isinstance(error, cause)),
        (StoreUnavailableError, "{said}; check {place}"),
    )
    told = _NUMBER.search(said)
    number = error.errno if isinstance(error, OSError) and error.errno else int(told[1]) if told else 0
    if number in _BY_NUMBER:
        kind, advice = _BY_NUMBER[number]
    return kind(store, advice.format(said=said, place=place))
