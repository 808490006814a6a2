"""How parkline itself runs: `parkline.yaml`."""

import re
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, SerializeAsAny, model_validator

from adapters.settings import Duration, Settings, Size
from collector.alerting import AlertSettings
from collector.opendata import OpenDataSettings

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port, 1 to 65535."""


class SpoolSettings(Settings):
    """The durable log between sources and everything else."""

    path: Path = Path("data/spool.db")
    """File of the SQLite database; relative to the configuration's folder. It needs a disk that honours fsync."""

    limit: Size = Field(default=10 * 2**30, ge=2**20)
    """Bytes of samples it may hold; then `when_full` decides. 1 MiB or more; 1 GiB holds about 80 million samples."""

    age: Duration = Field(default=timedelta(days=7), ge=timedelta(seconds=1), le=timedelta(days=3650))
    """How long it keeps samples that the store does not take; then `when_full` decides. 1 s to 3650 d."""

    when_full: Literal["hold", "drop_oldest"] = "hold"
    """What happens at `limit`, at `age` or when its disk is full: `hold` stops acknowledging and reading the sources
    until there is room, so that who can keep samples keeps them; `drop_oldest` drops the oldest samples and notes a
    gap."""

    linger: Duration = Field(default=timedelta(milliseconds=5), le=timedelta(seconds=1))
    """How long a commit waits for more batches to share its fsync; 0 to 1 s."""

    keep: Duration = Field(default=timedelta(minutes=10), le=timedelta(days=30))
    """How long entries that the store has are kept for slower readers (fault detectors); 0 to 30 d."""


class AdmitSettings(Settings):
    """What is accepted as a sample."""

    ahead: Duration = Field(default=timedelta(minutes=10), le=timedelta(days=36500))
    """How far a sample's time may lie after its arrival, 0 to 36500 d; beyond it the sample is a dead letter (a clock
    is wrong)."""

    oldest: int = Field(default=2000, ge=1971, le=2262)
    """First year of a plausible source time, 1971 to 2262; before it the sample is a dead letter (1970: a clock that
    was never set)."""


class StoreSettings(Settings):
    """Where samples and results rest. Its other keys are the settings of the store's kind."""

    kind: str = "lake"
    """`lake` (Delta Lake in a folder or bucket) or `influxdb`."""

    flush: Duration = Field(default=timedelta(seconds=1), le=timedelta(minutes=1))
    """How long the drain collects before it writes a batch that is not full; 0 to 1 min."""

    batch: int = Field(default=100_000, ge=1, le=5_000_000)
    """Rows at most in one write, 1 to 5,000,000."""

    settings: SerializeAsAny[BaseModel]
    """The adapter's own settings, set by the loader."""


class RecordsSettings(Settings):
    """The relational database of gaps, dead letters, alerts and keys."""

    url: SecretStr = SecretStr("sqlite:///data/records.db")
    """SQLAlchemy URL, with its password as `${env:NAME}`; a relative SQLite path is relative to the configuration's
    folder."""

    dead_letters: int = Field(default=100_000, ge=100)
    """How many dead letters are kept, 100 or more. Where they are too many, the oldest of the sources that hold most go
    first; their number stays counted."""

    dead_letter_bytes: Size = Field(default=256 * 2**20, ge=2**20)
    """Bytes of payloads and reasons that the dead letters may take, 1 MiB or more; they go as by their number."""

    feed: Duration = Field(default=timedelta(days=7), ge=timedelta(hours=1), le=timedelta(days=3650))
    """How long it is kept what changed, for listeners that were away; 1 h to 3650 d. Who comes back later is told to
    read everything again."""


class AnalyticsSettings(Settings):
    """The jobs that compute utilisation."""

    every: Duration = Field(default=timedelta(seconds=10), ge=timedelta(seconds=1), le=timedelta(minutes=10))
    """How often they run over what is new; 1 s to 10 min. Late samples are in the numbers one such cycle after they are
    stored."""

    engine: Literal["local", "dask"] = "local"
    """Where they compute: `local` in the process of the role, `dask` on the workers of a Dask scheduler, which read the
    store themselves."""

    scheduler: str = ""
    """Address of the Dask scheduler, like `tcp://10.0.0.5:8786` or `tls://…`; for `dask` only."""

    restate: Duration = Field(default=timedelta(days=35), le=timedelta(days=3700))
    """How far back a changed calendar or map computes results again when the role starts; 0 to 3700 d. `parkline kpi
    recompute` goes further."""

    @model_validator(mode="after")
    def _some_scheduler(self) -> Self:
        if (self.engine == "dask") != bool(self.scheduler):
            msg = "`engine: dask` and `scheduler` go together; write the scheduler's address, like tcp://10.0.0.5:8786"
            raise ValueError(msg)
        return self


class RateSettings(Settings):
    """How much one caller may ask of the API, and one address that holds no key.

    A caller has a bucket of `burst` requests that fills by `per_second`; who finds it empty is answered 429 with the
    time to wait. The buckets are kept in memory, by each process of the role `api` for itself.
    """

    per_second: float = Field(default=50, ge=0, le=100_000)
    """Requests per second that one caller may go on asking, 0 to 100,000; 0: as many as it likes."""

    burst: int = Field(default=200, ge=1, le=1_000_000)
    """Requests that one caller may ask at once, 1 to 1,000,000."""

    failures_per_second: float = Field(default=10, ge=0, le=100_000)
    """Requests with a wrong key or token per second that one address may go on sending, 0 to 100,000; 0: as many as it
    likes. Behind a proxy all callers have its address: keys that were good a moment ago, and tokens that are good, are
    never held up."""

    failures_burst: int = Field(default=30, ge=1, le=1_000_000)
    """Requests with a wrong key or token that one address may send at once, 1 to 1,000,000."""


RoleName: TypeAlias = Literal["viewer", "platform", "maintenance", "engineer", "admin"]
"""What a caller of the API may be; `api.roles` says what each may do."""

Algorithm: TypeAlias = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""How a token may be signed: by a private key, so that who verifies tokens cannot make them."""


def safe_address(url: str) -> str:
    """Take an address of https, or of http on this machine; raise ValueError for others."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        here = False
    if not host or parts.query or parts.fragment or parts.username or any(sign.isspace() for sign in url):
        msg = "write an address like https://login.park.example/realms/park, without a user, `?` and `#`"
        raise ValueError(msg)
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        msg = "write an address with https://: over http anybody on the way could put keys of their own in"
        raise ValueError(msg)
    return url


SafeAddress = Annotated[str, AfterValidator(safe_address)]
"""An address of https; of http on this machine's loopback only."""


class OidcSettings(Settings):
    """The OpenID Connect provider whose tokens the API takes beside keys, as `Authorization: Bearer TOKEN`."""

    issuer: SafeAddress
    """The provider as its tokens name it in `iss`, letter by letter, such as https://login.park.example/realms/park."""

    audience: str = Field(min_length=1)
    """What tokens for this API hold in `aud`; others are refused."""

    jwks_url: SafeAddress | None = None
    """Where the provider publishes the keys it signs with; absent: where its `/.well-known/openid-configuration`
    says."""

    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "PS256", "ES256", "EdDSA"), min_length=1)
    """How tokens may be signed; each key serves only the algorithms of its own type."""

    roles_claim: str = Field(default="roles", min_length=1)
    """The claim that holds a token's roles, as a list or separated by spaces; a path like `realm_access.roles` for a
    claim within a claim."""

    roles: dict[str, RoleName] = Field(min_length=1)
    """Which role a value of `roles_claim` gives, 1 or more; other values give none. A token without any role may do
    nothing and is answered 403."""

    factories_claim: str | None = Field(default=None, min_length=1)
    """The claim that holds the ids of the factories whose data a token opens, or `*` for the whole park; written as
    `roles_claim`. A token that lacks it opens none. Absent: no claim decides, and `whole_park` does."""

    whole_park: tuple[RoleName, ...] = ("platform", "admin")
    """Roles whose tokens open the whole park where there is no `factories_claim`; tokens with other roles alone open no
    factory then, since nothing says which."""

    views_claim: str | None = Field(default=None, min_length=1)
    """The claim that holds the names of the views of open data that a token may read; written as `roles_claim`. Absent:
    tokens read none."""

    leeway: Duration = Field(default=timedelta(seconds=30), le=timedelta(minutes=5))
    """By how much the provider's clock may differ from this machine's; 0 to 5 min."""

    refresh: Duration = Field(default=timedelta(minutes=10), ge=timedelta(minutes=1), le=timedelta(hours=24))
    """How old the provider's keys may grow before they are fetched again, 1 min to 24 h. A token of a key that is not
    known has them fetched at once, but not within a minute of the last time; while the provider does not answer, those
    that are there count for 24 h."""

    ca: Path | None = None
    """PEM file of the authority that signed the provider's certificate; absent: those that this machine trusts."""

    @model_validator(mode="after")
    def _one_decides(self) -> Self:
        if self.factories_claim is not None and "whole_park" in self.model_fields_set:
            msg = "`factories_claim` decides alone, also by `*` for the whole park; take `whole_park` out"
            raise ValueError(msg)
        return self


class TlsSettings(Settings):
    """TLS of the API itself, 1.2 or newer; a renewed certificate is taken up without a restart."""

    certificate: Path
    """File of the certificate and of what it was issued by (PEM); relative to the configuration's folder."""

    key: Path
    """File of its private key (PEM); relative to the configuration's folder."""

    key_password: SecretStr | None = None
    """Password of the key's file, as `${env:NAME}`; absent: the file is not encrypted."""

    client_ca: Path | None = None
    """File of certificates (PEM), relative to the configuration's folder: who connects must have a certificate that
    one of these issued. Absent: clients need none."""


def _origin(value: str) -> str:
    if re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?", value) is None:
        msg = f"{value!r} is no origin; write scheme, host and port in small letters, like https://platform.example"
        raise ValueError(msg)
    return value


Origin = Annotated[str, AfterValidator(_origin)]
"""An origin of pages, as browsers write it: `https://platform.example`, with its port where it is not the usual one."""


class AuditSettings(Settings):
    """What is kept of who asked for what."""

    keep: Duration = Field(default=timedelta(days=400), ge=timedelta(days=1), le=timedelta(days=36500))
    """How long, 1 d to 36500 d; older rows of the audit go."""


class ExportSettings(Settings):
    """Exports: files that the API makes for whoever asks, to be downloaded later."""

    folder: Path = Path("data/exports")
    """Where the files are, relative to the configuration's folder: one folder for all API processes of the same
    records, and for nothing else."""

    keep: Duration = Field(default=timedelta(hours=24), ge=timedelta(minutes=1), le=timedelta(days=30))
    """How long a finished file can be downloaded, 1 min to 30 d; then it is deleted."""

    at_once: int = Field(default=1, ge=1, le=16)
    """Exports that are made at one time, 1 to 16, of one caller one; each keeps a processor or two busy."""

    waiting: int = Field(default=20, ge=1, le=1000)
    """Exports of one caller that may wait or be made, 1 to 1,000."""

    rows: int = Field(default=1_000_000_000, ge=1)
    """Rows of one export at most, 1 or more."""

    bytes: Size = Field(default=10 * 2**30, ge=2**20)
    """Bytes of one caller's files together at most, 1 MiB or more."""

    spare: Size = Field(default=2**30, ge=0)
    """Bytes that exports leave free on the disk, which may be the spool's too."""


class StreamSettings(Settings):
    """How many clients may listen to events at once."""

    per_caller: int = Field(default=50, ge=1, le=1_000_000)
    """Streams that one caller may have open, 1 to 1,000,000."""

    total: int = Field(default=20_000, ge=1, le=1_000_000)
    """Streams that may be open in all, 1 to 1,000,000; each is a connection and takes some 30 KB."""


def _receiver(value: str) -> str:
    try:
        if "/" in value or ":" in value or re.fullmatch(r"[0-9.]+", value):
            return str(ip_network(value))
    except ValueError as error:
        msg = f"{value!r} is no address of a network ({error}); write one like 10.20.0.0/16, 10.20.3.7 or fd12::/16"
        raise ValueError(msg) from None
    if re.fullmatch(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", value) is None:
        msg = f"{value!r} is no host; write its name in small letters and without a port, like hooks.park.example"
        raise ValueError(msg)
    return value


Receiver = Annotated[str, AfterValidator(_receiver)]
"""A network (`10.20.0.0/16`), an address, or the name of a host."""


class HookSettings(Settings):
    """Webhooks: where the API may post to for whoever subscribes, and how much."""

    allow: tuple[Receiver, ...] = ()
    """Networks, addresses and names of hosts that may be posted to though they are not public, such as the platform's
    own in the park: `[10.20.0.0/16, hooks.park.example]`. A name is posted to wherever it leads, on any port. Others
    are posted to only if every address that they have is public."""

    http: bool = False
    """Whether receivers in `allow` may be posted to without TLS; others never are."""

    ports: tuple[Port, ...] = Field(default=(443, 8443), min_length=1)
    """Ports of receivers that are not in `allow`; 1 or more."""

    ca: Path | None = None
    """File of certificates (PEM) that receivers' certificates are issued by, relative to the configuration's folder;
    absent: those that this machine trusts."""

    per_caller: int = Field(default=20, ge=1, le=1000)
    """Webhooks that one caller may keep, 1 to 1,000."""

    at_once: int = Field(default=64, ge=1, le=1000)
    """Receivers that are posted to at one time, 1 to 1,000; of one caller at most a quarter of them."""

    token_grants: Duration = Field(default=timedelta(days=7), ge=timedelta(hours=1), le=timedelta(days=90))
    """How long it counts what a token of the identity provider allowed when it was sent last, 1 h to 90 d; then the
    webhooks of its subject pause until one is sent again. Keys are looked up at every delivery instead."""

    keep: Duration = Field(default=timedelta(days=7), ge=timedelta(hours=1), le=timedelta(days=365))
    """How long the log of deliveries is kept, 1 h to 365 d."""


class ApiSettings(Settings):
    """The API and the page."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for every interface."""

    port: Port = 8000
    """Port to listen on, 1 to 65535."""

    open_page: bool = False
    """Whether the page and GET requests from this machine's loopback need no key (demo, a panel on the shop floor)."""

    tls: TlsSettings | None = None
    """TLS; absent: plain HTTP, for loopback or behind a proxy that does TLS."""

    address: Origin | None = None
    """What the API is reached as from elsewhere, like `https://park.example`: the catalogue for data portals names it.
    Absent: what a request asked for, which behind a proxy is another address."""

    cors: tuple[Origin, ...] = ()
    """Origins of other servers' pages that may read the API with a key, like `https://platform.example`; none: only the
    API's own page may."""

    body_limit: Size = Field(default=2**20, ge=2**10, le=2**30)
    """Bytes that the body of a request may have, 1 KiB to 1 GiB."""

    body_time: Duration = Field(default=timedelta(seconds=10), ge=timedelta(seconds=0.1), le=timedelta(minutes=10))
    """How long the body of a request may take to arrive, 100 ms to 10 min."""

    header_time: Duration = Field(default=timedelta(seconds=10), ge=timedelta(seconds=0.1), le=timedelta(minutes=10))
    """How long the headers of a request may take to arrive, 100 ms to 10 min; then its connection is closed."""

    answer_time: Duration = Field(default=timedelta(minutes=1), ge=timedelta(seconds=0.1), le=timedelta(minutes=10))
    """How long a client may take less than 1 KiB/s of an answer that waits for it, 100 ms to 10 min; then its
    connection is closed."""

    connections: int = Field(default=20_000, ge=1, le=1_000_000)
    """Connections at once, 1 to 1,000,000; on those beyond it requests are answered with 503. Each needs a file
    descriptor (`ulimit -n`)."""

    rate: RateSettings = RateSettings()
    """How much one caller may ask."""

    remember: Size = Field(default=64 * 2**20, ge=0, le=2**36)
    """Bytes of answers that are remembered and sent again while nothing they are made of has changed, 0 to 64 GiB, of
    each process of the role `api`; 0: every answer is made anew."""

    exports: ExportSettings = ExportSettings()
    """Files that are made for whoever asks."""

    streams: StreamSettings = StreamSettings()
    """How many may listen to events."""

    webhooks: HookSettings = HookSettings()
    """Where whoever subscribes may have events posted to."""

    audit: AuditSettings = AuditSettings()
    """What is kept of who asked for what."""

    oidc: OidcSettings | None = None
    """The identity provider whose tokens are taken beside keys; absent: none are."""


class Installation(Settings):
    """The whole of `parkline.yaml`."""

    park: Path = Path("park.yaml")
    """File of the park, relative to this file."""

    lines: str = "lines/*.yaml"
    """Line files, a glob relative to this file."""

    spool: SpoolSettings = SpoolSettings()
    """The durable log."""

    admit: AdmitSettings = AdmitSettings()
    """What is accepted."""

    store: StoreSettings
    """Where samples and results rest."""

    records: RecordsSettings = RecordsSettings()
    """Gaps, dead letters, alerts, keys."""

    analytics: AnalyticsSettings = AnalyticsSettings()
    """Utilisation."""

    alerts: AlertSettings = AlertSettings()
    """Faults, and who is told of them."""

    api: ApiSettings = ApiSettings()
    """The API and the page."""

    open_data: OpenDataSettings = OpenDataSettings()
    """What is opened to others without naming anybody."""
