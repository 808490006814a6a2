"""How well machines are, and what costs them points."""

from collections.abc import Collection
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from analytics.faults.contract import moment
from analytics.health import Part, Score
from analytics.healthlog import read_health
from api.answers import Shape
from api.deprecation import replaced_by
from api.lookup import detector_title, title_at, trees_asked
from api.paging import Paging, paging
from api.parts import GivenParts, Parts
from api.views.health_scores import HealthPartView, HealthScoreView
from api.views.shape import TOKEN, Paged, documented
from collector.park import Park

router = APIRouter(tags=["faults"])

EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "equipment": "gears/hobbing/hob-01",
            "title": {"zh": "1 号滚齿机", "en": "Hobbing machine 1"},
            "score": 35.9,
            "at": "2026-11-24T08:12:05Z",
            "parts": [
                {
                    "detector": "limit",
                    "title": {"zh": "超限", "en": "Limit exceeded"},
                    "subject": "gears/hobbing/hob-01/spindle_temperature",
                    "subject_title": {"zh": "主轴温度", "en": "Spindle temperature"},
                    "name": "high:80",
                    "kind": "alert",
                    "lost": 60.0,
                    "severity": "high",
                },
                {
                    "detector": "ewma",
                    "title": {"zh": "均值偏移", "en": "Average shifted"},
                    "subject": "gears/hobbing/hob-01/spindle_load",
                    "subject_title": {"zh": "主轴负载", "en": "Spindle load"},
                    "name": "high",
                    "kind": "indicator",
                    "lost": 4.1,
                    "ratio": 0.705,
                },
            ],
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/health-scores",
    summary="Read how well machines are",
    deprecated=True,
    dependencies=[replaced_by("/api/v1/faults")],
    responses=documented(EXAMPLE),
)
async def list_health_scores(
    parts: GivenParts,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
    ] = None,
) -> Paged[HealthScoreView]:
    """Give the newest score of each machine of which anything is known, by path.

    A machine that no detector looks at has none: nobody looks is not 100.
    """
    shown, token = await _scores(parts, page, path)
    return Paged[HealthScoreView](items=shown, next_page_token=token)


async def scores_page(parts: Parts, shape: Shape, page: Paging, path: Collection[str] | None) -> Response:
    """Answer one page of scores."""
    shown, token = await _scores(parts, page, path)
    return shape.page(HealthScoreView, shown, token)


async def _scores(parts: Parts, page: Paging, path: Collection[str] | None) -> tuple[list[HealthScoreView], str | None]:
    park = parts.park
    under = trees_asked(parts, path)
    after = page.after(str)
    scores = await parts.records().run(lambda connection: read_health(connection, under))
    last = "" if after is None else after[0]
    left = sorted(
        (one for one in scores if one.equipment in park.equipment and one.equipment > last),
        key=lambda one: one.equipment,  # not in the order of the database, which may have a collation of its own
    )
    shown = left[: page.limit]
    token = page.token((shown[-1].equipment,)) if len(left) > len(shown) else None
    return [_view(park, one) for one in shown], token


def _view(park: Park, score: Score) -> HealthScoreView:
    return HealthScoreView(
        equipment=score.equipment,
        title=title_at(park, score.equipment),
        score=score.score,
        at=moment(score.at),
        parts=[part_view(park, part) for part in score.parts],
    )


def part_view(park: Park, part: Part) -> HealthPartView:
    """Give what one thing costs a machine's score, as it is shown."""
    return HealthPartView(
        detector=part.detector,
        title=detector_title(part.detector),
        subject=part.subject,
        subject_title=title_at(park, part.subject),
        name=part.name,
        kind=part.kind,
        lost=part.lost,
        ratio=part.ratio,
        severity=part.severity,
    )
