"""What a WeCom robot answers: `{"errcode": 0, "errmsg": "ok"}`. Pure."""

from typing import Final

from adapters.channels.codes import Code, Tongue

_SLOWER: Final = "a robot may say 20 things in a minute; it is tried again, and a lower rate for the channel helps"
_KEY: Final = "copy the robot's Webhook from its page in the group to `url` again"

TONGUE: Final = Tongue(
    product="WeCom",
    codes=("errcode",),
    said=("errmsg",),
    known={
        -1: Code("WeCom is busy; it is tried again", later=True),
        6000: Code("WeCom met another change; it is tried again", later=True),
        45009: Code(_SLOWER, later=True, wait=60.0),
        45033: Code(_SLOWER, later=True, wait=10.0),
        40058: Code("check `mention` and `mention_users`"),
        45002: Code("the message is longer than WeCom takes today; tell who maintains parkline"),
        60020: Code("add this machine's public address to the addresses that WeCom admits"),
        93000: Code(_KEY),
        93004: Code("the robot is switched off; the group's owner switches it on"),
        93008: Code("the robot is no longer in the group; add one, and write its Webhook as `url`"),
    },
)
"""Codes of the group robot, and those of WeCom's global list (全局错误码) that one may meet."""
