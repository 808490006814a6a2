"""A Feishu robot keeps every promise of a channel, with and without 签名校验."""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from tests.adapters.channels.receiver import Request
from tests.adapters.channels.robots import Robot, far_end
from tests.conformance.channel import ChannelConformance, FarEnd

TOKEN = "c0ffee42-1f2e-4d3c-9b8a-7a6b5c4d3e2f"
SECRET = "2kQm9vXcT1"


def verify(request: Request) -> None:
    """Check a request as Feishu's guide says, by other means than the product's."""
    assert (request.method, request.path, request.params) == ("POST", f"/open-apis/bot/v2/hook/{TOKEN}", {})
    body = orjson.loads(request.body)
    assert abs(time.time() - int(body["timestamp"])) < 3600
    expected = hmac.digest("\n".join([body["timestamp"], SECRET]).encode(), b"", hashlib.sha256)
    assert base64.b64decode(body["sign"], validate=True) == expected


def verify_unsigned(request: Request) -> None:
    assert orjson.loads(request.body).keys() == {"msg_type", "content"}


ROBOT = Robot(
    kind="feishu",
    path=f"/open-apis/bot/v2/hook/{TOKEN}",
    hidden=(TOKEN, SECRET),
    settings={"secret": SECRET},
    text=lambda body: body["content"]["text"],
    verify=verify,
    good=b'{"code":0,"msg":"success","data":{},"Extra":null,"StatusCode":0,"StatusMessage":"success"}',
    refused=b'{"code":19021,"data":{},"msg":"sign match fail or timestamp is not within one hour from current time"}',
    busy=b'{"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}',
)


class TestSigned(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        async with far_end(ROBOT) as far:
            yield far


class TestUnsignedAsItAnsweredFormerly(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        good = b'{"StatusCode":0,"StatusMessage":"success"}'
        async with far_end(replace(ROBOT, settings={}, verify=verify_unsigned, good=good)) as far:
            yield far
