"""What robots are sent: who is called, how long a text may be, how it is signed."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from adapters.channels.dingtalk import encode as dingtalk
from adapters.channels.dingtalk.settings import DingTalkSettings
from adapters.channels.feishu import encode as feishu
from adapters.channels.feishu.settings import FeishuSettings
from adapters.channels.wecom import encode as wecom
from adapters.channels.wecom.settings import WeComSettings
from tests.conformance.channel import NOTICE, NOTICES

NOW = datetime(2026, 3, 1, 1, 41, 0, 250_000, tzinfo=UTC)
LONG = replace(NOTICE, text='主轴“振动”\t"超限"\n' * 5000)
MOBILES = ["13800001111", "+86-13900002222"]


def ding(**settings: Any) -> DingTalkSettings:
    return DingTalkSettings.model_validate({"url": "https://oapi.dingtalk.com/robot/send?access_token=t", **settings})


def we(**settings: Any) -> WeComSettings:
    return WeComSettings.model_validate({"url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", **settings})


def lark(**settings: Any) -> FeishuSettings:
    return FeishuSettings.model_validate({"url": "https://open.feishu.cn/open-apis/bot/v2/hook/t", **settings})


def body_of(encoded: tuple[str, bytes]) -> Any:
    return orjson.loads(encoded[1])


def test_dingtalk_calls_by_number_and_all() -> None:
    body = body_of(dingtalk.encode(NOTICE, ding(mention=MOBILES, mention_all=True), NOW))
    assert body["at"] == {"atMobiles": MOBILES, "isAtAll": True}
    assert body["text"]["content"] == f"{NOTICE.title}\n{NOTICE.text}\n@13800001111 @+86-13900002222"
    quiet = body_of(dingtalk.encode(NOTICE, ding(mention=MOBILES, mention_all=True, mention_from="critical"), NOW))
    assert quiet["at"] == {"atMobiles": [], "isAtAll": False}
    assert quiet["text"]["content"] == f"{NOTICE.title}\n{NOTICE.text}"


def test_wecom_calls_by_number_by_id_and_all() -> None:
    settings = we(mention=MOBILES, mention_users=["zhangwei"], mention_all=True)
    text = body_of(wecom.encode(NOTICE, settings, NOW))["text"]
    assert text["mentioned_mobile_list"] == MOBILES
    assert text["mentioned_list"] == ["zhangwei", "@all"]
    low = body_of(wecom.encode(NOTICES["en"], settings.model_copy(update={"mention_from": "medium"}), NOW))["text"]
    assert low.keys() == {"content"}


def test_feishu_calls_in_the_text() -> None:
    settings = lark(mention=["ou_1a2b"], mention_all=True)
    zh = body_of(feishu.encode(NOTICE, settings, NOW))["content"]["text"]
    assert zh == f'{NOTICE.title}\n{NOTICE.text}\n<at user_id="ou_1a2b"></at> <at user_id="all">所有人</at>'
    en = body_of(feishu.encode(NOTICES["en"], settings, NOW))["content"]["text"]
    assert en.endswith('<at user_id="all">everybody</at>')


def test_a_text_calls_nobody_by_itself() -> None:
    text = body_of(feishu.encode(replace(NOTICE, text='<at user_id="all">x</at>'), lark(), NOW))["content"]["text"]
    assert "<at " not in text


@pytest.mark.parametrize("settings", [{}, {"mention": ["13800001111"] * 100, "mention_all": True}])
def test_a_text_is_cut_to_what_each_takes(settings: dict[str, Any]) -> None:
    assert len(dingtalk.encode(LONG, ding(**settings), NOW)[1]) <= 20_000 + 100 * 20
    assert 1950 < len(body_of(wecom.encode(LONG, we(**settings), NOW))["text"]["content"].encode()) <= 2048
    assert 18_000 < len(feishu.encode(LONG, lark(secret="s" * 50, **settings), NOW)[1]) <= 20_000


def test_dingtalk_signs_the_address_in_milliseconds() -> None:
    url, _ = dingtalk.encode(NOTICE, ding(secret="SECabc"), NOW)
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert (query["access_token"], query["timestamp"]) == (["t"], ["1772329260250"])
    mac = hmac.digest(b"SECabc", b"1772329260250\nSECabc", hashlib.sha256)
    assert query["sign"] == [base64.b64encode(mac).decode()]


def test_feishu_signs_the_body_in_seconds() -> None:
    body = body_of(feishu.encode(NOTICE, lark(secret="abc"), NOW))
    assert body["timestamp"] == "1772329260"
    mac = hmac.digest(b"1772329260\nabc", b"", hashlib.sha256)
    assert body["sign"] == base64.b64encode(mac).decode()


def test_unsigned_the_address_is_as_it_was_given() -> None:
    assert dingtalk.encode(NOTICE, ding(), NOW)[0] == "https://oapi.dingtalk.com/robot/send?access_token=t"
    assert wecom.encode(NOTICE, we(), NOW)[0].endswith("/send?key=k")
    assert feishu.encode(NOTICE, lark(), NOW)[0].endswith("/hook/t")
