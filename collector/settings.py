"""How parkline itself runs: `parkline.yaml`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, SerializeAsAny, model_validator

from adapters.settings import Duration, Settings, Size
from collector.alerting import AlertSettings

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


class ApiSettings(Settings):
    """The API and the page."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for every interface."""

    port: Port = 8000
    """Port to listen on, 1 to 65535."""

    open_page: bool = False
    """Whether the page and GET requests from this machine's loopback need no key (demo, a panel on the shop floor)."""


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
