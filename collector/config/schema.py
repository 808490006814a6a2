"""JSON Schemas of the configuration's files, made from the models that read them, for editors.

    parkline.schema.json    parkline.yaml: the keys of the store and of channels by their kinds
    park.schema.json        park.yaml
    line.schema.json        a line file: a source's keys by its kind, a signal's own keys and its address side by side

A schema accepts what the loader accepts key by key. What one key says of another (a limit on a text signal, a calendar
that is not there) only `parkline check` knows.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from adapters.registry import CHANNELS, SOURCES, STORES, channel_kind, source_kind, store_kind
from collector.alerting import AlertSettings, ChannelHead
from collector.config.installation import STORE_KEYS
from collector.config.linefile import HEAD, LineHead, SourceHead
from collector.config.signals import OWN
from collector.park import Equipment, Park, Signal
from collector.settings import Installation, StoreSettings

Schema = dict[str, Any]

_DIALECT: Final = GenerateJsonSchema.schema_dialect
_TIME_OF_DAY: Final = {"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}


def schemas() -> dict[str, Schema]:
    """Give the schemas by file name."""
    return {f"{name}.schema.json": make() for name, make in _MAKERS.items()}


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas into `folder`; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, schema in schemas().items():
        file = folder / name
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        files.append(file)
    return files


def _installation() -> Schema:
    defs: Schema = {}
    root = _object("parkline.yaml: how parkline itself runs", Installation, defs)
    own = _only(_object("", StoreSettings, defs), STORE_KEYS)
    default = StoreSettings.model_fields["kind"].default
    stores = [
        _by_kind(own, kind, _object("", store_kind(kind).settings, defs), needed=kind != default)
        for kind in sorted(STORES)
    ]
    root["properties"]["store"] = {"anyOf": stores, "description": root["properties"]["store"].get("description", "")}
    root["required"] = [key for key in root.get("required", []) if key != "store"]
    alerts = _object("", AlertSettings, defs)
    head = _object("", ChannelHead, defs)
    channels = [
        _by_kind(head, kind, _object("", channel_kind(kind).settings, defs), needed=True) for kind in sorted(CHANNELS)
    ]
    alerts["properties"]["channels"] = {
        "description": alerts["properties"]["channels"].get("description", ""),
        "type": "array",
        "items": {"anyOf": channels},
    }
    defs["AlertSettings"] = alerts
    return _whole(root, defs)


def _park() -> Schema:
    defs: Schema = {}
    root = _object("park.yaml: the park, its calendars and its factories", Park, defs)
    defs["Factory"] = _only(defs["Factory"], set(defs["Factory"]["properties"]) - {"lines"})
    return _whole(root, defs)


def _line() -> Schema:
    defs: Schema = {}
    root = _object("A line file: a production line, its sources, its equipment and their signals", LineHead, defs)
    head = _only(_object("", SourceHead, defs), HEAD)
    sources = [
        _by_kind(head, kind, _object("", source_kind(kind).settings, defs), needed=True) for kind in sorted(SOURCES)
    ]
    signal = _only(_object("", Signal, defs), OWN)
    for kind in sorted(SOURCES):
        for key, value in _object("", source_kind(kind).address, defs)["properties"].items():
            told = f"{value.get('description', '')}\n\nFor sources of kind {kind}."
            signal["properties"].setdefault(key, {**value, "description": told})
    equipment = _only(_object("", Equipment, defs), set(Equipment.model_fields) - {"path"})
    equipment["properties"]["signals"] = {
        "description": "Its signals: a list, or the name of a CSV file beside this one with a signal in every row.",
        "anyOf": [{"type": "array", "items": signal}, {"type": "string", "pattern": r"\.[cC][sS][vV]$"}],
    }
    root["properties"]["sources"] = {
        "description": "Its links.",
        "type": "array",
        "items": {"anyOf": sources},
    }
    root["properties"]["equipment"] = {"description": "Its machines.", "type": "array", "items": equipment}
    return _whole(root, defs)


_MAKERS: Final = {"parkline": _installation, "park": _park, "line": _line}


def _object(title: str, model: type[BaseModel], defs: Schema) -> Schema:
    """Give the schema of a model; what it refers to is added to `defs`."""
    schema = model.model_json_schema()
    defs.update(schema.pop("$defs", {}))
    schema.pop("description", None)
    schema["title"] = title or schema["title"]
    return schema


def _only(schema: Schema, keys: Iterable[str]) -> Schema:
    wanted = set(keys)
    properties = {key: value for key, value in schema["properties"].items() if key in wanted}
    required = [key for key in schema.get("required", []) if key in wanted]
    return {**schema, "properties": properties, "required": required}


def _by_kind(own: Schema, kind: str, settings: Schema, *, needed: bool) -> Schema:
    """Give the schema of a mapping whose `kind` decides which keys stand beside its own."""
    told = {"const": kind, "description": own["properties"]["kind"].get("description", "")}
    required = [key for key in own["required"] if key != "kind"] + settings.get("required", [])
    return {
        "title": kind,
        "type": "object",
        "additionalProperties": False,
        "properties": {**own["properties"], "kind": told, **settings["properties"]},
        "required": (["kind"] if needed else []) + required,
    }


def _whole(root: Schema, defs: Schema) -> Schema:
    schema: Schema = _for_editors({"$schema": _DIALECT, **root, "$defs": defs})
    reached: set[str] = set()
    _reach({key: value for key, value in schema.items() if key != "$defs"}, schema["$defs"], reached)
    schema["$defs"] = {name: schema["$defs"][name] for name in sorted(reached)}
    return schema


def _reach(node: Any, defs: Mapping[str, Any], reached: set[str]) -> None:
    """Collect the names of the definitions that `node` leads to."""
    if isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in reached:
            reached.add(name)
            _reach(defs[name], defs, reached)
        for value in node.values():
            _reach(value, defs, reached)
    elif isinstance(node, list):
        for value in node:
            _reach(value, defs, reached)


def _for_editors(node: Any) -> Any:
    """Write times of day and defaults as people write them, and secrets as what may stand in a file."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {
        key: {name: _for_editors(one) for name, one in value.items()}
        if key in {"properties", "$defs"}
        else _for_editors(value)
        for key, value in node.items()
    }
    if changed.get("format") == "time":
        changed = {key: value for key, value in changed.items() if key != "format"} | _TIME_OF_DAY
    if changed.get("format") in {"password", "path", "date-time"}:
        del changed["format"]
    changed.pop("writeOnly", None)
    default = changed.get("default")
    if isinstance(default, str) and default.startswith("P") and "pattern" in changed:
        del changed["default"]  # ISO 8601, which no one writes in these files
    return changed
