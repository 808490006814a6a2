"""What each kind of problem means: the `type` of a problem leads here."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from api.errors import KINDS, NOT_FOUND, ProblemError
from api.views.problems import KindView
from api.views.shape import documented

router = APIRouter(tags=["problems"])


_EXAMPLE: Final = {
    "type": NOT_FOUND.type,
    "status": NOT_FOUND.status,
    "title": NOT_FOUND.title,
    "remedy": NOT_FOUND.remedy,
}


@router.get("/problems/{slug}", summary="Read what a kind of problem means", responses=documented(_EXAMPLE))
async def read_problem(slug: Annotated[str, Path(description="Last segment of the `type`.")]) -> KindView:
    """Explain the kind of problem that an answer named as its `type`."""
    kind = KINDS.get(slug)
    if kind is None:
        raise ProblemError(NOT_FOUND, f"there is no kind of problem {slug!r}; there are {', '.join(KINDS)}")
    return KindView(type=kind.type, status=kind.status, title=kind.title, remedy=kind.remedy)
