"""A park whose only line file is the sample that an adapter brings: one that an engineer can copy."""

import re
from pathlib import Path
from types import ModuleType
from typing import Final

from collector.load import load
from collector.park import Park

PARK: Final = """
id: park-1
calendars: {day: {shifts: [{name: day, start: "08:00", end: "20:00"}]}}
factories: [{id: works, time_zone: UTC, calendar: day}]
"""

COMMENTED: Final = re.compile(r"^    # ", re.MULTILINE)


def sample_of(adapter: ModuleType) -> str:
    """Give the text of an adapter's sample."""
    assert adapter.__file__ is not None
    return Path(adapter.__file__).with_name("sample.yaml").read_text()


def park_of(adapter: ModuleType, folder: Path, *, uncommented: bool) -> Park:
    """Load a park in `folder` whose line is an adapter's sample; with the keys that are commented out, or without."""
    text = sample_of(adapter)
    (folder / "parkline.yaml").write_text("store: {kind: lake, folder: lake}\nlines: line.yaml\n")
    (folder / "park.yaml").write_text(PARK)
    (folder / "line.yaml").write_text(COMMENTED.sub("    ", text) if uncommented else text)
    return load(folder).park
