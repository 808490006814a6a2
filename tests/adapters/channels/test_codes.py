"""A robot's HTTP 200 that carries an error code is a failure, and which sort it is."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
import pytest

from adapters.channels.contract import Channel, ChannelRefusedError, ChannelUnreachableError, Sent
from adapters.registry import channel_kind
from tests.adapters.channels.receiver import HttpReceiver, Reply, Request
from tests.conformance.channel import NOTICE, failure, send

LATER = ChannelUnreachableError
NO = ChannelRefusedError


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as receiver:
        yield receiver


def robot(kind: str, receiver: HttpReceiver) -> Channel:
    settings = channel_kind(kind).settings.model_validate({"url": f"{receiver.url}/robot?t=t0ken-t0ken"})
    return channel_kind(kind).create("班组", settings)


@pytest.mark.parametrize(
    ("kind", "answer", "sort", "advice", "wait"),
    [
        ("dingtalk", {"errcode": -1, "errmsg": "系统繁忙"}, LATER, "busy", None),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, LATER, "20 things in a minute", 60),
        ("dingtalk", {"errcode": 410100, "errmsg": "发送速度太快而限流"}, LATER, "20 things in a minute", 60),
        ("dingtalk", {"status": 1111, "wait": 5, "punish": "deny"}, LATER, "20 things in a minute", 60),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, NO, "as `secret`", None),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, NO, "as `keyword`", None),
        ("dingtalk", {"errcode": 310000, "errmsg": "invalid timestamp"}, NO, "this machine's clock", None),
        ("dingtalk", {"errcode": 310000, "errmsg": "ip 1.2.3.4 not in whitelist"}, NO, "public address", None),
        ("dingtalk", {"errcode": 310000, "errmsg": "?"}, NO, "check `secret` and `keyword`", None),
        ("dingtalk", {"errcode": 300001, "errmsg": "token is not exist"}, NO, "to `url` again", None),
        ("dingtalk", {"errcode": 400102, "errmsg": "机器人已停用"}, NO, "switched off", None),
        ("dingtalk", {"errcode": 999999, "errmsg": "机器人发送过于频繁"}, LATER, "tried again", None),
        ("dingtalk", {"errcode": 999999, "errmsg": "???"}, NO, "look the code up", None),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, LATER, "busy", None),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, LATER, "20 things in a minute", 60),
        ("wecom", {"errcode": 45033, "errmsg": "concurrency"}, LATER, "20 things in a minute", 10),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, NO, "to `url` again", None),
        ("wecom", {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}, NO, "`mention`", None),
        ("feishu", {"code": 11232, "msg": "frequency limited psm[…]"}, LATER, "100 in a minute", 10),
        ("feishu", {"code": 99991400, "msg": "request trigger frequency limit"}, LATER, "100 in a minute", 60),
        ("feishu", {"code": 9499, "msg": "frequency limited psm[…]"}, LATER, "tried again", None),
        ("feishu", {"code": 9499, "msg": "Bad Request"}, NO, "who maintains parkline", None),
        ("feishu", {"code": 19001, "msg": "param invalid"}, NO, "to `url` again", None),
        ("feishu", {"code": 19021, "msg": "sign match fail"}, NO, "as `secret`", None),
        ("feishu", {"code": 19022, "msg": "Ip Not Allowed"}, NO, "public address", None),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, NO, "as `keyword`", None),
        ("feishu", {"StatusCode": 19024, "StatusMessage": "Key Words Not Found"}, NO, "as `keyword`", None),
        ("feishu", {"code": "19024", "msg": "Key Words Not Found"}, NO, "as `keyword`", None),
    ],
)
async def test_an_error_code_is_a_failure(
    receiver: HttpReceiver, kind: str, answer: dict[str, Any], sort: type[Exception], advice: str, wait: float | None
) -> None:
    receiver.rule = lambda _: Reply(200, orjson.dumps(answer))
    error = await failure(robot(kind, receiver))
    assert type(error) is sort
    assert advice in error.reason.rpartition("; ")[0] + error.reason
    assert getattr(error, "retry_after", None) == wait


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
async def test_success_is_a_code_too(receiver: HttpReceiver, kind: str) -> None:
    field = "code" if kind == "feishu" else "errcode"
    receiver.rule = lambda _: Reply(200, orjson.dumps({field: 0}))
    assert (await send(robot(kind, receiver), NOTICE)).answer.endswith(": ok")


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
@pytest.mark.parametrize(
    "body", [b"", b"ok", b"[]", b"{}", b"<html>log in</html>", b'{"errcode":null,"code":true}', b"\xff"]
)
async def test_an_answer_without_a_code_is_no_success(receiver: HttpReceiver, kind: str, body: bytes) -> None:
    receiver.rule = lambda _: Reply(200, body)
    error = await failure(robot(kind, receiver))
    assert isinstance(error, ChannelRefusedError)
    assert "does not answer as" in error.reason
    assert "check `url`" in error.reason


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
async def test_without_a_code_the_status_counts(receiver: HttpReceiver, kind: str) -> None:
    told = (
        (502, LATER, b"<html>"),
        (429, LATER, b""),
        (404, NO, b"{}"),
        (403, NO, b""),
        (500, LATER, b'{"errcode":0}'),
    )
    for status, sort, body in told:
        receiver.rule = partial(_always, Reply(status, body))
        assert type(await failure(robot(kind, receiver))) is sort


def _always(reply: Reply, request: Request) -> Reply:
    del request
    return reply


async def test_feishu_says_no_with_http_400_and_how_long_to_wait_in_a_header_of_its_own(receiver: HttpReceiver) -> None:
    body = b'{"code":99991400,"msg":"request trigger frequency limit"}'
    receiver.rule = lambda _: Reply(400, body, {"x-ogw-ratelimit-reset": "52"})
    error = await failure(robot("feishu", receiver))
    assert isinstance(error, ChannelUnreachableError)
    assert error.retry_after == 52


async def test_what_is_said_is_told_without_the_token(receiver: HttpReceiver) -> None:
    receiver.rule = lambda _: Reply(200, b'{"errcode":0,"errmsg":"ok for t0ken-t0ken"}')
    assert await send(robot("wecom", receiver), NOTICE) == Sent("WeCom: ok for ***")
