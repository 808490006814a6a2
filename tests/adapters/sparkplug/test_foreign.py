"""What another's encoder writes is read here, and what we write it reads."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sample import Status
from adapters.sources.contract import Point
from adapters.sources.mqtt.columns import Message
from adapters.sources.sparkplug.decode import rebirth
from tests.adapters.sparkplug.messages import NOON, address, decoder, ns, samples
from tests.servers.sparkplug_payload import SparkplugPayload

pytestmark = pytest.mark.system

VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "Int8": ("int", st.integers(-(2**7), 2**7 - 1)),
    "Int16": ("int", st.integers(-(2**15), 2**15 - 1)),
    "Int32": ("int", st.integers(-(2**31), 2**31 - 1)),
    "Int64": ("int", st.integers(-(2**63), 2**63 - 1)),
    "UInt8": ("int", st.integers(0, 2**8 - 1)),
    "UInt16": ("int", st.integers(0, 2**16 - 1)),
    "UInt32": ("int", st.integers(0, 2**32 - 1)),
    "UInt64": ("int", st.integers(0, 2**63 - 1)),
    "Float": ("float", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "Double": ("float", st.floats(allow_nan=False, allow_infinity=False)),
    "Boolean": ("bool", st.booleans()),
    "String": ("text", st.text(st.characters(codec="utf-8"))),
    "DateTime": ("int", st.integers(0, 2**63 - 1)),
    "Text": ("text", st.text(st.characters(codec="utf-8"))),
}


@pytest.fixture(scope="module")
def foreign() -> Iterator[SparkplugPayload]:
    with SparkplugPayload() as encoder:
        yield encoder


def arrived(verb: str, device: str, body: bytes) -> Message:
    return Message(f"spBv1.0/works/{verb}/gw" + (f"/{device}" if device else ""), body, len(body), ns(NOON))


@given(st.fixed_dictionaries({name: values for name, (_, values) in VALUES.items()}))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_type_is_read_from_a_birth_and_by_alias(foreign: SparkplugPayload, values: dict[str, Any]) -> None:
    made = decoder(*(Point(name, kind, address(name)) for name, (kind, _) in VALUES.items()))  # type: ignore[arg-type]
    made.opened(0.0, ns(NOON), None)
    told = {
        name: str(value) if VALUES[name][0] == "int" and name[-2:] in {"64", "me"} else value
        for name, value in values.items()
    }
    born = [
        {"name": name, "alias": n, "type": name, "value": value, "timestamp": NOON + n}
        for n, (name, value) in enumerate(told.items())
    ]
    by_alias = [{key: value for key, value in one.items() if key != "name"} for one in born]
    messages = [
        arrived("NBIRTH", "", foreign.encode({"timestamp": NOON, "seq": 0, "metrics": []})),
        arrived("DBIRTH", "press", foreign.encode({"timestamp": NOON, "seq": 1, "metrics": born})),
        arrived("DDATA", "press", foreign.encode({"timestamp": NOON, "seq": 2, "metrics": by_alias})),
    ]
    decoded = made.decode(messages, 0.0)
    assert decoded.refusals.is_empty()
    expected = [(name, NOON + n, value, 0) for n, (name, value) in enumerate(values.items())]
    assert samples(decoded) == expected + expected


def test_null_quality_and_history(foreign: SparkplugPayload) -> None:
    made = decoder()
    made.opened(0.0, ns(NOON), None)
    metrics = [
        {"name": "a", "type": "Double", "value": None, "timestamp": NOON},
        {"name": "b", "type": "Double", "value": 1.5, "timestamp": NOON - 5, "isHistorical": True},
        {
            "name": "b",
            "type": "Double",
            "value": 2.5,
            "timestamp": NOON,
            "properties": {"Quality": {"type": "Int32", "value": 500}},
        },
    ]
    decoded = made.decode([arrived("DDATA", "press", foreign.encode({"timestamp": NOON, "metrics": metrics}))], 0.0)
    assert sorted(samples(decoded)) == [
        ("a", NOON, None, Status.BAD_NO_DATA),
        ("b", NOON - 5, 1.5, Status.GOOD),
        ("b", NOON, None, Status.BAD_NO_COMMUNICATION),
    ]


def test_what_is_no_plain_value_is_refused(foreign: SparkplugPayload) -> None:
    made = decoder()
    made.opened(0.0, ns(NOON), None)
    table = {"numOfColumns": 1, "types": ["Int32"], "columns": ["x"], "rows": [[1]]}
    template = {
        "version": "",
        "isDefinition": True,
        "metrics": [{"name": "x", "type": "Int32", "value": 1}],
        "parameters": [],
    }
    metrics = [
        {"name": "a", "type": "DataSet", "value": table, "timestamp": NOON},
        {"name": "b", "type": "Template", "value": template, "timestamp": NOON},
    ]
    decoded = made.decode([arrived("DDATA", "press", foreign.encode({"timestamp": NOON, "metrics": metrics}))], 0.0)
    assert samples(decoded) == []
    assert decoded.refusals["signal"].to_list() == ["a", "b"]
    assert ["a DataSet is" in decoded.refusals["reason"][0], "a Template is" in decoded.refusals["reason"][1]] == [
        True,
        True,
    ]


def test_a_request_for_a_rebirth_is_understood(foreign: SparkplugPayload) -> None:
    told = foreign.decode(rebirth(ns(NOON)))
    assert told["timestamp"] == str(NOON)
    [one] = told["metrics"]
    assert (one["name"], one["type"], one["value"]) == ("Node Control/Rebirth", "Boolean", True)
