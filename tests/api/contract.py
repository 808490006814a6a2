"""What breaks clients: what a description of the API does not keep of the one before it.

    A request that was good stays good           no address, parameter, field, value or type goes; none becomes needed
    An answer that could be read stays readable  no status, media type or field goes; no field may newly be left out,
                                                 be null, or be of another type; no value is called otherwise
    Who could ask still can                      where the API is, and the ways to say who asks, stay

What is added breaks nobody: clients leave alone what they do not know, new values of an answer's enum included.
`docs/openapi.json` is the description as the code gives it, `docs/openapi-released.json` that of the last release.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from fastapi import FastAPI

from api.app import create_app
from api.parts import Parts
from collector.settings import ApiSettings
from tests.api.plant import NOW, PARK

Node: TypeAlias = Mapping[str, Any]
"""A piece of a description."""

DOCS: Final = Path(__file__).parents[2] / "docs"

DESCRIPTION: Final = DOCS / "openapi.json"
"""The description, as `make contract` writes it."""

RELEASED: Final = DOCS / "openapi-released.json"
"""The description of the last release."""

_METHODS: Final = ("get", "put", "post", "delete", "patch")

_KEEP: Final = "keep it, with `deprecated=True`, and add what is better beside it"
_OPTIONAL: Final = "give it a default that does what was done without it"
_SENT: Final = "go on sending the old name, or say in the allowed breaks why nobody waits for it"
_WIDE: Final = "go on taking what was taken; say in the description what is better"
_SAME: Final = "leave it as it was, and give the other in a field of its own"


@dataclass(frozen=True, slots=True)
class Break:
    """One promise that is not kept."""

    where: str
    """The operation, and the place in it."""

    what: str
    """What is otherwise than it was."""

    instead: str
    """What to do instead."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.instead}"


def bare_app() -> FastAPI:
    """Give an application that can describe itself and do nothing else."""

    def nothing() -> Any:
        msg = "a description is made without the records and the store"
        raise AssertionError(msg)

    parts = Parts(
        park=PARK, settings=ApiSettings(), records=nothing, store=nothing, now=lambda: NOW, replay=lambda *_: nothing()
    )
    return create_app(parts)


def describe_app() -> dict[str, Any]:
    """Give the description that the code makes of itself, whatever the installation."""
    return bare_app().openapi()


def text_of(description: Node) -> str:
    """Give a description as its file has it: in the order of the routes, which no run changes."""
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"


def breaks(before: Node, after: Node) -> list[Break]:
    """Give what `after` does not keep of `before`, two descriptions (OpenAPI 3.1)."""
    comparison = _Comparison(before, after)
    return [*comparison.ways_in(), *comparison.operations()]


class _Comparison:
    """Compares two descriptions."""

    def __init__(self, before: Node, after: Node) -> None:
        self._before = before
        self._after = after
        self._under_way: set[tuple[str, str, bool]] = set()

    def ways_in(self) -> Iterator[Break]:
        was, now = (one.get("servers", [{"url": "/"}]) for one in (self._before, self._after))
        for server in was:
            if server not in now:
                yield Break("servers", f"{server['url']} is gone", _KEEP)
        ways, there = (one["components"].get("securitySchemes", {}) for one in (self._before, self._after))
        for name, way in ways.items():
            told, tells = (
                {key: value for key, value in one.items() if key != "description"} for one in (way, there.get(name, {}))
            )
            if told != tells:
                yield Break(f"security `{name}`", f"it was {told}, and is {tells or 'gone'}", _KEEP)

    def operations(self) -> Iterator[Break]:
        for path, methods in self._before["paths"].items():
            for method in _METHODS:
                if method not in methods:
                    continue
                where = f"{method.upper()} {path}"
                there = self._after["paths"].get(path, {}).get(method)
                if there is None:
                    yield Break(where, "the operation is gone", _KEEP)
                else:
                    yield from self._operation(where, methods[method], there)

    def _operation(self, where: str, old: Node, new: Node) -> Iterator[Break]:
        if old.get("operationId") != new.get("operationId"):
            what = f"`operationId` was {old.get('operationId')}, and is {new.get('operationId')}"
            yield Break(where, what, "generated clients call it by that name: keep it (`operation_id=` of the route)")
        yield from self._security(where, old.get("security", ()), new.get("security", ()))
        yield from self._parameters(where, old, new)
        yield from self._body(f"{where}, body", old.get("requestBody"), new.get("requestBody"))
        yield from self._answers(where, old["responses"], new["responses"])

    def _security(self, where: str, old: Any, new: Any) -> Iterator[Break]:
        for way in old or [{}] * bool(new):
            if new and way not in new:
                name = " and ".join(way) or "no key"
                yield Break(where, f"{name} is not enough any more", "go on taking what was taken")

    def _parameters(self, where: str, old: Node, new: Node) -> Iterator[Break]:
        before, after = ({(one["in"], one["name"]): one for one in side.get("parameters", ())} for side in (old, new))
        for (place, name), parameter in before.items():
            at = f"{where}, {place} `{name}`"
            if (place, name) not in after:
                yield Break(at, "the parameter is gone, and a request with it is refused", _KEEP)
                continue
            now = after[place, name]
            if now.get("required") and not parameter.get("required"):
                yield Break(at, "the parameter is needed now", _OPTIONAL)
            for how in ("style", "explode"):
                if now.get(how) != parameter.get(how):
                    yield Break(at, f"its `{how}` was {parameter.get(how)}, and is {now.get(how)}", _WIDE)
            yield from self._schema(at, parameter.get("schema", {}), now.get("schema", {}), asked=True)
        for place, name in after.keys() - before.keys():
            if after[place, name].get("required"):
                yield Break(f"{where}, {place} `{name}`", "a parameter is new and needed", _OPTIONAL)

    def _body(self, at: str, old: Node | None, new: Node | None) -> Iterator[Break]:
        if new is None:
            if old is not None:
                yield Break(at, "no body is taken any more", _WIDE)
            return
        if new.get("required") and not (old or {}).get("required"):
            yield Break(at, "a body is needed now", _OPTIONAL)
        for media, content in (old or {}).get("content", {}).items():
            if media in new["content"]:
                yield from self._schema(at, content["schema"], new["content"][media]["schema"], asked=True)
            else:
                yield Break(at, f"it is not taken as {media} any more", _WIDE)

    def _answers(self, where: str, old: Node, new: Node) -> Iterator[Break]:
        for status, one in old.items():
            at = f"{where}, answer {status}"
            if status not in new:
                yield Break(
                    at, "the status is gone", "go on answering it, or say in the allowed breaks why it cannot be"
                )
                continue
            answer, now = _target(self._before, one), _target(self._after, new[status])
            for name in answer.get("headers", {}).keys() - now.get("headers", {}).keys():
                yield Break(f"{at}, header `{name}`", "the header is gone", _KEEP)
            content = now.get("content", {})
            for media, told in answer.get("content", {}).items():
                if media not in content:
                    yield Break(at, f"it is not had as {media} any more", _KEEP)
                elif "schema" in told:
                    yield from self._schema(
                        f"{at}, {media}", told["schema"], content[media].get("schema", {}), asked=False
                    )

    def _schema(self, at: str, old: Node, new: Node, *, asked: bool) -> Iterator[Break]:
        """Compare what may be said: by the caller where `asked`, else by the API."""
        names = (str(old.get("$ref")), str(new.get("$ref")), asked)
        if "$ref" in old and "$ref" in new:
            if names in self._under_way:
                return  # a tree: it is compared where it was met first
            self._under_way.add(names)
        try:
            yield from self._alternatives(at, _forms(self._before, old), _forms(self._after, new), asked=asked)
            if asked and "default" in old and old["default"] != new.get("default"):
                yield Break(at, f"left out it meant {old['default']!r}, and means {new.get('default')!r}", _OPTIONAL)
        finally:
            self._under_way.discard(names)

    def _alternatives(
        self, at: str, old: Mapping[str, list[Node]], new: Mapping[str, list[Node]], *, asked: bool
    ) -> Iterator[Break]:
        narrow, wide = (new, old) if asked else (old, new)
        if "any" not in narrow:
            for kind in wide:
                if kind not in narrow and not (kind == "integer" and "number" in narrow):
                    what = f"it may {'not be' if asked else 'now be'} {'anything' if kind == 'any' else kind}"
                    yield Break(at, f"{what} {'any more' if asked else 'as well'}", _WIDE if asked else _SAME)
        for kind in old.keys() & new.keys():
            for one in old[kind]:
                yield from self._form(at, kind, one, _like(one, new[kind]), asked=asked)

    def _form(self, at: str, kind: str, old: Node, new: Node, *, asked: bool) -> Iterator[Break]:
        if kind == "object":
            yield from self._fields(at, old, new, asked=asked)
        elif kind == "array":
            yield from self._schema(f"{at}[]", old.get("items", {}), new.get("items", {}), asked=asked)
            places = zip(old.get("prefixItems", ()), new.get("prefixItems", ()), strict=False)
            for number, (one, other) in enumerate(places):
                yield from self._schema(f"{at}[{number}]", one, other, asked=asked)
        elif old.get("format") != new.get("format"):
            yield Break(at, f"its format was {old.get('format')}, and is {new.get('format')}", _SAME)
        if asked:
            yield from _narrowed(at, old, new)
        else:
            yield from _renamed(at, old, new)

    def _fields(self, at: str, old: Node, new: Node, *, asked: bool) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, was_needed = set(new.get("required", ())), set(old.get("required", ()))
        for name, field in before.items():
            place = f"{at}.{name}"
            if name not in after:
                yield Break(place, "the field is gone", _KEEP)
                continue
            if asked and name in needed - was_needed:
                yield Break(place, "the field is needed now", _OPTIONAL)
            if not asked and name in was_needed - needed:
                yield Break(place, "the field may be missing now", "go on giving it, null where there is nothing")
            yield from self._schema(place, field, after[name], asked=asked)
        if asked:
            for name in needed - before.keys():
                yield Break(f"{at}.{name}", "a field is new and needed", _OPTIONAL)
        rest, now = (_rest(side) for side in (old, new))
        if asked and rest is not None and now is None:
            yield Break(at, "fields of other names are refused now", _WIDE)
        if rest is not None and now is not None:
            yield from self._schema(f"{at}.*", rest, now, asked=asked)


def _rest(schema: Node) -> Node | None:
    """Give what fields of other names may be; None: there may be none."""
    rest = schema.get("additionalProperties", True)
    return None if rest is False else {} if rest is True else rest


def _forms(description: Node, schema: Node) -> dict[str, list[Node]]:
    """Give the alternatives of a schema by their type: `any` where it names none."""
    forms: dict[str, list[Node]] = {}
    for one in _flat(description, schema):
        types = one.get("type") or _types_of(one)
        for kind in [types] if isinstance(types, str) else types:
            forms.setdefault(kind, []).append(one)
    return forms


def _target(description: Node, node: Any) -> Any:
    """Give what a node refers to; itself, where it refers to nothing."""
    if "$ref" in node:
        names = node["$ref"].removeprefix("#/").split("/")
        node = description
        for name in names:
            node = node[name]
    return node


def _flat(description: Node, schema: Node) -> Iterator[Node]:
    if "$ref" in schema:
        yield from _flat(description, _target(description, schema))
    elif "anyOf" in schema or "oneOf" in schema:
        for one in schema.get("anyOf") or schema["oneOf"]:
            yield from _flat(description, one)
    elif len(schema.get("allOf", ())) == 1:
        yield from _flat(description, schema["allOf"][0])
    else:
        yield schema


def _types_of(schema: Node) -> list[str]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return sorted({names[type(value)] for value in values}) or ["object" if "properties" in schema else "any"]


def _like(one: Node, forms: list[Node]) -> Node:
    """Give the form that takes the place of `one`: the same, or of the same title, or else the first."""
    return one if one in forms else next((form for form in forms if form.get("title") == one.get("title")), forms[0])


def _values(schema: Node) -> list[Any] | None:
    """Give the values that a schema lists; None: it lists none."""
    listed: list[Any] | None = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return listed


def _renamed(at: str, old: Node, new: Node) -> Iterator[Break]:
    """Give the values of an answer in whose place there are others; one that is only added breaks nobody."""
    told, tells = _values(old), _values(new)
    if told is not None and tells is not None and not set(tells) <= set(told):
        gone = [str(value) for value in told if value not in tells]
        if gone:
            yield Break(at, f"{', '.join(gone)} is said no more, and there are new values", _SENT)


def _narrowed(at: str, old: Node, new: Node) -> Iterator[Break]:
    """Give what a caller may not say any more within one type."""
    taken, said = _values(new), _values(old)
    if taken is not None:
        gone = ["others than those listed"] if said is None else [str(value) for value in said if value not in taken]
        if gone:
            yield Break(at, f"{', '.join(gone)} may not be said any more", _WIDE)
    for name in ("multipleOf", "uniqueItems"):
        if new.get(name) and new[name] != old.get(name):
            yield Break(at, f"`{name}` was {old.get(name)}, and is {new[name]}", _WIDE)
    if new.get("pattern") not in {None, old.get("pattern")}:
        yield Break(at, f"it has to match {new['pattern']}", _WIDE)
    for name, sign in _BOUNDS.items():
        bound, was = new.get(name), old.get(name)
        if bound is not None and (was is None or (bound - was) * sign > 0):
            yield Break(at, f"`{name}` was {was}, and is {bound}", _WIDE)


_BOUNDS: Final = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "minProperties": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
    "maxProperties": -1,
}
"""Bounds of what a caller says, and the direction in which they take less."""
