"""How a WeCom robot is configured."""

from typing import Annotated, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from adapters.channels.endpoint import RobotSettings

Mobile = Annotated[str, Field(pattern=r"^\+?[0-9-]{5,20}$")]
"""A mobile number, as WeCom knows it."""

UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_@.-]{1,64}$")]
"""A member's id in the company's WeCom (userid)."""


class WeComSettings(RobotSettings):
    """A robot (群机器人) in a WeCom group. `url` is its Webhook, `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…`."""

    mention: tuple[Mobile, ...] = Field(default=(), max_length=100)
    """Mobile numbers of the members to call (@); up to 100."""

    mention_users: tuple[UserId, ...] = Field(default=(), max_length=100)
    """Ids (userid) of the members to call (@), where their mobile numbers are not known to WeCom; up to 100."""

    @model_validator(mode="after")
    def _whole_address(self) -> Self:
        parts = urlsplit(self.url.get_secret_value())
        if parts.hostname == "qyapi.weixin.qq.com" and "key" not in parse_qs(parts.query):
            msg = "`url` has no key; copy the robot's whole Webhook from its page in the group"
            raise ValueError(msg)
        return self
