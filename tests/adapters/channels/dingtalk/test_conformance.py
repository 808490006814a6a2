"""A DingTalk robot keeps every promise of a channel, with and without 加签."""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.adapters.channels.receiver import Request
from tests.adapters.channels.robots import Robot, far_end
from tests.conformance.channel import ChannelConformance, FarEnd

TOKEN = "566cc69da782ec33d12f1df"
SECRET = "SECb3f9a2d17c"


def verify(request: Request) -> None:
    """Check a request as DingTalk's documentation says, by other means than the product's."""
    assert (request.method, request.path) == ("POST", "/robot/send")
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.params["access_token"] == TOKEN
    timestamp = request.params["timestamp"]
    assert abs(time.time() * 1000 - int(timestamp)) < 3_600_000
    expected = hmac.digest(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256)
    assert base64.b64decode(request.params["sign"], validate=True) == expected


def verify_unsigned(request: Request) -> None:
    assert request.params == {"access_token": TOKEN}


ROBOT = Robot(
    kind="dingtalk",
    path=f"/robot/send?access_token={TOKEN}",
    hidden=(TOKEN, SECRET),
    settings={"secret": SECRET},
    text=lambda body: body["text"]["content"],
    verify=verify,
    refused=b'{"errcode":310000,"errmsg":"sign not match, %s"}' % TOKEN.encode(),
    busy=b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}',
)


class TestSigned(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        async with far_end(ROBOT) as far:
            yield far


class TestUnsigned(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        robot = replace(
            ROBOT,
            settings={},
            verify=verify_unsigned,
            busy=b'{"errcode":-1,"errmsg":"\xe7\xb3\xbb\xe7\xbb\x9f\xe7\xb9\x81\xe5\xbf\x99"}',
        )
        async with far_end(robot) as far:
            yield far
