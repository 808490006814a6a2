"""The schemas that editors read are those of the models, and take the sample files."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from collector.config.schema import schemas, write_schemas

REPOSITORY = Path(__file__).parents[3]
SCHEMAS = REPOSITORY / "configs" / "schema"
SAMPLES = sorted(
    path
    for path in (REPOSITORY / "configs").rglob("*.yaml")
    if path.name in {"parkline.yaml", "park.yaml"} or path.parent.name == "lines"
)


def problems(schema: str, value: Any) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(schemas()[schema]).iter_errors(value)]


def value_of(text: str) -> Any:
    """Read YAML as an editor does: days are text to a schema."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


@pytest.mark.parametrize("name", schemas())
def test_the_schemas_in_the_repository_are_current(name: str, tmp_path: Path) -> None:
    assert tmp_path / name in write_schemas(tmp_path)
    current = (tmp_path / name).read_text(encoding="utf-8")
    assert (SCHEMAS / name).read_text(encoding="utf-8") == current, (
        "run `parkline check --write-schemas configs/schema` and commit what it wrote"
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_sample_names_its_schema_and_fits_it(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    marker = "# yaml-language-server: $schema="
    assert text.startswith(marker)
    schema = (sample.parent / text.partition("\n")[0].removeprefix(marker)).resolve()
    assert schema.parent == SCHEMAS
    assert problems(schema.name, value_of(text)) == []


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("parkline.schema.json", "lins: lines/*.yaml"),
        ("parkline.schema.json", "store: {kind: lake, url: http://x}"),
        ("parkline.schema.json", "store: {kind: influx}"),
        ("parkline.schema.json", "spool: {linger: 5 mins}"),
        ("park.schema.json", "{id: p, calendars: {}, factories: [{id: f, time_zone: UTC, calendar: c, lines: []}]}"),
        ("park.schema.json", "{id: p, calendars: {c: {shifts: [{name: a, start: 6, end: 14:00}]}}, factories: []}"),
        ("line.schema.json", "{line: l}"),
        ("line.schema.json", "{line: l, factory: f, sources: [{name: s, kind: opcua, host: h}]}"),
        ("line.schema.json", "{line: l, factory: f, sources: [{name: s, kind: mqtt, host: h, password: 5}]}"),
        ("line.schema.json", "{line: l, factory: f, equipment: [{id: e, signals: tags.xlsx}]}"),
        ("line.schema.json", "{line: l, factory: f, equipment: [{id: e, signals: [{name: a, source: s}]}]}"),
        (
            "line.schema.json",
            "{line: l, factory: f, equipment: [{id: e, signals: [{name: a, source: s, type: float, nod: x}]}]}",
        ),
    ],
)
def test_an_editor_marks_what_the_loader_refuses(schema: str, text: str) -> None:
    assert problems(schema, value_of(text))


def test_every_key_explains_itself() -> None:
    silent = [f"{name}: {path}" for name, schema in schemas().items() for path in undescribed(schema, "")]
    assert silent == []


def undescribed(node: Any, path: str) -> list[str]:
    found = []
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            if isinstance(value, dict) and not value.get("description") and "$ref" not in value:
                found.append(f"{path}.{key}")
        for key, value in node.items():
            found += undescribed(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            found += undescribed(value, path)
    return found
