"""Messages: what they say, and that they are signed as the specification has it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest

from api.messages import Message, body_of, event_message, gap_message, signed

AT = datetime(2026, 11, 24, 8, 12, 5, 251000, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        ("alerts", {"kind": "acknowledged"}, "alert.acknowledged"),
        ("states", {"state": "idle"}, "state.changed"),
        ("kpis", {"version": 1}, "kpi.computed"),
        ("kpis", {"version": 2}, "kpi.restated"),
    ],
)
def test_an_event_is_told_with_its_id_and_path(topic: str, body: dict[str, object], kind: str) -> None:
    message = event_message(4712, AT, topic, "gears/hobbing/hob-01", body)
    assert message.id == "4712"
    assert orjson.loads(body_of(message, message.id)) == {
        "type": kind,
        "timestamp": "2026-11-24T08:12:05.251000Z",
        "data": body,
        "id": "4712",
        "topic": topic,
        "path": "gears/hobbing/hob-01",
    }


def test_a_gap_says_what_is_missing_and_has_one_id_however_far_it_grows() -> None:
    first, later = gap_message(3, 8, AT, ["/a"]), gap_message(3, 20, AT, ["/a"])
    assert first.id == later.id == "gap-3"
    assert orjson.loads(body_of(later, later.id))["data"] == {"read": ["/a"]}
    assert (first.number, later.number) == (8, 20)


def test_instants_are_in_utc() -> None:
    at = AT.astimezone(timezone(timedelta(hours=8)))
    assert (
        orjson.loads(body_of(Message("1", "parkline.test", at, {}), "1"))["timestamp"] == "2026-11-24T08:12:05.251000Z"
    )


def test_it_is_signed_as_the_specification_has_it() -> None:
    headers, body = signed(Message("1", "parkline.test", AT, {}), "msg_1", [SECRET, SECRET], AT)
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = hmac.digest(key, f"msg_1.{int(AT.timestamp())}.".encode() + body, hashlib.sha256)
    assert headers["webhook-signature"] == " ".join([f"v1,{base64.b64encode(signature).decode()}"] * 2)
