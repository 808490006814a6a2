"""How a DingTalk robot is configured."""

from typing import Annotated, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, model_validator

from adapters.channels.endpoint import RobotSettings

Mobile = Annotated[str, Field(pattern=r"^\+?[0-9-]{5,20}$")]
"""A mobile number, as DingTalk knows it."""


class DingTalkSettings(RobotSettings):
    """A custom robot (自定义机器人) in a DingTalk group. `url` is its Webhook, `https://oapi.dingtalk.com/robot/send?access_token=…`."""

    secret: SecretStr | None = None
    """The key of 加签, `SEC…`, as `${env:NAME}` or `${file:path}`; absent: the robot asks for a keyword or an address
    instead."""

    mention: tuple[Mobile, ...] = Field(default=(), max_length=100)
    """Mobile numbers of the members to call (@); up to 100."""

    @model_validator(mode="after")
    def _whole_address(self) -> Self:
        parts = urlsplit(self.url.get_secret_value())
        if parts.hostname == "oapi.dingtalk.com" and "access_token" not in parse_qs(parts.query):
            msg = "`url` has no access_token; copy the robot's whole Webhook from the group's settings"
            raise ValueError(msg)
        return self
