"""The catalogue as DCAT-AP 3: read by a reader of RDF, and held to what the profile makes mandatory.

The shapes of the profile (SHACL) are published on the web alone; what they ask for is written here as queries.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import httpx
import pytest
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.query import ResultRow

from api import dcat
from api.views.catalogue import (
    DatasetView,
    ExtentView,
    FieldView,
    PartyView,
    QualityView,
    RequestView,
    VariableView,
)
from api.views.shape import TitleView
from collector.ownership import CatalogueSettings, Owner
from collector.park import Park, Title
from tests.api.client import asking
from tests.api.plant import NOW, PARK, Plant

LINKED: Final = {"Accept": dcat.MEDIA_TYPE}
EU: Final = "http://publications.europa.eu/resource/authority"
BASE: Final = "http://parkline.example/"
DQV: Final = Namespace("http://www.w3.org/ns/dqv#")
VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")
CSVW: Final = Namespace("http://www.w3.org/ns/csvw#")
SCHEMA: Final = Namespace("http://schema.org/")
HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")

MANDATORY: Final = {
    DCAT.Catalog: (DCTERMS.title, DCTERMS.description, DCTERMS.publisher),
    DCAT.Dataset: (DCTERMS.title, DCTERMS.description),
    DCAT.Distribution: (DCAT.accessURL,),
    DCAT.DataService: (DCTERMS.title, DCAT.endpointURL),
    FOAF.Agent: (FOAF.name,),
    SKOS.Concept: (SKOS.prefLabel,),
    SKOS.ConceptScheme: (DCTERMS.title,),
    DQV.QualityMeasurement: (DQV.isMeasurementOf, DQV.value),
}
"""What DCAT-AP 3 (and DQV) make mandatory of each class."""

CLASSES: Final = {
    DCTERMS.publisher: FOAF.Agent,
    DCTERMS.rightsHolder: FOAF.Agent,
    DCTERMS.license: DCTERMS.LicenseDocument,
    DCTERMS.accessRights: DCTERMS.RightsStatement,
    DCTERMS.language: DCTERMS.LinguisticSystem,
    DCTERMS.accrualPeriodicity: DCTERMS.Frequency,
    DCTERMS.conformsTo: DCTERMS.Standard,
    DCTERMS.temporal: DCTERMS.PeriodOfTime,
    DCTERMS.spatial: DCTERMS.Location,
    DCTERMS.format: DCTERMS.MediaTypeOrExtent,
    DCAT.mediaType: DCTERMS.MediaType,
    DCAT.compressFormat: DCTERMS.MediaType,
    DCAT.contactPoint: VCARD.Kind,
    DCAT.theme: SKOS.Concept,
    DCAT.themeTaxonomy: SKOS.ConceptScheme,
    DCAT.dataset: DCAT.Dataset,
    DCAT.distribution: DCAT.Distribution,
    DCAT.service: DCAT.DataService,
    DCAT.accessService: DCAT.DataService,
    DCAT.servesDataset: DCAT.Dataset,
}
"""Of which class the profile wants what these name."""

AT_MOST_ONE: Final = (
    DCTERMS.publisher,
    DCTERMS.license,
    DCTERMS.accessRights,
    DCTERMS.accrualPeriodicity,
    DCTERMS.format,
    DCAT.mediaType,
    DCAT.compressFormat,
    DCTERMS.modified,
)


def graph_of(told: dict[str, Any]) -> Graph:
    graph = Graph()
    to_rdf(told, graph)
    return graph


def owned() -> Park:
    """Give the park with owners, contacts and terms."""
    gears, moulds = PARK.factories
    owner = Owner(title=Title(zh="齿轮有限公司", en="Gears Ltd"), contact="data@gears.example")
    catalogue = CatalogueSettings(
        publisher=Title(zh="园区运营", en="Park operations"),
        contact="https://park.example/contact",
        licence="CC-BY-4.0",
        themes=("TECH", "https://themes.example/machines"),
    )
    changed: dict[str, Any] = {"factories": (gears.model_copy(update={"owner": owner}), moulds), "catalogue": catalogue}
    return Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | changed)


@pytest.fixture
async def owned_api(plant: Plant) -> AsyncIterator[httpx.AsyncClient]:
    async with plant.parts() as parts, asking(replace(parts, park=owned()), key=plant.key) as client:
        yield client


@pytest.fixture(scope="module")
def graph(plant: Plant) -> Graph:
    """Give the whole catalogue, read once: that takes seconds."""

    async def ask() -> httpx.Response:
        async with plant.parts() as parts, asking(replace(parts, park=owned()), key=plant.key) as client:
            return await client.get("/api/v1/catalogue", headers=LINKED)

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == dcat.MEDIA_TYPE
    return graph_of(answer.json())


def test_nothing_mandatory_is_missing(graph: Graph) -> None:
    for kind, wanted in MANDATORY.items():
        found = set(graph.subjects(RDF.type, kind))
        assert found, kind
        for one in found:
            for term in wanted:
                assert (one, term, None) in graph, (kind, one, term)


def test_what_is_named_has_the_class_that_the_profile_wants(graph: Graph) -> None:
    for term, kind in CLASSES.items():
        named = set(graph.objects(None, term))
        assert named, term
        assert [one for one in named if (one, RDF.type, kind) not in graph] == [], term


def test_what_may_be_told_once_is_told_once(graph: Graph) -> None:
    for term in AT_MOST_ONE:
        told = list(graph.subjects(term, None))
        assert len(told) == len(set(told)), term


def test_titles_are_in_both_languages(graph: Graph) -> None:
    for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.DataService):
        for one in graph.subjects(RDF.type, kind):
            for term in (DCTERMS.title, DCTERMS.description):
                said = {text.language for text in graph.objects(one, term) if isinstance(text, Literal)}
                assert said == {"zh", "en"} or (not said and term == DCTERMS.description), (one, term)


def test_a_query_finds_how_to_ask_for_a_factorys_kpis(graph: Graph) -> None:
    found = graph.query(
        """
        SELECT ?url ?media ?owner WHERE {
            ?dataset a dcat:Dataset ; dct:identifier "kpis-day/gears" ; dct:rightsHolder/foaf:name ?owner ;
                dcat:distribution ?form .
            ?form dcat:accessURL ?url ; dcat:mediaType ?media .
            FILTER (lang(?owner) = "en" && CONTAINS(STR(?url), "period=day"))
        }
        """,
        initNs={"dcat": DCAT, "dct": DCTERMS, "foaf": FOAF},
    )
    rows = [(str(row[0]), str(row[1]).rpartition("/")[2], str(row[2])) for row in found if isinstance(row, ResultRow)]
    assert (f"{BASE}api/v1/kpis?path=gears&period=day", "csv", "Gears Ltd") in rows
    assert {media for _, media, _ in rows} == {"json", "csv", "vnd.apache.parquet", "vnd.apache.arrow.stream"}


async def test_every_address_of_a_distribution_answers_in_its_form(owned_api: httpx.AsyncClient, graph: Graph) -> None:
    asked = 0
    for form in graph.subjects(RDF.type, DCAT.Distribution):
        url, media = graph.value(form, DCAT.accessURL), graph.value(form, DCAT.mediaType)
        name = str(media).removeprefix("https://www.iana.org/assignments/media-types/")
        if name != "application/json" or "/moulds" not in str(form):
            continue  # the other forms are those of the same routes
        answer = await owned_api.get(str(url), headers={"Accept": name})
        assert answer.status_code == 200, (url, answer.text)
        assert answer.headers["content-type"] == name
        asked += 1
    assert asked > 20


def test_vocabularies_are_those_of_the_eu(graph: Graph) -> None:
    gears = URIRef(f"{BASE}api/v1/catalogue/kpis-hour/gears")
    park = URIRef(f"{BASE}api/v1/catalogue/kpis-hour/riverside")
    assert graph.value(gears, DCTERMS.accrualPeriodicity) == URIRef(f"{EU}/frequency/HOURLY")
    assert graph.value(gears, DCTERMS.accessRights) == URIRef(f"{EU}/access-right/RESTRICTED")
    assert graph.value(park, DCTERMS.accessRights) == URIRef(f"{EU}/access-right/NON_PUBLIC")
    assert set(graph.objects(gears, DCTERMS.language)) == {URIRef(f"{EU}/language/{one}") for one in ("ZHO", "ENG")}
    themes = {URIRef(f"{EU}/data-theme/TECH"), URIRef("https://themes.example/machines")}
    assert set(graph.objects(gears, DCAT.theme)) == themes
    named = {str(name) for theme in themes for name in graph.objects(theme, SKOS.prefLabel)}
    assert named == {"Science and technology", "科学与技术", "machines"}
    assert graph.value(gears, DCAT.temporalResolution) == Literal("PT1H", datatype=XSD.duration)
    csv = URIRef(f"{gears}#0-csv")
    assert graph.value(csv, DCTERMS.format) == URIRef(f"{EU}/file-type/CSV")
    assert graph.value(csv, DCTERMS.license) == URIRef("https://spdx.org/licenses/CC-BY-4.0")
    assert graph.value(URIRef(f"{gears}#0-parquet"), DCAT.compressFormat) is None


def test_owners_and_contacts_are_told(graph: Graph) -> None:
    gears, moulds = (URIRef(f"{BASE}api/v1/catalogue/states/{name}") for name in ("gears", "moulds"))
    contact = graph.value(gears, DCAT.contactPoint)
    assert graph.value(contact, VCARD.hasEmail) == URIRef("mailto:data@gears.example")
    contact = graph.value(moulds, DCAT.contactPoint)
    assert graph.value(contact, VCARD.hasURL) == URIRef("https://park.example/contact")
    catalogue = URIRef(f"{BASE}api/v1/catalogue")
    names = set(graph.objects(graph.value(catalogue, DCTERMS.publisher), FOAF.name))
    assert names == {Literal("园区运营", lang="zh"), Literal("Park operations", lang="en")}


def test_quality_time_and_fields_are_told(graph: Graph) -> None:
    samples = URIRef(f"{BASE}api/v1/catalogue/samples/gears/grinding/grind-01")
    measured = {
        str(graph.value(one, DQV.isMeasurementOf)).rpartition(":")[2]: graph.value(one, DQV.value)
        for one in graph.objects(samples, DQV.hasQualityMeasurement)
    }
    assert measured["unfillable_gaps"] == Literal(1)
    coverage = measured["coverage"]
    assert isinstance(coverage, Literal)
    assert coverage.datatype == XSD.double
    assert 0.7 < float(coverage) < 0.8
    period = graph.value(samples, DCTERMS.temporal)
    assert graph.value(period, DCAT.startDate) == Literal("2026-11-20T16:00:00+00:00", datatype=XSD.dateTime)
    variables = {
        str(graph.value(one, SCHEMA.propertyID)): one for one in graph.objects(samples, SCHEMA.variableMeasured)
    }
    warm = variables["gears/grinding/grind-01/spindle_temperature"]
    assert graph.value(warm, SCHEMA.unitText) == Literal("Cel")
    assert Literal("主轴温度", lang="zh") in set(graph.objects(warm, SCHEMA.name))
    assert graph.value(warm, SCHEMA.maxValue) in {Literal(150), Literal(150.0)}
    [schema] = graph.objects(samples, CSVW.tableSchema)
    [columns] = graph.objects(schema, CSVW.column)
    names = [str(graph.value(one, CSVW.name)) for one in graph.items(columns)]
    assert names == ["time", "value", "quality", "status", "received"]


async def test_pages_lead_to_all_datasets(owned_api: httpx.AsyncClient) -> None:
    found, url, pages = set(), f"{BASE}api/v1/catalogue?limit=9&path=gears", 0
    while url:
        graph = graph_of((await owned_api.get(url, headers=LINKED)).json())
        found |= set(graph.subjects(RDF.type, DCAT.Dataset))
        total = int(str(next(graph.objects(None, HYDRA.totalItems))))
        url = str(next(graph.objects(None, HYDRA.next), ""))
        pages += 1
    assert (len(found), pages) == (total, -(-total // 9))
    assert pages > 1


async def test_one_dataset_says_the_same_as_in_the_catalogue(owned_api: httpx.AsyncClient, graph: Graph) -> None:
    answer = await owned_api.get("/api/v1/catalogue/losses/gears", headers=LINKED)
    assert answer.headers["content-type"] == dcat.MEDIA_TYPE
    one = graph_of(answer.json())
    losses = URIRef(f"{BASE}api/v1/catalogue/losses/gears")
    plain = {(term, told) for term, told in one.predicate_objects(losses) if isinstance(told, URIRef | Literal)}
    assert plain
    assert plain == {
        (term, told) for term, told in graph.predicate_objects(losses) if isinstance(told, URIRef | Literal)
    }
    assert URIRef(f"{BASE}api/v1") in set(one.subjects(RDF.type, DCAT.DataService))


async def test_nothing_is_fetched_to_read_it(owned_api: httpx.AsyncClient) -> None:
    told = (await owned_api.get("/api/v1/catalogue", headers=LINKED)).json()
    assert isinstance(told["@context"], dict)
    assert not [value for value in told["@context"].values() if isinstance(value, dict) and "@import" in value]


def view(**changes: Any) -> DatasetView:
    party = PartyView(name=TitleView(zh="园区", en="Park"), contact=None)
    made = DatasetView(
        id="open/city",
        kind="open",
        title=TitleView(zh="城市", en="City"),
        description=TitleView(zh="城市", en="City"),
        themes=[],
        owner=party,
        publisher=party,
        licence=None,
        access="public",
        extent=None,
        period="week",
        updated="weekly",
        first=None,
        last=None,
        age_s=None,
        quality=QualityView(coverage=None, open_gaps=None, unfillable_gaps=None, restatements=None),
        standards=[],
        computed=None,
        fields=[FieldView(name="start", type="day", unit=None, meaning=TitleView(zh="首日", en="First day"))],
        variables=[VariableView(name="oee", title=TitleView(zh="OEE", en="OEE"), unit="1", type="float")],
        requests=[RequestView(method="GET", address="/api/v1/open-data/city", forms=["text/csv"], scope="open")],
        topics=[],
        exports=[],
    )
    return made.model_copy(update=changes)


@pytest.mark.parametrize("words", ["only for friends", "https://spaces in.it/", '<script>"'])
def test_terms_and_contacts_in_words_make_no_broken_address(words: str) -> None:
    owner = PartyView(name=TitleView(zh="园区", en="Park"), contact=words)
    graph = graph_of(dcat.dataset(view(licence=words, owner=owner), base=BASE))
    [licence] = graph.objects(None, DCTERMS.license)
    assert (licence, DCTERMS.title, Literal(words)) in graph
    [contact] = graph.objects(None, DCAT.contactPoint)
    assert (contact, VCARD.note, Literal(words)) in graph
    graph.serialize(format="nt")  # raises for what is no address


def test_what_is_not_known_is_left_out() -> None:
    graph = graph_of(dcat.dataset(view(), base=BASE))
    city = URIRef(f"{BASE}api/v1/catalogue/open/city")
    for term in (DCTERMS.temporal, DCTERMS.spatial, DCTERMS.modified, DCAT.contactPoint, DQV.hasQualityMeasurement):
        assert (city, term, None) not in graph
    assert (city, DCTERMS.accessRights, URIRef(f"{EU}/access-right/PUBLIC")) in graph
    known = view(last=NOW, extent=ExtentView(path="gears", factories=1, lines=1, equipment=1, signals=1))
    graph = graph_of(dcat.dataset(known, base=BASE))
    assert (city, DCTERMS.modified, Literal(NOW.isoformat(), datatype=XSD.dateTime)) in graph
