"""The window of time that a request asks about."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import Query

from api.errors import wrong
from api.views.shape import Instant

Start: TypeAlias = Annotated[Instant, Query(description="Start of the window, inclusive; RFC 3339 with a zone.")]
"""The parameter `start`."""

End: TypeAlias = Annotated[Instant, Query(description="End of the window, exclusive; RFC 3339 with a zone.")]
"""The parameter `end`."""

MaybeStart: TypeAlias = Annotated[
    Instant | None, Query(description="Start of the window, inclusive; open when left out.")
]
"""The parameter `start` where it may be left out."""

MaybeEnd: TypeAlias = Annotated[Instant | None, Query(description="End of the window, exclusive; open when left out.")]
"""The parameter `end` where it may be left out."""

NewestStart: TypeAlias = Annotated[
    Instant | None, Query(description="Start of the window, inclusive; give `end` with it. Neither: the newest.")
]
"""The parameter `start` where both edges are given or none."""

NewestEnd: TypeAlias = Annotated[
    Instant | None, Query(description="End of the window, exclusive; give `start` with it. Neither: the newest.")
]
"""The parameter `end` where both edges are given or none."""


def check_window(start: datetime | None, end: datetime | None, *, most: timedelta | None = None) -> None:
    """Answer 422 unless `start` lies before `end`, by `most` at most."""
    if start is None or end is None:
        return
    if start >= end:
        raise wrong(parameter="end", detail=f"it must lie after `start` ({start:%Y-%m-%dT%H:%M:%SZ})")
    if most is not None and end - start > most:
        raise wrong(parameter="end", detail=f"the window may span {most.days} days at most; ask for it in parts")
