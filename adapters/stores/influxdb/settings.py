"""What an engineer writes to store in InfluxDB."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from adapters.settings import Duration, Settings

Url = Annotated[str, Field(pattern=r"^https?://[^\s?#@/]+(/[^\s?#]*)?$")]
"""An http or https address without credentials, query or fragment."""

BucketName = Annotated[str, Field(pattern=r"^[^/\\\s\x00-\x1f][^/\\\x00-\x1f]*(/[^/\\\x00-\x1f]+)?$", max_length=512)]
"""A bucket; on InfluxDB 1.x a database, or a database and one of its retention policies as `db/rp`."""

Gzip = Annotated[
    Literal["auto", "on", "off"],
    BeforeValidator(lambda given: {True: "on", False: "off"}[given] if isinstance(given, bool) else given),
]
"""When requests are compressed; `true` and `false` are taken for `on` and `off`."""

SHORTEST: Final = timedelta(hours=1)
"""The shortest retention, and the shortest time of a shard, that InfluxDB makes."""


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

    retention: Duration | Literal["forever"] | None = None
    """How long samples are kept: 1 h or more, or `forever`. What is made is made so; what is there is changed by
    `parkline store setup` alone. Without it: as the bucket has it, for ever in one that is made."""

    shard: Duration | None = None
    """How much time one shard file covers (1.x and 2.x): 1 h up to `retention`. Without it InfluxDB chooses."""

    max_series: int = Field(default=100_000, ge=1)
    """How many series, which is signals, the bucket may hold; samples of new signals beyond it are dead letters."""

    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate; none: those that this machine trusts."""

    timeout: Duration = timedelta(seconds=10)
    """How long one request may take before it counts as unanswered; 100 ms to 10 min."""

    gzip: Gzip = "auto"
    """Whether lines are sent compressed: `auto` where that is faster (a slow link), `on` or `off`. Less network, more
    of both processors."""

    precision: Literal["auto", "ns"] = "auto"
    """Unit in which times travel: `auto` takes the coarsest of s, ms, us, ns that holds a batch's times exactly; `ns`
    always takes nanoseconds. What is stored is the same."""

    @property
    def name(self) -> str:
        """What to call the store: its kind, address and bucket."""
        return f"influxdb {self.url.rstrip('/')} {self.bucket}"

    @property
    def database(self) -> str:
        """The bucket's name as InfluxQL's database."""
        return self.bucket.partition("/")[0]

    @property
    def policy(self) -> str:
        """The bucket's name as InfluxQL's retention policy; empty: the database's default."""
        return self.bucket.partition("/")[2]

    @property
    def keep(self) -> timedelta | None:
        """How long a bucket that is made keeps samples; None: for ever."""
        return self.retention if isinstance(self.retention, timedelta) else None

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

    @model_validator(mode="after")
    def _times_that_influxdb_makes(self) -> Self:
        longest = self.retention if isinstance(self.retention, timedelta) else timedelta.max
        if longest < SHORTEST:
            msg = "`retention` is shorter than 1 h, which is the least that InfluxDB keeps"
            raise ValueError(msg)
        if self.shard is not None and not SHORTEST <= self.shard <= longest:
            msg = "`shard` lies outside 1 h to `retention`"
            raise ValueError(msg)
        return self
