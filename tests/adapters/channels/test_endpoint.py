"""Web addresses in settings: what is taken, and that a mistake is told without the secret in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.channels.endpoint import EndpointSettings
from adapters.registry import CHANNELS, channel_kind

SECRET = "t0p-s3cret"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        (f"https://hooks.example/{SECRET}", "https://hooks.example"),
        (f"http://127.0.0.1:8080/a?token={SECRET}", "http://127.0.0.1:8080"),
        (f"https://[fd00::1]:8443/{SECRET}", "https://[fd00::1]:8443"),
    ],
)
def test_of_an_address_scheme_and_host_are_told(url: str, where: str) -> None:
    settings = EndpointSettings.model_validate({"url": url})
    assert settings.where == where
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"url": SECRET}, "is no web address"),
        ({"url": f"ftp://host/{SECRET}"}, "is no web address"),
        ({"url": f"https:///{SECRET}"}, "is no web address"),
        ({"url": f"https://host:99999/{SECRET}"}, "is no web address"),
        ({"url": f"https://host/{SECRET} "}, "holds blanks"),
        ({"url": f"https://host/{SECRET}\n"}, "holds blanks"),
        ({"url": f"https://host/钥匙{SECRET}"}, "holds blanks"),
        ({"url": f"https://300.1.1.1/{SECRET}"}, "is no web address"),
        ({"url": f"https://hooks..example/{SECRET}"}, "is no web address"),
        ({"url": f"https://me:{SECRET}@host/"}, "user or a password"),
        ({"url": f"https://host/#{SECRET}"}, "behind `#`"),
        ({"proxy": SECRET}, "is no proxy"),
        ({"proxy": f"http://proxy/{SECRET}"}, "is no proxy"),
        ({"proxy": f"socks5://me:{SECRET}@proxy"}, "is no proxy"),
        ({"proxy": f"http://me:{SECRET}@300.1.1.1:80"}, "is no proxy"),
        ({"proxy": f"http://me:{SECRET}@proxy..works:80"}, "is no proxy"),
        ({"proxy": f"http://me:{SECRET}\n@proxy:80"}, "is no proxy"),
        ({"proxy": f"http://me:{SECRET}@pro xy:80"}, "is no proxy"),
        ({"timeout": "10 ms"}, "greater than or equal"),
        ({"timeout": "1 h"}, "less than or equal"),
    ],
)
def test_a_mistake_is_told_without_the_secret(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        EndpointSettings.model_validate({"url": "https://host/", **written})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "url", "said"),
    [
        ("dingtalk", "https://oapi.dingtalk.com/robot/send", "no access_token"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "no key"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/", "no token at its end"),
    ],
)
def test_half_an_address_of_a_robot_is_seen(kind: str, url: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        channel_kind(kind).settings.model_validate({"url": url})
    whole = {"dingtalk": "?access_token=x", "wecom": "?key=x", "feishu": "x"}[kind]
    channel_kind(kind).settings.model_validate({"url": url + whole})
    channel_kind(kind).settings.model_validate({"url": "http://gateway.works.example/robot"})


def test_no_kind_has_a_field_that_every_channel_has() -> None:
    taken = {"name", "kind", "language", "time_zone", "rate", "quiet", "floods", "fallback"}
    for kind in CHANNELS:
        assert not taken & channel_kind(kind).settings.model_fields.keys()
