"""What an engineer writes: the sample, the README, and what is answered to mistakes."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

import adapters.stores.influxdb
from adapters.stores.contract import Position
from adapters.stores.influxdb import create
from adapters.stores.influxdb.settings import InfluxSettings
from tests.conformance.store import at, batch, sample
from tests.servers.influxdb import InfluxServer

ADAPTER = Path(adapters.stores.influxdb.__file__).parent
LOGIN: dict[str, Any] = {"user": "me", "password": "hidden"}


def stores() -> list[dict[str, Any]]:
    """Give every `store:` of the sample, also those that are commented out."""
    first, *others = (ADAPTER / "sample.yaml").read_text().split("# store:\n")
    texts = [first, *("store:\n" + re.sub(r"(?m)^#   ", "  ", other) for other in others)]
    return [YAML(typ="safe").load(text)["store"] for text in texts]


def test_the_samples_are_good() -> None:
    found = stores()
    assert len(found) == 3
    for store in found:
        assert store.pop("kind") == "influxdb"
        for secret in {"token", "password"} & store.keys():
            assert re.fullmatch(r"\$\{env:INFLUX_\w+\}", store[secret])
        assert InfluxSettings(**store).bucket.startswith("park")


@pytest.mark.system
async def test_the_bucket_is_asked_past_parkline_as_the_readme_says(
    influx: InfluxServer, settings: InfluxSettings
) -> None:
    row = sample("plant/line-1/press-01/temperature", at(), value=21.75)
    async with create(settings) as store:
        await store.write(batch(row), Position("spool", 1))
    statement = re.findall(r"```sql\n(.*?)```", (ADAPTER / "README.md").read_text(), re.DOTALL)[0]
    rows = await influx.query(statement.replace("$timeFilter", "time > 0"), settings.bucket)
    assert rows == [{"time": at(), "float": 21.75}]


@pytest.mark.parametrize(
    ("bucket", "database", "retention"),
    [("park", "park", ""), ("park/five years", "park", "five years"), ("压机", "压机", "")],
)
def test_a_bucket_is_a_database_and_a_retention_policy(bucket: str, database: str, retention: str) -> None:
    settings = InfluxSettings(bucket=bucket)
    assert (settings.database, settings.policy) == (database, retention)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"url": "influx.example.com:8086"}, "url"),
        ({"url": "http://user:password@influx.example.com"}, "url"),
        ({"url": "http://influx.example.com/?db=park"}, "url"),
        ({"bucket": ""}, "bucket"),
        ({"bucket": "a/b/c"}, "bucket"),
        ({"bucket": "a\\b"}, "bucket"),
        ({"token": "hidden", "user": "me", "password": "hidden"}, "write one of the two"),
        ({"user": "me"}, "belong together"),
        ({"password": "hidden"}, "belong together"),
        ({"timeout": "1 ms"}, "100ms to 10 min"),
        ({"timeout": "1 h"}, "100ms to 10 min"),
        ({"retention": "30 min"}, "shorter than 1 h"),
        ({"retention": "always"}, "retention"),
        ({"shard": "30 min"}, "1 h to `retention`"),
        ({"retention": "1 d", "shard": "2 d"}, "1 h to `retention`"),
        ({"max_series": 0}, "max_series"),
        ({"gzip": "sometimes"}, "gzip"),
        ({"precision": "ms"}, "precision"),
        ({"bukket": "park"}, "bukket"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        InfluxSettings.model_validate(written)


def test_the_name_has_address_and_bucket_and_no_secret() -> None:
    settings = InfluxSettings(url="https://influx.example.com/db/", bucket="park/five years", **LOGIN)
    assert settings.name == "influxdb https://influx.example.com/db park/five years"
    assert "hidden" not in repr(settings)
