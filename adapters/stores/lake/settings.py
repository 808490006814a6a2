"""What an engineer writes to store in a Delta lake."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from adapters.settings import Duration, Settings, Size

ObjectUri = Annotated[str, Field(pattern=r"^(s3a?|gs|az|abfss?)://[^\s/]+(/\S*)?$")]
"""A place on object storage, such as s3://bucket/lake."""


def _no_address(folder: Path) -> Path:
    if ":/" in str(folder):
        msg = f"{str(folder)!r} is neither a folder nor an address such as s3://bucket/lake (also gs, az, abfs)"
        raise ValueError(msg)
    return folder


Folder = Annotated[Path, AfterValidator(_no_address)]
"""A folder of this machine."""


class LakeSettings(Settings):
    """Delta Lake tables in a local folder or on object storage."""

    folder: ObjectUri | Folder = Path("data/lake")
    """Folder of the tables, relative to the configuration's folder, or an address such as `s3://bucket/lake`."""

    options: dict[str, SecretStr] = Field(default_factory=dict)
    """Options of the object storage as deltalake names them (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, …); secrets as `${env:NAME}` or `${file:path}`."""

    compact_after: int = Field(default=32, ge=2, le=10_000)
    """Number of small files of one day at which housekeeping merges them into one."""

    target: Size = 128 * 2**20
    """Bytes that a merged file should have; one with less than half of it is small. 1 MiB or more."""

    keep_replaced: Duration = timedelta(hours=1)
    """How long merged files are kept for readers that still need them, longer than the longest query; whole hours,
    1 h to 24 h."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.target < 2**20:
            msg = f"`target` ({self.target} B) must be 1 MiB or more"
            raise ValueError(msg)
        if self.keep_replaced < timedelta(hours=1) or self.keep_replaced % timedelta(hours=1):
            msg = "`keep_replaced` must be whole hours, 1 h or more"
            raise ValueError(msg)
        if self.keep_replaced > timedelta(hours=24):
            msg = "`keep_replaced` must be 24 h at most"
            raise ValueError(msg)
        retries = self.options.get("max_retries")
        if retries is not None and not retries.get_secret_value().isdecimal():
            msg = "`max_retries` in `options` must be a whole number"
            raise ValueError(msg)
        return self
