"""How a Feishu robot is configured."""

from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from adapters.channels.endpoint import RobotSettings

OpenId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A member's Open ID (`ou_…`) or User ID."""

_HOSTS: Final = frozenset({"open.feishu.cn", "open.larksuite.com"})
_HOOK: Final = "/open-apis/bot/v2/hook/"


class FeishuSettings(RobotSettings):
    """A custom robot (自定义机器人) in a Feishu or Lark group. `url` is its Webhook, `https://open.feishu.cn/open-apis/bot/v2/hook/…`."""

    secret: SecretStr | None = None
    """The key of 签名校验, as `${env:NAME}` or `${file:path}`; absent: the robot asks for a keyword or an address
    instead."""

    mention: tuple[OpenId, ...] = Field(default=(), max_length=100)
    """Open IDs (`ou_…`) or User IDs of the members to call (@); up to 100. Feishu's robots know no mobile numbers."""

    @model_validator(mode="after")
    def _whole_address(self) -> Self:
        parts = urlsplit(self.url.get_secret_value())
        if parts.hostname in _HOSTS and not parts.path.removeprefix(_HOOK).strip("/"):
            msg = "`url` has no token at its end; copy the robot's whole Webhook from the group's settings"
            raise ValueError(msg)
        return self
