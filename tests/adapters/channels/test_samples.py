"""Each sample is one that can be copied into parkline.yaml, as it stands and with what is commented out."""

import re
from pathlib import Path

import pytest

from adapters.registry import CHANNELS, channel_kind
from collector.load import load
from tests.architecture.product import ROOT

PARK = """
id: park-1
calendars: {day: {shifts: [{name: day, start: "08:00", end: "20:00"}]}}
factories: [{id: works, time_zone: Asia/Shanghai, calendar: day}]
"""

LINE = """
line: l
factory: works
sources: [{name: s, kind: mqtt, host: broker}]
equipment: [{id: m, signals: [{name: x, source: s, topic: t, type: float}]}]
"""

SECRETS = {
    "PLATFORM_HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "PLATFORM_HOOK_TOKEN": "b3ar3r-t0ken",
    "DINGTALK_WEBHOOK": "https://oapi.dingtalk.com/robot/send?access_token=t0ken",
    "DINGTALK_SECRET": "SECs3cret",
    "WECOM_WEBHOOK": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=t0ken",
    "FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/t0ken",
    "FEISHU_SECRET": "s3cret",
    "SMTP_PASSWORD": "s3cret",
    "ANDON_BROKER_PASSWORD": "s3cret",
}


@pytest.mark.parametrize("uncommented", [False, True])
@pytest.mark.parametrize("kind", CHANNELS)
def test_it_is_taken(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, uncommented: bool) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    text = (ROOT / "adapters" / "channels" / kind / "sample.yaml").read_text()
    if uncommented:
        text = re.sub(r"(?m)^      # ", "      ", text)
    (tmp_path / "parkline.yaml").write_text(f"store: {{kind: lake, folder: lake}}\nlines: line.yaml\n{text}")
    (tmp_path / "line.yaml").write_text(LINE)
    (tmp_path / "park.yaml").write_text(PARK)
    (channel,) = load(tmp_path).installation.alerts.channels
    assert (channel.kind, type(channel.settings)) == (kind, channel_kind(kind).settings)
    if uncommented:
        left_out = {"ca", "timeout"} if kind in {"dingtalk", "feishu", "wecom"} else set()
        left_out |= {"keyword"} if kind == "wecom" else set()
        assert channel.settings.model_fields_set | left_out == type(channel.settings).model_fields.keys()
    made = channel_kind(kind).create(channel.name, channel.settings)
    assert made.name == channel.name
    assert not [secret for secret in SECRETS.values() if secret in repr(channel)]
