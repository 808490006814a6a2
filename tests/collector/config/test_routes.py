"""Routes name factories, lines, machines, shifts and detectors that are there."""

from pathlib import Path

import pytest

from analytics.faults.catalogue import DETECTORS
from analytics.trouble import DETECTOR
from collector.config import channels
from collector.load import ConfigError, load
from tests.analytics.installation import install

MAIN = """\
alerts:
  channels: [{name: m, kind: mqtt, host: 127.0.0.1}]
  routes:
    - {channels: [m], ROUTE}
"""


def written(folder: Path, route: str) -> Path:
    install(folder)
    (folder / "parkline.yaml").write_text(MAIN.replace("ROUTE", route), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("route", "says"),
    [
        ("under: [works/line-1/pres]", "4:31: `under`: there is no factory, line or machine `works/line-1/pres`"),
        ("shifts: [dya]", "4:32: `shifts`: no calendar has a shift `dya`; did you mean `day`?"),
        ("detectors: [limits]", "4:35: `detectors`: there is no detector `limits`; did you mean `limit`?"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, route: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path / "c", route))
    assert says in str(refused.value)


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    route = "under: [works, works/line-1, works/line-1/press, park], shifts: [day], detectors: [limit, channel]"
    (made,) = load(written(tmp_path / "c", route)).installation.alerts.routes
    assert made.under[-1] == "park"


def test_every_detector_can_be_named() -> None:
    assert {one.slug for one in DETECTORS} | {DETECTOR} <= set(channels.DETECTORS)
