"""Calendars whose shifts, breaks and days cannot be are told at the one that does not fit."""

from pathlib import Path

import pytest

from tests.collector.config.files import told

PARK = """id: park
calendars:
  two-shift:
    {}
factories:
  - {{ id: press-works, time_zone: Asia/Shanghai, calendar: two-shift }}
"""


def problems(folder: Path, *calendar: str) -> list[str]:
    return told(folder, park=PARK.format("\n    ".join(calendar)))


@pytest.mark.parametrize(
    "calendar",
    [
        ["shifts: [{name: all, start: 06:00, end: 06:00}]"],
        ["shifts: [{name: a, start: 22:00, end: 06:00}, {name: b, start: 06:00, end: 22:00}]"],
        ["shifts: [{name: a, start: 6:00, end: 14:00}, {name: b, start: 14:00:00, end: 22:00}]"],
        [
            "shifts:",
            "  - {name: a, start: 20:00, end: 08:00, breaks: [{start: 23:50, end: 0:10}, {start: 2:00, end: 2:30}]}",
        ],
        [
            "shifts:",
            "  - {name: week, days: [mon, tue, wed, thu, fri], start: 08:00, end: 17:00}",
            "  - {name: saturday, days: [sat], start: 08:00, end: 12:00}",
        ],
        [
            "shifts:",
            "  - {name: a, days: [mon], start: 20:00, end: 08:00}",
            "  - {name: b, days: [wed], start: 06:00, end: 20:00}",
            "closed: [2026-10-01]",
            "open: [2026-10-10]",
        ],
    ],
)
def test_a_calendar_that_can_be_is_right(tmp_path: Path, calendar: list[str]) -> None:
    assert problems(tmp_path, *calendar) == []


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        (["shifts: []"], "4:13: `shifts`: a calendar needs one shift or more"),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}, {name: b, start: 13:59, end: 22:00}]"],
            "4:68: `start`: shift `b` begins at 13:59 on mon, when shift `a` lasts until 14:00",
        ),
        (
            ["shifts: [{name: a, start: 22:00, end: 06:30}, {name: b, start: 06:00, end: 14:00}]"],
            "4:68: `start`: shift `b` begins at 06:00 on tue, when shift `a` lasts until 06:30",
        ),
        (
            [
                "shifts:",
                "  - {name: a, days: [sun], start: 22:00, end: 06:30}",
                "  - {name: b, days: [mon], start: 06:00, end: 14:00}",
            ],
            "6:39: `start`: shift `b` begins at 06:00 on mon, when shift `a` lasts until 06:30",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}, {name: b, start: 05:00, end: 22:00}]"],
            "4:31: `start`: shift `a` begins at 06:00 on mon, when shift `b` lasts until 22:00",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}, {name: a, start: 14:00, end: 22:00}]"],
            "4:58: `name`: calendar `two-shift` has a shift `a` already",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00, breaks: [{start: 14:00, end: 14:30}]}]"],
            "4:59: the break 14:00 to 14:30 lies outside shift `a`; put it between 06:00 and 14:00",
        ),
        (
            [
                "shifts:",
                "  - {name: a, start: 06:00, end: 14:00, breaks: [{start: 7:00, end: 8:00}, {start: 7:30, end: 9:00}]}",
            ],
            "5:80: this break overlaps another of shift `a`",
        ),
        (
            [
                "shifts:",
                "  - {name: week, days: [mon, tue, wed, thu, fri], start: 08:00, end: 17:00}",
                "  - {name: saturday, days: [sat], start: 08:00, end: 12:00}",
                "open: [2026-10-10]",
            ],
            "7:12: `open`: every shift begins on an open day, and on 2026-10-10 `week` and `saturday` overlap",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "closed: [2026-10-01]", "open: [2026-10-01]"],
            "6:12: `open`: 2026-10-01 is closed as well",
        ),
        (["shifts: [{name: a, start: 600, end: 14:00}]"], "4:31: `start`: 600 is no time of day; write it like 06:00"),
        (["shifts: [{name: a, start: 06:00Z, end: 14:00}]"], "4:31: `start`: '06:00Z' is no time of day"),
        (
            ["shifts: [{name: a, start: 06:00, end: 24:00}]"],
            "4:43: `end`: '24:00' is no time of day; write it like 06:00",
        ),
        (["shifts: [{name: a, start: 06:00, end: 14:00}]", "closed: [20261001]"], "5:14: `closed`: 20261001 is no day"),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "closed: [2026-02-30]"],
            "5:14: `closed`: '2026-02-30' is no day",
        ),
        (["shifts: [{name: a b, start: 06:00, end: 14:00}]"], "4:21: `name`: `a b` does not fit"),
    ],
)
def test_a_calendar_that_cannot_be_is_told(tmp_path: Path, calendar: list[str], problem: str) -> None:
    found = problems(tmp_path, *calendar)
    assert len(found) == 1, found
    assert found[0].startswith(f"park.yaml:{problem}")
