"""The catalogue of data as DCAT-AP 3, in JSON-LD 1.1: what data portals harvest.

    dcat:Catalog ── dcat:dataset ──► dcat:Dataset ── dcat:distribution ──► dcat:Distribution, one per address and form
         └───────── dcat:service ──► dcat:DataService ── dcat:servesDataset ──► the datasets

DCAT-AP 3.0 (SEMIC), on DCAT 3 (W3C, 2024). Quality is told by DQV, fields as a CSVW schema, signals and KPIs as
`schema:variableMeasured`. Frequencies, rights of access, languages, types of files and themes are those of the EU's
vocabularies, whose terms are told with their classes; an Arrow stream has no type of file there and is told by its
media type alone. The context is a part of the answer: nobody has to fetch anything to read it. What is not known is
left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote

from api.views.catalogue import DatasetView, FieldView, PartyView, RequestView, VariableView
from api.views.shape import TitleView

MEDIA_TYPE: Final = "application/ld+json"
"""The media type of the answer."""

PROFILE: Final = "http://data.europa.eu/r5r/"
"""What it conforms to: DCAT-AP."""

_EU: Final = "http://publications.europa.eu/resource/authority"
_THEME: Final = f"{_EU}/data-theme"
_IANA: Final = "https://www.iana.org/assignments/media-types"

_FILE_TYPES: Final = {
    "application/json": "JSON",
    "text/csv": "CSV",
    "application/vnd.apache.parquet": "PARQUET",
}
"""Types of files by media type."""

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_MAIL: Final = re.compile(r"[^\s<>\"{}|\\^`@]+@[^\s<>\"{}|\\^`@]+")
_SPDX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*", re.ASCII)

_THEMES: Final = {
    "AGRI": ("Agriculture, fisheries, forestry and food", "农业、渔业、林业和食品"),
    "ECON": ("Economy and finance", "经济与金融"),
    "EDUC": ("Education, culture and sport", "教育、文化与体育"),
    "ENER": ("Energy", "能源"),
    "ENVI": ("Environment", "环境"),
    "GOVE": ("Government and public sector", "政府与公共部门"),
    "HEAL": ("Health", "卫生"),
    "INTR": ("International issues", "国际事务"),
    "JUST": ("Justice, legal system and public safety", "司法、法律制度与公共安全"),
    "OP_DATPRO": ("Provisional data", "临时数据"),
    "REGI": ("Regions and cities", "区域与城市"),
    "SOCI": ("Population and society", "人口与社会"),
    "TECH": ("Science and technology", "科学与技术"),
    "TRAN": ("Transport", "交通运输"),
}
"""The EU's data themes by their codes: their names in English and Chinese."""

_CLASSES: Final = {
    "access": "dct:RightsStatement",
    "compressed": "dct:MediaType",
    "format": "dct:MediaTypeOrExtent",
    "frequency": "dct:Frequency",
    "language": "dct:LinguisticSystem",
    "licence": "dct:LicenseDocument",
    "media": "dct:MediaType",
    "taxonomy": "skos:ConceptScheme",
    "theme": "skos:Concept",
}
"""Classes of what terms of the context name by its address."""

_COMPRESSED: Final = frozenset({"application/json", "text/csv", "application/vnd.apache.arrow.stream"})
"""Media types that are sent compressed where the client takes it."""

_FREQUENCIES: Final = {
    "continuously": "UPDATE_CONT",
    "hourly": "HOURLY",
    "each shift": "OTHER",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "as it happens": "IRREG",
}

_RIGHTS: Final = {"internal": "NON_PUBLIC", "granted": "RESTRICTED", "agreed": "RESTRICTED", "public": "PUBLIC"}

_RESOLUTIONS: Final = {"hour": "PT1H", "day": "P1D", "week": "P7D", "month": "P1M"}

_DATATYPES: Final = {
    "text": "string",
    "instant": "datetime",
    "day": "date",
    "number": "double",
    "integer": "integer",
    "truth": "boolean",
    "list": "json",
    "object": "json",
    "any": "any",
}
"""Datatypes of CSVW by types of fields."""

_METRICS: Final = {
    "coverage": (
        "Coverage of the last seven days",
        "最近七天的数据覆盖率",
        "Share of planned time with known state, 0 to 1",
        "xsd:double",
    ),
    "open_gaps": (
        "Open gaps of the last seven days",
        "最近七天未补齐的缺口数",
        "Intervals in which samples may still be missing",
        "xsd:integer",
    ),
    "unfillable_gaps": (
        "Unfillable gaps of the last seven days",
        "最近七天无法补齐的缺口数",
        "Intervals whose samples will never come",
        "xsd:integer",
    ),
    "restatements": (
        "Restatements of the last seven days",
        "最近七天的更正次数",
        "How often windows that were over were told again",
        "xsd:integer",
    ),
    "age_s": ("Age", "数据时延", "Seconds since the newest instant that it tells of", "xsd:double"),
}
"""What is measured: its titles in English and Chinese, its definition, its type."""

_TITLE: Final = {"zh": "数据目录", "en": "Catalogue of data"}
_ABOUT: Final = {
    "zh": "园区设备的状态、指标、损失、样本、告警等数据：含义、单位、归属、时效、质量，以及获取方式。",
    "en": "States, KPIs, losses, samples and alerts of the machines of an industrial park: what they mean, in which "
    "units, whose they are, how new and how good, and how to ask for them.",
}
_SERVICE: Final = {"zh": "parkline 接口", "en": "API of parkline"}


def _words(name: str) -> dict[str, str]:
    return {"@id": name, "@container": "@language"}


def _link(name: str) -> dict[str, str]:
    return {"@id": name, "@type": "@id"}


def _typed(name: str, kind: str) -> dict[str, str]:
    return {"@id": name, "@type": kind}


CONTEXT: Final[dict[str, Any]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": "@id",
    "type": "@type",
    "title": _words("dct:title"),
    "description": _words("dct:description"),
    "name": _words("foaf:name"),
    "label": _words("skos:prefLabel"),
    "definition": _words("skos:definition"),
    "variable_name": _words("schema:name"),
    "identifier": "dct:identifier",
    "publisher": "dct:publisher",
    "rights_holder": "dct:rightsHolder",
    "contact": "dcat:contactPoint",
    "full_name": "vcard:fn",
    "mail": _link("vcard:hasEmail"),
    "web": _link("vcard:hasURL"),
    "language": _link("dct:language"),
    "licence": _link("dct:license"),
    "access": _link("dct:accessRights"),
    "theme": _link("dcat:theme"),
    "frequency": _link("dct:accrualPeriodicity"),
    "conforms_to": "dct:conformsTo",
    "provenance": "dct:provenance",
    "page": _link("foaf:page"),
    "spatial": "dct:spatial",
    "temporal": "dct:temporal",
    "start": _typed("dcat:startDate", "xsd:dateTime"),
    "end": _typed("dcat:endDate", "xsd:dateTime"),
    "modified": _typed("dct:modified", "xsd:dateTime"),
    "resolution": _typed("dcat:temporalResolution", "xsd:duration"),
    "datasets": "dcat:dataset",
    "services": "dcat:service",
    "taxonomy": _link("dcat:themeTaxonomy"),
    "distributions": "dcat:distribution",
    "access_url": _link("dcat:accessURL"),
    "access_service": _link("dcat:accessService"),
    "media": _link("dcat:mediaType"),
    "format": _link("dct:format"),
    "compressed": _link("dcat:compressFormat"),
    "endpoint": _link("dcat:endpointURL"),
    "endpoint_description": _link("dcat:endpointDescription"),
    "serves": _link("dcat:servesDataset"),
    "measurements": "dqv:hasQualityMeasurement",
    "of_metric": "dqv:isMeasurementOf",
    "value": "dqv:value",
    "expected": _link("dqv:expectedDataType"),
    "fields": "csvw:tableSchema",
    "columns": {"@id": "csvw:column", "@container": "@list"},
    "column": "csvw:name",
    "datatype": "csvw:datatype",
    "unit": "schema:unitText",
    "variables": "schema:variableMeasured",
    "property": "schema:propertyID",
    "least": "schema:minValue",
    "greatest": "schema:maxValue",
    "method": "schema:measurementTechnique",
    "view": "hydra:view",
    "next": _link("hydra:next"),
    "total": "hydra:totalItems",
}
"""The context of all answers."""


def catalogue(
    datasets: Sequence[DatasetView], publisher: PartyView, *, base: str, address: str, following: str | None, total: int
) -> dict[str, Any]:
    """Give a page of the catalogue.

    Args:
        datasets: those of the page.
        publisher: who publishes it.
        base: address of the API, with a slash at its end.
        address: what was asked for, as an absolute address.
        following: absolute address of the page after it; None: it is the last one.
        total: how many datasets there are on all pages.
    """
    told = [_dataset(one, base) for one in datasets]
    page: dict[str, Any] = {"id": address, "type": "hydra:PartialCollectionView"}
    if following is not None:
        page["next"] = following
    whole = {
        "id": f"{base}api/v1/catalogue",
        "type": ["dcat:Catalog", "hydra:Collection"],
        "title": _TITLE,
        "description": _ABOUT,
        "publisher": _agent(publisher),
        **_reached(publisher),
        **_licence(datasets),
        "language": _languages(),
        "theme": sorted({theme for one in datasets for theme in _themes(one)}),
        "taxonomy": _THEME,
        "conforms_to": {"id": PROFILE, "type": "dct:Standard"},
        "services": _service(base, [one["id"] for one in told]),
        "datasets": told,
        "view": page,
        "total": total,
    }
    return {"@context": CONTEXT, **whole, "@included": _named([whole, *told])}


def dataset(one: DatasetView, *, base: str) -> dict[str, Any]:
    """Give one dataset, with the service that serves it; `base` is the API's address, with a slash at its end."""
    told = _dataset(one, base)
    return {"@context": CONTEXT, **told, "@included": [_service(base, [told["id"]]), *_named([told])]}


def _named(nodes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what these name by its address, each once, with its class and, where the profile wants one, its name."""
    found: dict[str, str] = {}
    for node in nodes:
        for one in (node, *node.get("distributions", ())):
            for term, kind in _CLASSES.items():
                told = one.get(term, ())
                found |= {name: kind for name in ([told] if isinstance(told, str) else told) if isinstance(name, str)}
    return [{"id": name, "type": kind, **_called(name, kind)} for name, kind in sorted(found.items())]


def _called(name: str, kind: str) -> dict[str, Any]:
    if kind == "skos:ConceptScheme":
        return {"title": {"zh": "数据主题", "en": "Data theme"}}
    if kind != "skos:Concept":
        return {}
    last = name.rstrip("/").rpartition("/")[2]
    if name != f"{_THEME}/{last}":
        return {"skos:prefLabel": unquote(last.rpartition("#")[2])}  # of another vocabulary: nobody says more
    english, chinese = _THEMES.get(last, (last, last))
    return {"label": {"zh": chinese, "en": english}}


def _dataset(one: DatasetView, base: str) -> dict[str, Any]:
    address = f"{base}api/v1/catalogue/{quote(one.id)}"
    about: dict[str, Any] = {
        "id": address,
        "type": "dcat:Dataset",
        "identifier": one.id,
        "title": _said(one.title),
        "description": _said(one.description),
        "publisher": _agent(one.publisher),
        "rights_holder": _agent(one.owner),
        **_reached(one.owner),
        "access": f"{_EU}/access-right/{_RIGHTS[one.access]}",
        "language": _languages(),
        "theme": _themes(one),
        "frequency": f"{_EU}/frequency/{_FREQUENCIES[one.updated]}",
        "conforms_to": [{"type": "dct:Standard", "dct:title": standard} for standard in one.standards],
        "measurements": list(_measured(one)),
        "fields": {"type": "csvw:Schema", "columns": [_column(field) for field in one.fields]},
        "variables": [_variable(variable) for variable in one.variables],
        "distributions": list(_distributions(one, address, base)),
    }
    if one.extent is not None:
        about["spatial"] = {"type": "dct:Location", "identifier": one.extent.path}
    if one.first is not None or one.last is not None:
        edges = {"start": one.first, "end": one.last}
        written = {name: edge.isoformat() for name, edge in edges.items() if edge is not None}
        about["temporal"] = {"type": "dct:PeriodOfTime", **written}
    if one.last is not None:
        about["modified"] = one.last.isoformat()
    if one.period in _RESOLUTIONS:
        about["resolution"] = _RESOLUTIONS[one.period]
    if one.computed is not None:
        about["page"] = {"id": _absolute(base, one.computed), "type": "foaf:Document"}
    return {name: value for name, value in about.items() if value != []}


def _distributions(one: DatasetView, address: str, base: str) -> Iterator[dict[str, Any]]:
    """Give each form of each address that is read; exports are asked for at the service."""
    read = (request for request in one.requests if request.method == "GET")
    for number, request in enumerate(read):
        for media in request.forms:
            yield {
                "id": f"{address}#{number}-{media.rpartition('/')[2].rpartition('.')[2]}",
                "type": "dcat:Distribution",
                "title": _said(one.title),
                "access_url": _absolute(base, request.address),
                "access_service": _service_at(base),
                "media": f"{_IANA}/{media}",
                **({"format": f"{_EU}/file-type/{_FILE_TYPES[media]}"} if media in _FILE_TYPES else {}),
                **({"compressed": f"{_IANA}/application/gzip"} if media in _COMPRESSED else {}),
                **_licence([one]),
                "dct:rights": {"type": "dct:RightsStatement", "rdfs:label": _needed(request)},
            }


def _needed(request: RequestView) -> dict[str, str]:
    return {"@value": f"An API key or token with the scope `{request.scope}` is needed.", "@language": "en"}


def _service(base: str, served: Sequence[str]) -> dict[str, Any]:
    return {
        "id": _service_at(base),
        "type": "dcat:DataService",
        "title": _SERVICE,
        "endpoint": f"{base}api/v1",
        "endpoint_description": f"{base}openapi.json",
        "serves": list(served),
    }


def _service_at(base: str) -> str:
    return f"{base}api/v1"


def _agent(party: PartyView) -> dict[str, Any]:
    return {"type": "foaf:Agent", "name": _said(party.name)}


def _reached(party: PartyView) -> dict[str, Any]:
    """Give whom to ask, where somebody is named."""
    if party.contact is None:
        return {}
    if _MAIL.fullmatch(party.contact):
        how = {"mail": f"mailto:{party.contact}"}
    elif _ADDRESS.fullmatch(party.contact):
        how = {"web": party.contact}
    else:
        how = {"vcard:note": party.contact}
    return {"contact": {"type": ["vcard:Kind", "vcard:Organization"], "full_name": party.name.en, **how}}


def _licence(datasets: Iterable[DatasetView]) -> dict[str, Any]:
    """Give the licence that all of these have, where there is one."""
    names = {one.licence for one in datasets}
    if len(names) != 1 or (name := names.pop()) is None:
        return {}
    if _ADDRESS.fullmatch(name):
        return {"licence": name}
    if _SPDX.fullmatch(name):
        return {"licence": f"https://spdx.org/licenses/{quote(name)}"}
    return {"licence": {"type": "dct:LicenseDocument", "dct:title": name}}


def _languages() -> list[str]:
    return [f"{_EU}/language/ZHO", f"{_EU}/language/ENG"]


def _themes(one: DatasetView) -> list[str]:
    return [theme if "://" in theme else f"{_THEME}/{theme}" for theme in one.themes]


def _measured(one: DatasetView) -> Iterator[dict[str, Any]]:
    values = {**one.quality.model_dump(), "age_s": one.age_s}
    for name, (english, chinese, definition, kind) in _METRICS.items():
        if values[name] is not None:
            yield {
                "type": "dqv:QualityMeasurement",
                "of_metric": {
                    "id": f"urn:parkline:metric:{name}",
                    "type": "dqv:Metric",
                    "label": {"zh": chinese, "en": english},
                    "definition": {"en": definition},
                    "expected": kind,
                },
                "value": {"@value": str(values[name]), "@type": kind},
            }


def _column(field: FieldView) -> dict[str, Any]:
    unit = {} if field.unit is None else {"unit": field.unit}
    return {
        "type": "csvw:Column",
        "column": field.name,
        "datatype": _DATATYPES[field.type],
        "description": _said(field.meaning),
        **unit,
    }


def _variable(variable: VariableView) -> dict[str, Any]:
    more = {"least": variable.low, "greatest": variable.high, "method": variable.source}
    return {
        "type": "schema:PropertyValue",
        "variable_name": _said(variable.title),
        "property": variable.name,
        "unit": variable.unit,
        **{name: value for name, value in more.items() if value is not None},
    }


def _said(title: TitleView) -> dict[str, str]:
    return {"zh": title.zh, "en": title.en}


def _absolute(base: str, address: str) -> str:
    return base + address.removeprefix("/")
