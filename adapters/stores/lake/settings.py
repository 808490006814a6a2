"""What an engineer writes to store in a Delta lake."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from adapters.settings import Duration, Settings, Size

ObjectUri = Annotated[str, Field(pattern=r"^(s3a?|gs|az|abfss?)://[^\s/]+(/\S*)?$")]
"""A place on object storage, such as s3://bucket/lake."""


class LakeSettings(Settings):
    """Delta Lake tables in a local folder or on object storage."""

    folder: ObjectUri | Path = Path("data/lake")
    """Folder of the tables, relative to the configuration's folder, or an address such as `s3://bucket/lake`."""

    options: dict[str, SecretStr] = Field(default_factory=dict)
    """Options of the object storage as deltalake names them (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, …); secrets as `${env:NAME}` or `${file:path}`."""

    compact_after: int = Field(default=32, ge=2, le=10_000)
    """Number of small files in one day's partition at which housekeeping rewrites them as few."""

    target: Size = 128 * 2**20
    """Bytes of a file after that; a file of less than half of it is small. 1 MiB or more."""

    keep_replaced: Duration = timedelta(hours=1)
    """How long files that were rewritten are kept for readers still at them; longer than the longest query."""
