"""A WeCom robot keeps every promise of a channel."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.channels.receiver import Request
from tests.adapters.channels.robots import Robot, far_end
from tests.conformance.channel import ChannelConformance, FarEnd

KEY = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"


def verify(request: Request) -> None:
    assert (request.method, request.path, request.params) == ("POST", "/cgi-bin/webhook/send", {"key": KEY})


ROBOT = Robot(
    kind="wecom",
    path=f"/cgi-bin/webhook/send?key={KEY}",
    hidden=(KEY,),
    settings={},
    text=lambda body: body["text"]["content"],
    verify=verify,
    refused=b'{"errcode":93000,"errmsg":"invalid webhook url, hint: [1714538355], from ip: 10.0.0.9"}',
    busy=b'{"errcode":45009,"errmsg":"api freq out of limit"}',
)


class TestWeCom(ChannelConformance):
    @pytest.fixture
    async def far(self) -> AsyncIterator[FarEnd]:
        async with far_end(ROBOT) as far:
            yield far
