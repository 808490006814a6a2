"""What a DingTalk robot answers: `{"errcode": 0, "errmsg": "ok"}`. Pure."""

from typing import Final

from adapters.channels.codes import Code, Tongue

_SLOWER: Final = "a robot may say 20 things in a minute; it is tried again, and a lower rate for the channel helps"
_COPY: Final = "copy the robot's Webhook from the group's settings to `url` again"
_WORDS: Final = "DingTalk does not like the words of the message; see which it does not, in the names of your signals"

TONGUE: Final = Tongue(
    product="DingTalk",
    codes=("errcode", "status"),
    said=("errmsg", "message"),
    known={
        -1: Code("DingTalk is busy; it is tried again", later=True),
        1111: Code(_SLOWER, later=True, wait=60.0),
        88: Code(_COPY),
        90018: Code(_SLOWER, later=True, wait=60.0),
        130101: Code(_SLOWER, later=True, wait=60.0),
        410100: Code(_SLOWER, later=True, wait=60.0),
        300001: Code(_COPY),
        300005: Code(_COPY),
        310000: Code(
            "the robot's security settings do not admit it; check `secret` and `keyword`, and its list of addresses",
            words={
                "keyword": "write the robot's 自定义关键词 as `keyword`",
                "timestamp": "check this machine's clock, it is more than an hour off",
                "sign": "write the robot's 加签 key, SEC…, as `secret`",
                "ip": "add this machine's public address to the robot's list (IP地址)",
            },
        ),
        400013: Code("the group is dissolved; take the channel out, or write another group's robot as `url`"),
        400101: Code(_COPY),
        400102: Code("the robot is switched off; the group's owner switches it on"),
        400106: Code("the robot is no longer in the group; add one, and write its Webhook as `url`"),
        430101: Code(_WORDS),
        430102: Code(_WORDS),
        430104: Code(_WORDS),
    },
)
"""Codes of the custom robot, as its documentation lists them (自定义机器人发送群消息)."""
