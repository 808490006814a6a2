"""Payloads to columns."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf, nan
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.sample import PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES, Status, ValueType
from adapters.sources.contract import Point
from adapters.sources.mqtt.columns import Message
from adapters.sources.mqtt.decode import Decoded, Decoder
from adapters.sources.mqtt.settings import MqttAddress

LIMIT = 2**20
NOW = 1_772_352_000_000_000_000
"""2026-03-01T08:00:00Z."""


def point(signal: str, kind: ValueType = "float", topic: str = "t", **paths: str) -> Point[MqttAddress]:
    return Point(signal, kind, MqttAddress(topic=topic, **paths))


def decode(points: list[Point[MqttAddress]], *payloads: bytes, topic: str = "t") -> Decoded:
    messages = [Message(topic, payload, len(payload), NOW + n) for n, payload in enumerate(payloads)]
    return Decoder("broker", points, LIMIT).decode(messages)


def rows(decoded: Decoded, *columns: str) -> list[tuple[Any, ...]]:
    assert decoded.refusals.is_empty(), decoded.refusals["reason"].to_list()
    return decoded.samples.select(columns).rows()


def reason(decoded: Decoded) -> str:
    """Give the reason of the only refusal, where nothing else came of it."""
    assert decoded.samples.is_empty()
    assert decoded.refusals.height == 1
    text = decoded.refusals["reason"][0]
    assert isinstance(text, str)
    return text


def test_no_message_is_an_empty_batch() -> None:
    decoded = decode([point("s")])
    assert decoded.samples.schema == SAMPLES
    assert decoded.refusals.schema == REFUSALS
    assert decoded.samples.is_empty()
    assert decoded.refusals.is_empty()
    assert not decoded.strangers


def test_each_type_has_its_column() -> None:
    points = [point(kind, kind, value=kind) for kind in VALUE_TYPES]
    decoded = decode(points, b'{"float": 1.5, "int": 1152921504606846977, "bool": true, "text": "RUN"}')
    assert decoded.samples.schema == SAMPLES
    assert list(decoded.samples.schema) == list(SAMPLES)
    assert rows(decoded, "signal", *VALUE_TYPES) == [
        ("float", 1.5, None, None, None),
        ("int", None, 2**60 + 1, None, None),
        ("bool", None, None, True, None),
        ("text", None, None, None, "RUN"),
    ]


def test_time_and_status_are_found_in_the_payload() -> None:
    points = [
        point("a", value="a.v", time="t", status="a.q"),
        point("b", value="b.v", time="t"),
        point("c", value="b.v"),
    ]
    payload = b'{"t": "2026-03-01T08:00:01Z", "a": {"v": 1, "q": "uncertain"}, "b": {"v": 2}}'
    at, arrival = datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC), datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert rows(decode(points, payload), "signal", "float", "time", "status", "received") == [
        ("a", 1.0, at, Status.UNCERTAIN, arrival),
        ("b", 2.0, at, Status.GOOD, arrival),
        ("c", 2.0, arrival, Status.GOOD, arrival),
    ]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b'{"v": null}', Status.BAD_NO_DATA),
        (b'{"v": null, "q": 0}', Status.BAD_NO_DATA),
        (b'{"v": null, "q": "uncertain"}', Status.BAD_NO_DATA),
        (b'{"v": null, "q": 2150694912}', Status.BAD_NO_COMMUNICATION),
        (b'{"v": 12.5, "q": "bad"}', Status.BAD),
        (b'{"v": "n/a", "q": false}', Status.BAD),
        (b'{"q": "bad"}', Status.BAD),
    ],
)
def test_where_there_is_no_value_the_status_says_so(payload: bytes, status: Status) -> None:
    points = [point("s", value="v", status="q" if b"q" in payload else "")]
    assert rows(decode(points, payload), *VALUE_TYPES, "status") == [(None, None, None, None, status)]


def test_a_plain_payload_and_a_document_may_share_a_topic() -> None:
    decoded = decode([point("whole", "text"), point("inside", value="v")], b'{"v": 1}', b"plain")
    assert decoded.samples.select("signal", "float", "text").rows() == [("inside", 1.0, None), ("whole", None, "plain")]
    assert decoded.refusals["signal"].to_list() == ["whole", "inside"]


def test_a_topic_that_no_point_has_is_refused_and_told() -> None:
    decoded = decode([point("s")], b"1", topic="other")
    assert decoded.strangers == {"other"}
    assert "no signal of broker has the topic 'other'" in reason(decoded)


def test_one_bad_message_of_several_signals_is_one_refusal() -> None:
    decoded = decode([point("a", value="a"), point("b", value="b")], b"{")
    assert "no JSON" in reason(decoded)
    assert decoded.refusals.row(0, named=True) == {
        "source": "broker",
        "address": "t",
        "signal": None,
        "payload": b"{",
        "reason": reason(decoded),
        "received": datetime(2026, 3, 1, 8, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "the payload is no JSON"),
        (b"12,5", "the payload is no JSON"),
        (b'{"v": 1,}', "the payload is no JSON"),
        (b'\xef\xbb\xbf{"v": 1}', "BOM"),
        (b'{"v": "\xff"}', "no UTF-8 (byte 7)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"w": 1}', "path 'v': nothing is there, the payload is an object with the keys w"),
        (b"{}", "path 'v': nothing is there, the payload is an object without keys"),
        (b"12.5", "path 'v': nothing is there, the payload is the number 12.5"),
        (b'{"v": [1]}', "path 'v': expected a number, found an array of length 1"),
        (b'{"v": "12.5"}', "path 'v': expected a number, found the text '12.5'"),
        (b'{"v": NaN}', "path 'v': NaN or Infinity is no value"),
        (b'{"v": -Infinity}', "path 'v': NaN or Infinity is no value"),
        (b'{"v": 1e400}', "path 'v': NaN or Infinity is no value"),
        (b'{"v": 9223372036854775808}', "lies beyond the integers of 64 bits"),
        (b'{"v": -9223372036854775809}', "lies beyond the integers of 64 bits"),
        (b'{"v": 18446744073709551616}', "lies beyond the integers of 64 bits"),
        (b'{"v": %s}' % (b"9" * 5000), "lies beyond the integers of 64 bits"),
    ],
)
@pytest.mark.parametrize("kind", ["float", "int"])
def test_what_does_not_fit_is_told_by_topic_path_and_finding(payload: bytes, words: str, kind: ValueType) -> None:
    text = reason(decode([point("s", kind, value="v")], payload))
    assert text.startswith("topic 't'")
    assert words.replace("a number", "an integer" if kind == "int" else "a number") in text


def test_a_huge_float_is_a_float() -> None:
    assert rows(decode([point("s", value="v")], b'{"v": 1e19}', b'{"v": -1.5e300}'), "float") == [(1e19,), (-1.5e300,)]


def test_a_path_that_leads_nowhere_is_told_from_where_it_ends() -> None:
    text = reason(decode([point("s", value="axes[2].load")], b'{"axes": [1, 2]}'))
    assert "path 'axes[2].load': nothing is there, 'axes' is an array of length 2" in text


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b'{"v": 1}', "path 't': nothing is there"),
        (b'{"v": 1, "t": null}', "path 't': expected a time stamp"),
        (b'{"v": 1, "t": "2026-03-01T08:00:00"}', "path 't': '2026-03-01T08:00:00' does not say its time zone"),
    ],
)
def test_a_time_stamp_that_is_asked_for_is_never_guessed(payload: bytes, words: str) -> None:
    assert words in reason(decode([point("s", value="v", time="t")], payload))


def test_one_bad_value_of_a_message_spoils_no_other() -> None:
    points = [
        point("nan", value="nan"),
        point("good", value="good"),
        point("late", value="good", time="when"),
        point("huge", "int", value="huge"),
        point("half", "text", value="half"),
        point("text", "text", value="text"),
    ]
    payload = b'{"nan": NaN, "good": 2, "when": "never", "huge": 1e99, "half": "\\ud800", "text": "\xe5\x86\xb7"}'
    decoded = decode(points, payload)
    assert decoded.samples.select("signal", "float", "text").rows() == [("good", 2.0, None), ("text", None, "冷")]
    assert decoded.refusals["signal"].to_list() == ["nan", "late", "huge", "half"]


def test_bad_messages_leave_their_neighbours_alone() -> None:
    decoded = decode([point("s", value="v")], b'{"v": 1}', b"{", b'{"v": "x"}', b'{"v": 2}')
    assert decoded.samples["float"].to_list() == [1.0, 2.0]
    assert decoded.refusals.height == 2


def test_of_a_payload_that_is_too_long_the_beginning_is_kept() -> None:
    decoder = Decoder("broker", [point("s")], 2**10)
    payload = b"1" * (PAYLOAD_KEPT + 1)
    decoded = decoder.decode([Message("t", payload, 10_000_000, NOW), Message("t", b"1" * 2**10, 2**10, NOW)])
    assert decoded.refusals["payload"][0] == payload[:PAYLOAD_KEPT]
    assert "the payload has 10,000,000 bytes" in decoded.refusals["reason"][0]
    assert "expected a number" in decoded.refusals["reason"][1]


def test_topics_are_named_once_and_signals_by_topic() -> None:
    decoder = Decoder("broker", [point("a"), point("b", value="v"), point("c", topic="u")], LIMIT)
    assert sorted(decoder.topics) == ["t", "u"]
    assert set(decoder.signals({"t"})) == {"a", "b"}


POINTS = [
    *(point(kind, kind, value="v") for kind in VALUE_TYPES),
    *(point(f"whole {kind}", kind) for kind in VALUE_TYPES),
    point("stamped", value="v", time="t", status="q"),
    point("inside", value="a.b[1].c"),
]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "t", "q", "a", "b", "c"]), inner),
    max_leaves=6,
)


def dumped(document: Any) -> bytes:
    """Write JSON as Python does: NaN, Infinity, lone surrogates and integers of any size included."""
    return json.dumps(document).encode()


@given(st.lists(st.binary(max_size=60) | JSON.map(dumped) | st.fixed_dictionaries({"v": JSON, "t": JSON}).map(dumped)))
@example([b'{"v": "\\ud800", "\\ud800": 1}', b'{"\\ud800": 1}', b'"\\ud800"'])
@example([dumped({"v": nan}), dumped({"v": inf}), dumped({"v": 2**64}), dumped({"v": 2**63})])
def test_no_payload_raises_and_good_neighbours_survive(payloads: list[bytes]) -> None:
    good = b'{"v": 7, "t": 1772352000, "q": 0, "a": {"b": [0, {"c": 1}]}}'
    decoded = decode(POINTS, good, *(p for payload in payloads for p in (payload, good)))
    assert decoded.samples.schema == SAMPLES
    assert decoded.refusals.schema == REFUSALS
    survived = decoded.samples.filter(pl.col("signal") == "stamped", pl.col("received").dt.nanosecond() % 2 == 0)
    assert survived["float"].to_list() == [7.0] * (len(payloads) + 1)
    valued = decoded.samples.select(pl.sum_horizontal(pl.col(VALUE_TYPES).is_not_null()))
    bad = decoded.samples["status"] >= Status.BAD
    assert (valued.to_series() == (~bad).cast(pl.UInt32)).all()
    assert decoded.samples["float"].is_finite().all()


@given(JSON.filter(lambda document: document is not None))
def test_a_message_is_either_taken_or_refused_by_every_point_that_it_holds(document: Any) -> None:
    inside = [one for one in POINTS if one.address.value]
    held = [one for one in inside if one.address.value == "v"]
    decoded = decode(inside, dumped({"v": document, "t": 0, "q": 0}))
    assert decoded.samples.height + decoded.refusals.height == len(held)


def test_a_message_may_hold_some_of_its_points() -> None:
    points = [point(name, value=f"values.{name}", status="q") for name in ("a", "b", "c")]
    decoded = decode(points, b'{"values": {"a": 1}}', b'{"values": {"c": 3, "b": null}, "q": 0}')
    assert decoded.refusals.select("signal", "reason").rows() == [
        ("a", "topic 't', path 'q': nothing is there, the payload is an object with the keys values")
    ]
    assert decoded.samples.select("signal", "float", "status").rows() == [
        ("b", None, Status.BAD_NO_DATA),
        ("c", 3.0, Status.GOOD),
    ]


def test_a_message_that_holds_none_of_its_points_is_refused_for_each() -> None:
    points = [point(name, value=f"values.{name}") for name in ("a", "b")]
    decoded = decode(points, b'{"value": {"a": 1}}')
    assert decoded.samples.is_empty()
    assert decoded.refusals["signal"].to_list() == ["a", "b"]


def test_a_bad_message_without_values_is_bad_for_each() -> None:
    points = [point(name, value=f"values.{name}", status="q") for name in ("a", "b")]
    decoded = decode(points, b'{"q": "bad"}')
    assert decoded.samples.select("signal", "status").rows() == [("a", Status.BAD), ("b", Status.BAD)]


@given(st.lists(st.fixed_dictionaries({"v": st.integers(-(2**63), 2**63 - 1), "t": st.integers(10**17, 2**62)})))
def test_what_one_encoder_writes_this_reads_exactly(documents: list[dict[str, int]]) -> None:
    decoded = decode([point("s", "int", value="v", time="t")], *map(orjson.dumps, documents))
    assert decoded.samples.select("int", pl.col("time").cast(pl.Int64)).rows() == [(d["v"], d["t"]) for d in documents]


Encoder = Callable[[Any], bytes]


@pytest.mark.parametrize("encode", [orjson.dumps, dumped])
@given(text=st.text())
def test_text_arrives_as_it_was_sent(encode: Encoder, text: str) -> None:
    assert rows(decode([point("s", "text", value="v")], encode({"v": text})), "text") == [(text,)]
