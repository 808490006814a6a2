"""The contract: the description is checked in, says what its numbers are, and breaks no client of the last release."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import jsonschema_rs
import pytest
from fastapi import FastAPI
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.answers import Form
from api.app import create_app
from api.errors import KINDS
from api.roles import Scope
from collector.park import Park
from collector.settings import ApiSettings, OidcSettings
from tests.api import fillings
from tests.api.contract import DESCRIPTION, RELEASED, bare_app, breaks, text_of
from tests.api.plant import Plant

ALLOWED: Final = {
    "GET /api/v1/assets, answer 200, application/json.factories[].lines[].equipment[].signals[].source: "
    "it may now be null as well": "For callers of some factories only, whom there were none of.",
    **dict.fromkeys(
        (
            f"GET /api/v1/sources, answer 200, application/json.items[].{name}: it may now be null as well"
            for name in ("samples", "refusals", "duplicates", "conflicts")
        ),
        "For callers of some factories only, whom there were none of, at sources that others share.",
    ),
    **dict.fromkeys(
        (
            f"GET /api/v1/dead-letters{part}, query `{name}`: it has to match ^[^\\x00]*$"
            for part in ("", "/export")
            for name in ("signal", "reason")
        ),
        "PostgreSQL holds no such texts, so nothing was ever found by one; it was a 500 there.",
    ),
    **dict.fromkeys(
        (
            f"GET /api/v1/dead-letters{part}, query `signal`: `maxLength` was None, and is 300"
            for part in ("", "/export")
        ),
        "No path of a signal is longer than 259 characters, so nothing was ever found by a longer one.",
    ),
}
"""Breaks of the last release that are meant, each with why it breaks nobody in practice."""

UNITS: Final = re.compile(r"\bseconds?\b|\bunit\b|\b0 to 1(00)?\b|\bratio\b|\b[Bb]ytes\b|\bhow many\b")
"""What tells the unit of a number: by name, by range, or by the field that holds its UCUM code."""

_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return bare_app()


@pytest.fixture(scope="module")
def described(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


# ── what is checked in ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_description_is_the_one_that_is_checked_in(described: dict[str, Any]) -> None:
    assert text_of(described) == DESCRIPTION.read_text(encoding="utf-8"), "run `make contract`, and look at the change"


def test_the_last_release_is_not_broken(described: dict[str, Any]) -> None:
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    found = {f"{one.where}: {one.what}": str(one) for one in breaks(released, described)}
    assert [told for name, told in found.items() if name not in ALLOWED] == []
    assert ALLOWED.keys() - found.keys() == set(), "these are allowed and are not there: take them off the list"


def test_kinds_of_problems_stay(described: dict[str, Any]) -> None:
    """Clients branch on `type`: what a release has told of is there, with the same status."""
    told = set(examples_of_problems(json.loads(RELEASED.read_text(encoding="utf-8"))))
    assert len(told) > 5
    assert told | set(examples_of_problems(described)) <= {(kind.type, kind.status) for kind in KINDS.values()}


def examples_of_problems(node: Any) -> Iterator[tuple[str, int]]:
    if isinstance(node, dict):
        if str(node.get("type", "")).startswith("/problems/"):
            yield node["type"], node["status"]
        for value in node.values():
            yield from examples_of_problems(value)
    elif isinstance(node, list):
        for value in node:
            yield from examples_of_problems(value)


def test_it_is_openapi(described: dict[str, Any]) -> None:
    OPENAPI_31_VALIDATOR.validate(described)
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


async def test_it_tells_nothing_of_an_installation(plant: Plant, described: dict[str, Any]) -> None:
    other = Park(id="elsewhere", calendars={}, factories=())
    async with plant.parts(open_page=True) as parts:
        assert create_app(replace(parts, park=other)).openapi() == described
    assert described["servers"] == [{"url": "/"}]


async def test_a_provider_of_tokens_is_told_where_there_is_one(plant: Plant) -> None:
    oidc = OidcSettings(issuer="https://login.park.example/realms/park/", audience="parkline", roles={"all": "viewer"})
    async with plant.parts() as parts:
        app = create_app(replace(parts, settings=ApiSettings(oidc=oidc)))
    told = app.openapi()
    assert told["components"]["securitySchemes"]["oidc"]["openIdConnectUrl"] == (
        "https://login.park.example/realms/park/.well-known/openid-configuration"
    )
    ways = [one["security"] for _, one in operations(told) if "security" in one]
    assert ways
    assert all(one == [{"bearer": []}, {"apiKey": []}, {"oidc": []}] for one in ways)


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_operation_ids_are_camel_case_and_each_is_one_of_a_kind(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(described)]
    assert len(ids) == len(set(ids))
    assert [one for one in ids if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", one)] == []


def test_addresses_are_plural_nouns(described: dict[str, Any]) -> None:
    nouns = {path.split("/")[3] for path in described["paths"] if path.startswith("/api/v1/")}
    assert {one for one in nouns if not one.endswith("s")} == UNCOUNTED


UNCOUNTED: Final = {"audit", "capacity", "catalogue", "equipment", "idle-capacity", "open-data"}
"""Nouns of which there is one, or no number."""


def test_every_list_is_had_in_every_form_in_pages_and_by_fields(described: dict[str, Any]) -> None:
    lists, without = 0, []
    for where, operation in operations(described):
        answer = operation["responses"].get("200", {}).get("content", {})
        rows = [
            form
            for one in forms_of(answer.get("application/json", {}).get("schema", {}))
            for form in _met(described, one)
            if "items" in form.get("properties", {})
        ]
        if not rows or not where.startswith("GET") or operation.get("deprecated"):
            continue
        lists += 1
        asked = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        if not ({"fields", "limit", "page_token"} <= asked and {form.value for form in Form} <= answer.keys()):
            without.append(where)
    assert lists > 30
    assert without == [], "give its route `shape: GivenShape` and `paging(...)`, and `listed(...)` as its responses"


def test_every_body_has_an_example(described: dict[str, Any]) -> None:
    for where, operation in operations(described):
        if "requestBody" not in operation:
            continue
        told = operation["requestBody"]["content"]["application/json"]["schema"]
        examples = [one for form in forms_of(told) for met in _met(described, form) for one in met.get("examples", ())]
        assert examples, f"{where}: give the model of its body `model_config = example({{…}})`"
        for one in examples:
            jsonschema_rs.validate({**told, "components": described["components"]}, one)
            assert all("date-time" in formats for _, formats in instants(described, told, one)), where


def test_whoever_needs_a_scope_is_told_which(app: FastAPI, described: dict[str, Any]) -> None:
    wanted = [(one, scope) for one in fillings.operations(app) for scope in one.needs - {Scope.READ}]
    assert len(wanted) > 20
    for one, scope in wanted:
        told = described["paths"][fillings.V1 + one.path][one.method.lower()]["description"]
        assert f"the scope `{scope}`" in " ".join(told.split()), f"{one.id}: say in its docstring that it needs it"


def test_schemas_have_names_that_a_generator_can_take_over(described: dict[str, Any]) -> None:
    assert [name for name in described["components"]["schemas"] if "__" in name] == []


def test_every_number_says_its_unit(described: dict[str, Any]) -> None:
    checked, silent = 0, []
    for name, schema in described["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            if "number" in set(types_of(told)):
                checked += 1
                silent += [f"{name}.{field}"] * (not re.search(UNITS, told["description"].lower()))
    assert checked > 80
    assert silent == [], "say in these fields' docstrings: seconds, 0 to 1, or which field holds the unit"


def test_times_and_shares_are_said_by_name(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            if field.endswith("_s"):
                assert "second" in told["description"].lower(), (name, field)
            if field in {"share", "coverage"} or field.endswith("_share"):
                assert "0 to 1" in told["description"], (name, field)


def test_numbers_that_are_asked_have_bounds(described: dict[str, Any]) -> None:
    for where, operation in operations(described):
        for parameter in operation.get("parameters", ()):
            for form in forms_of(parameter["schema"]):
                if form.get("type") in {"integer", "number"}:
                    assert form.keys() & {"minimum", "exclusiveMinimum"}, (where, parameter["name"])
                    assert form.keys() & {"maximum", "exclusiveMaximum"}, (where, parameter["name"])


def test_every_instant_is_one_by_its_format(described: dict[str, Any]) -> None:
    """Wherever an example has an instant, its schema says `date-time`."""
    found = []
    for where, operation in operations(described):
        for answer in operation["responses"].values():
            media = answer.get("content", {}).get("application/json", {})
            if "example" in media:
                found += [(where, *one) for one in instants(described, media["schema"], media["example"])]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            found += [(where, *one) for one in instants(described, content["schema"], content["example"])]
    assert len(found) > 60
    assert [one for one in found if "date-time" not in one[2]] == []


def instants(described: dict[str, Any], schema: Any, value: Any, at: str = "") -> Iterator[tuple[str, set[str]]]:
    """Give where an example has instants, and the formats that the schema allows there."""
    forms = [one for form in forms_of(schema) for one in _met(described, form)]
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        yield (
            at,
            {form.get("format", "") for form in forms} | {"date-time" for form in forms if not form.keys() - _BARE},
        )
    elif isinstance(value, list):
        for item in value:
            yield from instants(described, {"anyOf": [form.get("items", {}) for form in forms]}, item, f"{at}[]")
    elif isinstance(value, dict):
        for name, item in value.items():
            below = [form.get("properties", {}).get(name, form.get("additionalProperties")) for form in forms]
            below = [form if isinstance(form, dict) else {} for form in below]
            yield from instants(described, {"anyOf": below}, item, f"{at}.{name}")


_BARE: Final = {"title", "description"}
"""What a schema holds that allows everything, such as that of a sample's value."""


def _met(described: dict[str, Any], form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in form:
        yield from (
            one
            for target in forms_of(described["components"]["schemas"][form["$ref"].rpartition("/")[2]])
            for one in _met(described, target)
        )
    else:
        yield form


def forms_of(schema: Any) -> Iterator[dict[str, Any]]:
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives is None:
        yield schema
    else:
        for one in alternatives:
            yield from forms_of(one)


def types_of(schema: Any) -> Iterator[str]:
    for form in forms_of(schema):
        kind = form.get("type", ())
        yield from [kind] if isinstance(kind, str) else kind
