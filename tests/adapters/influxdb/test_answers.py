"""What answers to a write mean."""

from datetime import UTC, datetime

import httpx
import pytest

from adapters.stores.influxdb.answers import LONGEST_RETRY, REASON_KEPT, Answer, Verdict

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
CONFLICT = (
    b'{"error":"partial write: field type conflict: input field \\"float\\" on measurement \\"sample\\" is type string,'
    b' already exists as type float dropped=2"}\n'
)
CONFLICT_2 = (
    b'{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict:'
    b' input field \\"float\\" on measurement \\"sample\\" is type string, already exists as type float dropped=1"}'
)
SERIES_LIMIT = b'{"error":"partial write: max-series-per-database limit exceeded: (1000000) dropped=3"}'
TABLES_LIMIT = (
    b'{"error":"partial write of line protocol occurred","data":[{"original_line":"kpi","line_number":1,'
    b'"error_message":"Update to schema would exceed number of tables per database limit of 2000"}]}'
)
VALUES_LIMIT = b'{"error":"partial write: max-values-per-tag limit exceeded (100000/100000): tag=\\"x\\" dropped=1"}'


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), body)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (204, b"", Verdict.STORED),
        (201, b"", Verdict.STORED),
        (200, b"<html>Please log in</html>", Verdict.FORBIDDEN),
        (400, b'{"error":"unable to parse \'x\': missing fields"}', Verdict.BAD_LINES),
        (400, CONFLICT, Verdict.BAD_LINES),
        (422, CONFLICT_2, Verdict.BAD_LINES),
        (400, b'{"error":"partial write: points beyond retention policy dropped=5"}', Verdict.BAD_LINES),
        (400, b'{"error":"partial write of line protocol occurred","data":[]}', Verdict.BAD_LINES),
        (500, b'{"code":"internal error","message":"partial write of line protocol occurred"}', Verdict.BAD_LINES),
        (400, b'{"code":"invalid","line":1,"message":"failed to parse line protocol: errors"}', Verdict.BAD_LINES),
        (422, TABLES_LIMIT, Verdict.FORBIDDEN),
        (400, SERIES_LIMIT, Verdict.FORBIDDEN),
        (400, VALUES_LIMIT, Verdict.FORBIDDEN),
        (400, b"<html>The plain HTTP request was sent to HTTPS port</html>", Verdict.FORBIDDEN),
        (400, b"7", Verdict.FORBIDDEN),
        (401, b'{"error":"authorization failed"}', Verdict.FORBIDDEN),
        (403, b"", Verdict.FORBIDDEN),
        (404, b'{"error":"database not found: \\"park\\""}', Verdict.FORBIDDEN),
        (405, b"", Verdict.FORBIDDEN),
        (307, b"", Verdict.FORBIDDEN),
        (413, b"", Verdict.TOO_LARGE),
        (408, b"", Verdict.LATER),
        (429, b"", Verdict.LATER),
        (500, b'{"error":"timeout"}', Verdict.LATER),
        (500, b'{"error":"retention policy not found: long"}', Verdict.FORBIDDEN),
        (502, b"<html>Bad Gateway</html>", Verdict.LATER),
        (503, b"", Verdict.LATER),
    ],
)
def test_verdict(status: int, body: bytes, verdict: Verdict) -> None:
    assert answer(status, body).verdict is verdict


@pytest.mark.parametrize(
    ("body", "dropped"), [(CONFLICT, 2), (CONFLICT_2, 1), (b'{"error":"unable"}', None), (b"", None)]
)
def test_dropped(body: bytes, dropped: int | None) -> None:
    assert answer(400, body).dropped == dropped


NAMED = b'{"error":"partial write of line protocol occurred","data":[%s]}'
LINE = b'{"original_line":"x","line_number":%d,"error_message":"no\\n fields"}'
CLUSTERED = (
    b'{"code":"invalid","line":2,"message":"failed to parse line protocol: errors encountered on line(s):\\n'
    b'error parsing line 2 (1-based): no fields\\nerror parsing line 4 (1-based): no time"}'
)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (NAMED % LINE % 2, {1: "HTTP 400: no fields"}),
        (NAMED % b",".join((LINE % 1, LINE % 4)), {0: "HTTP 400: no fields", 3: "HTTP 400: no fields"}),
        (NAMED % LINE % 5, {}),
        (NAMED % LINE % 0, {}),
        (NAMED % b"7", {}),
        (NAMED % b'{"line_number":"2"}', {}),
        (b'{"error":"parsing failed for write_lp endpoint","data":{"line_number":2,"error_message":"no"}}', {}),
        (CLUSTERED, {1: "HTTP 400: no fields", 3: "HTTP 400: no time"}),
        (CONFLICT, {}),
        (b"", {}),
        (b"[]", {}),
    ],
)
def test_lines_that_are_named(body: bytes, named: dict[int, str]) -> None:
    assert answer(400, body).bad_lines(4) == named


@pytest.mark.parametrize("body", [b"incoming write was empty", b'{"message":"writing requires points"}'])
def test_what_an_empty_write_is_told(body: bytes) -> None:
    assert answer(400, body).found_nothing
    assert not answer(400, b"<html>").found_nothing
    assert not answer(404, b'{"message":"bucket not found"}').found_nothing


@pytest.mark.parametrize(
    ("body", "sure"),
    [(CONFLICT, True), (b'{"error":"unable to parse \'x\'"}', True), (b'{"message":"no"}', False), (b"", False)],
)
def test_complaints_that_are_about_lines_for_sure(body: bytes, sure: bool) -> None:  # noqa: FBT001 - a table
    assert answer(400, body).names_a_line_fault is sure


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error":"unable to\\n parse"}', "HTTP 400: unable to parse"),
        (401, b'{"code":"unauthorized","message":"unauthorized access"}', "HTTP 401: unauthorized access"),
        (502, b"<html><title>502</title></html>", "HTTP 502"),
        (500, b"out of cheese", "HTTP 500: out of cheese"),
        (503, b"", "HTTP 503"),
        (400, b'{"error":7}', 'HTTP 400: {"error":7}'),
    ],
)
def test_reason(status: int, body: bytes, reason: str) -> None:
    assert answer(status, body).reason == reason


def test_a_long_reason_is_cut() -> None:
    assert len(answer(400, b'{"error":"' + b"x" * 10_000 + b'"}').reason) < REASON_KEPT + 20


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("3", 3.0),
        ("Fri, 17 May 2024 12:01:00 GMT", 60.0),
        ("Fri, 17 May 2024 11:00:00 GMT", 0.0),
        ("86400", LONGEST_RETRY),
        ("Sat, 18 May 2024 12:00:00 GMT", LONGEST_RETRY),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after(asked: str, seconds: float | None) -> None:
    assert answer(429, retry_after=asked).retry_after(NOW) == seconds
    assert answer(429).retry_after(NOW) is None
