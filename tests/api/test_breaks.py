"""What breaks clients is found, each kind of it; what breaks nobody is not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeAlias

import pytest

from tests.api.contract import breaks

Description: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Description], Any]

JSON = "application/json"


def description() -> Description:
    """Give a small description: a list, and something to do, of things that hold things."""
    thing = {
        "title": "Thing",
        "type": "object",
        "required": ["name", "state"],
        "properties": {
            "name": {"type": "string"},
            "state": {"$ref": "#/components/schemas/State"},
            "value": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "at": {"type": "string", "format": "date-time"},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "titles": {"type": "object", "additionalProperties": {"type": "string"}},
            "change": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
            "grade": {"enum": ["first", "second"], "type": "string"},
        },
    }
    doing = {
        "title": "Doing",
        "type": "object",
        "required": ["reason"],
        "properties": {
            "reason": {"type": "string", "maxLength": 100},
            "how": {"enum": ["fast", "slow"], "type": "string"},
            "until": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        },
    }
    return {
        "servers": [{"url": "/"}],
        "paths": {
            "/things": {
                "get": {
                    "operationId": "listThings",
                    "security": [{"bearer": []}],
                    "parameters": [
                        {"name": "state", "in": "query", "schema": {"$ref": "#/components/schemas/State"}},
                        {
                            "name": "limit",
                            "in": "query",
                            "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
                        },
                    ],
                    "responses": {
                        "200": {
                            "headers": {"Link": {"schema": {"type": "string"}}},
                            "content": {
                                JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}},
                                "text/csv": {"schema": {"type": "string"}},
                            },
                        },
                        "404": {"$ref": "#/components/responses/NotFound"},
                    },
                }
            },
            "/things/{name}": {
                "post": {
                    "operationId": "doThing",
                    "requestBody": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Doing"}}}},
                    "responses": {"204": {"description": "done"}},
                }
            },
        },
        "components": {
            "schemas": {"Thing": thing, "Doing": doing, "State": {"enum": ["good", "bad"], "type": "string"}},
            "responses": {"NotFound": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "a key"}},
        },
    }


def listing(one: Description) -> Any:
    return one["paths"]["/things"]["get"]


def doing(one: Description) -> Any:
    return one["paths"]["/things/{name}"]["post"]


def thing(one: Description) -> Any:
    return one["components"]["schemas"]["Thing"]


def told(one: Description) -> Any:
    return one["components"]["schemas"]["Doing"]


BREAKS: dict[str, tuple[Change, str]] = {
    "a path is gone": (lambda one: one["paths"].pop("/things"), "GET /things: the operation is gone"),
    "an operation is gone": (lambda one: one["paths"]["/things"].pop("get"), "GET /things: the operation is gone"),
    "an operation has another name": (
        lambda one: listing(one).update(operationId="readThings"),
        "GET /things: `operationId` was listThings, and is readThings",
    ),
    "a key is needed": (
        lambda one: doing(one).update(security=[{"bearer": []}]),
        "POST /things/{name}: no key is not enough any more",
    ),
    "a key is not enough": (
        lambda one: listing(one).update(security=[{"oidc": []}]),
        "GET /things: bearer is not enough any more",
    ),
    "the API is elsewhere": (lambda one: one.update(servers=[{"url": "/v2"}]), "servers: / is gone"),
    "a key is sent otherwise": (
        lambda one: one["components"]["securitySchemes"]["bearer"].update(scheme="basic"),
        "security `bearer`: it was {'type': 'http', 'scheme': 'bearer'}, and is {'type': 'http', 'scheme': 'basic'}",
    ),
    "a way to send a key is gone": (
        lambda one: one["components"].pop("securitySchemes"),
        "security `bearer`: it was {'type': 'http', 'scheme': 'bearer'}, and is gone",
    ),
    "values of a parameter are sent otherwise": (
        lambda one: listing(one)["parameters"][0].update(style="pipeDelimited"),
        "GET /things, query `state`: its `style` was None, and is pipeDelimited",
    ),
    "values of a parameter are multiples": (
        lambda one: listing(one)["parameters"][1]["schema"].update(multipleOf=10),
        "GET /things, query `limit`: `multipleOf` was None, and is 10",
    ),
    "a parameter is gone": (
        lambda one: listing(one)["parameters"].pop(),
        "GET /things, query `limit`: the parameter is gone, and a request with it is refused",
    ),
    "a parameter becomes needed": (
        lambda one: listing(one)["parameters"][0].update(required=True),
        "GET /things, query `state`: the parameter is needed now",
    ),
    "a needed parameter is new": (
        lambda one: listing(one)["parameters"].append({"name": "a", "in": "query", "required": True, "schema": {}}),
        "GET /things, query `a`: a parameter is new and needed",
    ),
    "a value may not be asked for": (
        lambda one: one["components"]["schemas"]["State"].update(enum=["good"]),
        "GET /things, query `state`: bad may not be said any more",
    ),
    "a bound is tighter": (
        lambda one: listing(one)["parameters"][1]["schema"].update(maximum=500),
        "GET /things, query `limit`: `maximum` was 1000, and is 500",
    ),
    "a lower bound is higher": (
        lambda one: listing(one)["parameters"][1]["schema"].update(minimum=10),
        "GET /things, query `limit`: `minimum` was 1, and is 10",
    ),
    "what is left out means something else": (
        lambda one: listing(one)["parameters"][1]["schema"].update(default=50),
        "GET /things, query `limit`: left out it meant 100, and means 50",
    ),
    "a parameter is of another type": (
        lambda one: listing(one)["parameters"][1].update(schema={"type": "string", "default": 100}),
        "GET /things, query `limit`: it may not be integer any more",
    ),
    "a parameter has to match": (
        lambda one: told(one)["properties"]["reason"].update(pattern="^[a-z]*$"),
        "POST /things/{name}, body.reason: it has to match ^[a-z]*$",
    ),
    "a body is needed": (
        lambda one: doing(one)["requestBody"].update(required=True),
        "POST /things/{name}, body: a body is needed now",
    ),
    "a body is not taken": (
        lambda one: doing(one).pop("requestBody"),
        "POST /things/{name}, body: no body is taken any more",
    ),
    "a body is taken as something else": (
        lambda one: doing(one)["requestBody"].update(content={"text/csv": {"schema": {}}}),
        "POST /things/{name}, body: it is not taken as application/json any more",
    ),
    "a field of a body is gone": (
        lambda one: told(one)["properties"].pop("how"),
        "POST /things/{name}, body.how: the field is gone",
    ),
    "other fields of a body are refused": (
        lambda one: told(one).update(additionalProperties=False),
        "POST /things/{name}, body: fields of other names are refused now",
    ),
    "a field of a body becomes needed": (
        lambda one: told(one)["required"].append("how"),
        "POST /things/{name}, body.how: the field is needed now",
    ),
    "a needed field of a body is new": (
        lambda one: (told(one)["required"].append("b"), told(one)["properties"].update(b={"type": "string"})),
        "POST /things/{name}, body.b: a field is new and needed",
    ),
    "a field of a body may not be null": (
        lambda one: told(one)["properties"].update(until={"type": "string", "format": "date-time"}),
        "POST /things/{name}, body.until: it may not be null any more",
    ),
    "a status is gone": (
        lambda one: listing(one)["responses"].pop("404"),
        "GET /things, answer 404: the status is gone",
    ),
    "a form is gone": (
        lambda one: listing(one)["responses"]["200"]["content"].pop("text/csv"),
        "GET /things, answer 200: it is not had as text/csv any more",
    ),
    "a header is gone": (
        lambda one: listing(one)["responses"]["200"].pop("headers"),
        "GET /things, answer 200, header `Link`: the header is gone",
    ),
    "a field is gone": (
        lambda one: thing(one)["properties"].pop("value"),
        "GET /things, answer 200, application/json[].value: the field is gone",
    ),
    "a field may be missing": (
        lambda one: thing(one)["required"].remove("name"),
        "GET /things, answer 200, application/json[].name: the field may be missing now",
    ),
    "a field may be null": (
        lambda one: thing(one)["properties"].update(name={"type": ["string", "null"]}),
        "GET /things, answer 200, application/json[].name: it may now be null as well",
    ),
    "a field is of another type": (
        lambda one: thing(one)["properties"].update(value={"type": "string"}),
        "GET /things, answer 200, application/json[].value: it may now be string as well",
    ),
    "a field may be anything": (
        lambda one: thing(one)["properties"].update(value={}),
        "GET /things, answer 200, application/json[].value: it may now be anything as well",
    ),
    "a value of a field is called otherwise": (
        lambda one: thing(one)["properties"]["grade"].update(enum=["best", "second"]),
        "GET /things, answer 200, application/json[].grade: first is said no more, and there are new values",
    ),
    "a place of a list is of another type": (
        lambda one: thing(one)["properties"]["change"].update(prefixItems=[{"type": "number"}, {"type": "string"}]),
        "GET /things, answer 200, application/json[].change[1]: it may now be string as well",
    ),
    "a field has another format": (
        lambda one: thing(one)["properties"].update(at={"type": "string", "format": "date"}),
        "GET /things, answer 200, application/json[].at: its format was date-time, and is date",
    ),
    "what is in an object is of another type": (
        lambda one: thing(one)["properties"].update(
            titles={"type": "object", "additionalProperties": {"type": "integer"}}
        ),
        "GET /things, answer 200, application/json[].titles.*: it may now be integer as well",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_found(name: str) -> None:
    change, expected = BREAKS[name]
    after = description()
    change(after)
    found = breaks(description(), after)
    assert [f"{one.where}: {one.what}" for one in found] == [expected]
    assert all(one.instead and str(one).endswith(one.instead) for one in found)


FINE: dict[str, Change] = {
    "nothing": lambda one: one,
    "a path": lambda one: one["paths"].update({"/others": deepcopy(one["paths"]["/things"])}),
    "an operation": lambda one: one["paths"]["/things"].update(post=deepcopy(doing(one))),
    "a parameter": lambda one: listing(one)["parameters"].append({"name": "a", "in": "query", "schema": {}}),
    "a value": lambda one: one["components"]["schemas"]["State"]["enum"].append("ugly"),
    "a wider bound": lambda one: listing(one)["parameters"][1]["schema"].update(maximum=5000),
    "a bound that is gone": lambda one: told(one)["properties"]["reason"].pop("maxLength"),
    "a number where there was an integer": lambda one: listing(one)["parameters"][1]["schema"].update(type="number"),
    "a field of a body": lambda one: told(one)["properties"].update(b={"type": "string"}),
    "a field of a body that is not needed any more": lambda one: told(one)["required"].clear(),
    "a field": lambda one: thing(one)["properties"].update(b={"type": "string"}),
    "a field that is always there": lambda one: thing(one)["required"].append("at"),
    "a field that is never null": lambda one: thing(one)["properties"].update(value={"type": "number"}),
    "integers only": lambda one: thing(one)["properties"].update(value={"type": "integer"}),
    "a status": lambda one: listing(one)["responses"].update({"429": {"description": "too much"}}),
    "a value of a field": lambda one: thing(one)["properties"]["grade"]["enum"].append("third"),
    "a value of a field that is not said any more": lambda one: thing(one)["properties"]["grade"]["enum"].pop(),
    "words about keys": lambda one: one["components"]["securitySchemes"]["bearer"].update(description="a key or so"),
    "a form": lambda one: listing(one)["responses"]["200"]["content"].update({"text/html": {"schema": {}}}),
    "another way in": lambda one: listing(one)["security"].append({"oidc": []}),
    "no key needed": lambda one: listing(one).pop("security"),
    "a model in place": lambda one: thing(one)["properties"].update(state={"enum": ["good", "bad"], "type": "string"}),
    "deprecation": lambda one: listing(one).update(deprecated=True),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_added_breaks_nobody(name: str) -> None:
    after = description()
    FINE[name](after)
    assert breaks(description(), after) == []
