"""The catalogue of data: what there is, what it means, how good and how new it is, and how to ask for it."""

import asyncio
from collections.abc import Iterable
from operator import attrgetter
from typing import Annotated, Any, Final, TypeAlias

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.datastructures import URL

from api import dcat
from api.access import GivenCaller
from api.answers import Form, Shape, preferred, shape_of
from api.catalogue import Entry, datasets, entries, entry_of, publisher, subject
from api.errors import MEDIA_TYPE, NOT_ACCEPTABLE, UNKNOWN_DATASET, ProblemError, wrong
from api.evidence import Extents, known_of
from api.lookup import trees_asked, under
from api.paging import Paging, paging
from api.parts import GivenParts, Parts
from api.views.catalogue import DatasetKind, DatasetView
from api.views.shape import TOKEN, Paged, documented, listed

router = APIRouter(tags=["catalogue"])

_DATASET: Final[dict[str, Any]] = {
    "id": "kpis-day/gears",
    "kind": "kpis-day",
    "title": {"zh": "齿轮厂日指标", "en": "KPIs by local day, Gear Works"},
    "description": {
        "zh": "按日统计的利用率及其他指标",
        "en": "Utilisation and all other KPIs by local day, with coverage, version and why a number was told again",
    },
    "themes": ["ECON", "TECH"],
    "owner": {"name": {"zh": "齿轮厂", "en": "Gear Works"}, "contact": "data@gears.example"},
    "publisher": {"name": {"zh": "河滨产业园", "en": "Riverside Park"}, "contact": "https://park.example/contact"},
    "licence": "https://park.example/terms",
    "access": "granted",
    "extent": {"path": "gears", "factories": 1, "lines": 3, "equipment": 21, "signals": 498},
    "period": "day",
    "updated": "daily",
    "first": "2026-01-31T16:00:00Z",
    "last": "2026-11-24T08:14:59.95Z",
    "age_s": 0.05,
    "quality": {"coverage": 0.998, "open_gaps": 0, "unfillable_gaps": 1, "restatements": 3},
    "standards": ["ISO 22400-2:2014", "SEMI E10", "UCUM"],
    "computed": "/api/v1/kpis/catalogue",
    "fields": [
        {
            "name": "coverage",
            "type": "number",
            "unit": "1",
            "meaning": {
                "zh": "计划时间中状态已知的比例，0 到 1；无计划时为空。",  # noqa: RUF001 - Chinese has its own commas
                "en": "Share of planned time with known state, 0 to 1; null when nothing was planned.",
            },
        }
    ],
    "variables": [
        {
            "name": "utilisation",
            "title": {"zh": "利用率", "en": "Utilisation"},
            "unit": "1",
            "type": "float",
            "source": "ISO 22400-2 utilization efficiency (APT / AUBT), over planned time",
        }
    ],
    "requests": [
        {
            "method": "GET",
            "address": "/api/v1/kpis?path=gears&period=day",
            "forms": ["application/json", "text/csv"],
            "scope": "read",
        }
    ],
    "topics": ["kpis"],
    "exports": ["kpis"],
}

_LINKED: Final[dict[str, Any]] = {
    "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
    "@id": "https://parkline.example/api/v1/catalogue/kpis-day/gears",
    "@type": "dcat:Dataset",
    "dct:identifier": "kpis-day/gears",
}
"""The begin of a dataset as JSON-LD."""


def _also_linked(described: dict[int | str, dict[str, Any]], example: Any) -> dict[int | str, dict[str, Any]]:
    """Add JSON-LD to the forms of a good answer."""
    content = described[200]["content"]
    content[dcat.MEDIA_TYPE] = {"schema": {"type": "object"}, "example": example}
    return described


_LIST: Final = _also_linked(
    listed({"items": [_DATASET], "next_page_token": TOKEN}),
    {
        "@context": _LINKED["@context"],
        "@id": "https://parkline.example/api/v1/catalogue",
        "@type": "dcat:Catalog",
        "dcat:dataset": [{"@id": _LINKED["@id"]}],
    },
)


def _shape(
    request: Request,
    fields: Annotated[
        str,
        Query(
            max_length=1000,
            description="Fields of each row that are wanted, with commas between; empty: all. JSON-LD has all.",
        ),
    ] = "",
) -> Shape | None:
    """Give the form of the list; None where JSON-LD is asked for."""
    if not _is_linked(request, [form.value for form in Form]):
        return shape_of(request, fields)
    if fields:
        raise wrong(parameter="fields", detail="JSON-LD has whole datasets; leave it out")
    return None


def _is_linked(request: Request, beside: list[str]) -> bool:
    """Tell whether a request prefers JSON-LD to all other forms."""
    return preferred(", ".join(request.headers.getlist("accept")), [*beside, dcat.MEDIA_TYPE]) == dcat.MEDIA_TYPE


_GivenForm: TypeAlias = Annotated[Shape | None, Depends(_shape)]


@router.get("/catalogue", summary="Read what data there is", response_model=Paged[DatasetView], responses=_LIST)
async def list_catalogue(
    request: Request,
    parts: GivenParts,
    caller: GivenCaller,
    shape: _GivenForm,
    page: Annotated[Paging, Depends(paging(default=100, most=500))],
    path: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Park, factories, lines or machines, each with all below; may be repeated. Left out: all data.",
        ),
    ] = None,
    kind: Annotated[
        list[DatasetKind] | None, Query(max_length=20, description="Kinds of data; may be repeated. Left out: all.")
    ] = None,
) -> Response:
    """Give the datasets that the caller may see, by id: what each means, whose it is, how new and good, how it is had.

    With `Accept: application/ld+json` the page is a catalogue after DCAT-AP 3, for data portals; the page after it is
    in the header `Link`, and in `hydra:next`. Datasets about the whole park are there for who may see all of it.
    """
    trees = trees_asked(parts, path)
    wanted, shown, token = await asyncio.to_thread(
        _chosen, entries(parts, caller), page, None if trees is None else frozenset(trees), kind, every=not path
    )
    found = await _datasets(request, parts, shown)
    if shape is not None:
        return await asyncio.to_thread(shape.page, DatasetView, found, token)
    request.state.rows = len(found)
    own = request.url.remove_query_params("page_token")
    following = None if token is None else own.include_query_params(page_token=token)
    headers = {} if following is None else {"Link": f'<{following.path}?{following.query}>; rel="next"'}
    return await asyncio.to_thread(
        lambda: _linked(
            dcat.catalogue(
                found,
                publisher(parts),
                base=_base(request, parts),
                address=_absolute(request.url, request, parts),
                following=None if following is None else _absolute(following, request, parts),
                total=wanted,
            ),
            headers,
        )
    )


def _chosen(
    there: Iterable[Entry], page: Paging, trees: frozenset[str] | None, kinds: list[DatasetKind] | None, *, every: bool
) -> tuple[int, list[Entry], str | None]:
    """Give how many datasets are wanted, those of the page, and the token of the next one."""
    wanted = [
        one
        for one in there
        if (kinds is None or one.kind in kinds) and (every or (one.kind != "open" and under(one.path, trees)))
    ]
    return len(wanted), *page.of(wanted, attrgetter("id"))


def _one() -> dict[int | str, dict[str, Any]]:
    """Describe the answers to a question for one dataset, which is no list and yet may lack a form."""
    meaning = "The address has no such form."
    problem = {
        "type": NOT_ACCEPTABLE.type,
        "title": NOT_ACCEPTABLE.title,
        "status": NOT_ACCEPTABLE.status,
        "detail": f"there is nothing here that `Accept: text/csv` takes; there is application/json, {dcat.MEDIA_TYPE}",
        "instance": "/api/v1/catalogue/kpis-day/gears",
        "remedy": NOT_ACCEPTABLE.remedy,
    }
    schema = {"$ref": "#/components/schemas/ProblemView"}
    described = _also_linked(documented(_DATASET), _LINKED)
    return {**described, 406: {"description": meaning, "content": {MEDIA_TYPE: {"schema": schema, "example": problem}}}}


@router.get("/catalogue/{id:path}", summary="Read one dataset", response_model=DatasetView, responses=_one())
async def read_dataset(
    request: Request,
    parts: GivenParts,
    caller: GivenCaller,
    name: Annotated[str, Path(alias="id", description="Its id: the kind, and the path of what it tells of.")],
) -> Response:
    """Give one dataset; with `Accept: application/ld+json` as DCAT-AP 3."""
    linked = _is_linked(request, [Form.JSON.value])
    entry = entry_of(parts, caller, name)
    if entry is None:
        raise ProblemError(UNKNOWN_DATASET, f"there is no dataset {name!r}")
    [found] = await _datasets(request, parts, [entry])
    if linked:
        base = _base(request, parts)
        return await asyncio.to_thread(lambda: _linked(dcat.dataset(found, base=base), {}))
    return Response(found.model_dump_json(), media_type=Form.JSON.value, headers={"Vary": "Accept"})


async def _datasets(request: Request, parts: Parts, shown: list[Entry]) -> list[DatasetView]:
    extents: Extents = request.app.state.extents
    known = await known_of(parts, extents, [subject(one) for one in shown])
    return await asyncio.to_thread(datasets, parts, shown, known)


def _base(request: Request, parts: Parts) -> str:
    """Give the address of the API, with a slash at its end."""
    address = parts.settings.address
    return str(request.base_url) if address is None else f"{address}/"


def _absolute(url: URL, request: Request, parts: Parts) -> str:
    """Give an address of the API as it is reached from elsewhere."""
    return f"{_base(request, parts)[:-1]}{url.path}" + (f"?{url.query}" if url.query else "")


def _linked(graph: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(graph), media_type=dcat.MEDIA_TYPE, headers={**headers, "Vary": "Accept"})
