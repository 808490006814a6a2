"""What a Feishu robot answers: `{"code": 0, "msg": "success"}`, formerly `{"StatusCode": 0, …}`. Pure."""

from typing import Final

from adapters.channels.codes import Code, Tongue

_SLOWER: Final = "a robot may say 5 things in a second and 100 in a minute, fewer on the full hour; it is tried again"

TONGUE: Final = Tongue(
    product="Feishu",
    codes=("code", "StatusCode"),
    said=("msg", "StatusMessage"),
    known={
        9499: Code("Feishu cannot read it; tell who maintains parkline"),
        11232: Code(_SLOWER, later=True, wait=10.0),
        11233: Code(_SLOWER, later=True, wait=10.0),
        99991400: Code(_SLOWER, later=True, wait=60.0),
        19001: Code("copy the robot's Webhook from the group's settings to `url` again"),
        19002: Code("Feishu cannot read it; tell who maintains parkline"),
        19021: Code("write the robot's 签名校验 key as `secret`, and check this machine's clock"),
        19022: Code("add this machine's public address to the robot's list (IP 白名单)"),
        19024: Code("write the robot's 自定义关键词 as `keyword`"),
    },
)
"""Codes of the custom robot, as its guide lists them (自定义机器人使用指南), and of its rate limits (频控策略)."""
