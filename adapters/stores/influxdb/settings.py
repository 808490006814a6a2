"""What an engineer writes to store in InfluxDB."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from adapters.settings import Duration, Settings

Url = Annotated[str, Field(pattern=r"^https?://[^\s?#@/]+(/[^\s?#]*)?$")]
"""An http or https address without credentials, query or fragment."""

BucketName = Annotated[str, Field(pattern=r"^[^/\\\s\x00-\x1f][^/\\\x00-\x1f]*(/[^/\\\x00-\x1f]+)?$", max_length=512)]
"""A bucket; on InfluxDB 1.x a database, or a database and one of its retention policies as `db/rp`."""


class InfluxSettings(Settings):
    """InfluxDB 1.8 and later with user and password, 2.x and 3.x with a token."""

    url: Url = "http://127.0.0.1:8086"
    """Address of the server, such as https://influx.example.com:8086; a path in it is kept (a reverse proxy)."""

    token: SecretStr | None = None
    """API token (2.x and 3.x), as `${env:NAME}` or `${file:path}`; it must read and write the bucket."""

    user: str = ""
    """User name (1.x); empty: no authentication."""

    password: SecretStr | None = None
    """Password of `user` (1.x), as `${env:NAME}` or `${file:path}`."""

    org: str = ""
    """Organisation (2.x), by name or id; 1.x and 3.x have none."""

    bucket: BucketName = "parkline"
    """Where it stores: a bucket (2.x), a database or `database/retention policy` (1.x), a database (3.x)."""

    create: bool = True
    """Whether a missing database or bucket is made when the credentials allow it; false: it is asked for."""

    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate; none: those that this machine trusts."""

    timeout: Duration = timedelta(seconds=10)
    """How long one request may take before it counts as unanswered; 100 ms to 10 min."""

    gzip: bool = False
    """Whether batches are sent compressed: less network, more of this machine's processor."""

    @property
    def name(self) -> str:
        """What to call the store: its kind, address and bucket."""
        return f"influxdb {self.url.rstrip('/')} {self.bucket}"

    @property
    def database(self) -> str:
        """The bucket's name as InfluxQL's database."""
        return self.bucket.partition("/")[0]

    @property
    def retention(self) -> str:
        """The bucket's name as InfluxQL's retention policy; empty: the database's default."""
        return self.bucket.partition("/")[2]

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> Self:
        if self.token is not None and self.user:
            msg = "`token` is for InfluxDB 2.x and 3.x, `user` and `password` for 1.x; write one of the two"
            raise ValueError(msg)
        if bool(self.user) != (self.password is not None):
            msg = "`user` and `password` belong together; write both or neither"
            raise ValueError(msg)
        if not timedelta(milliseconds=100) <= self.timeout <= timedelta(minutes=10):
            msg = "`timeout` lies outside 100ms to 10 min"
            raise ValueError(msg)
        return self
