"""Calendars whose shifts, breaks and days cannot be are told at the one that does not fit."""

from pathlib import Path

import pytest

from tests.collector.config.files import LINE, told

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
        [
            "shifts:",
            "  - {name: a, turns: [1, 2, 3, 4], start: 08:00, end: 20:00}",
            "  - {name: b, turns: [], start: 1:00, end: 2:00}",
            "rotation: {start: 2026-03-02, length: 6}",
        ],
        [
            "shifts: [{name: a, start: 06:00, end: 14:00}]",
            "holidays: {country: DE, subdivision: Bayern}",
            "special:",
            "  - {day: 2026-10-01, until: 2026-10-09, note: stocktaking}",
            "  - {day: 2026-10-03, shifts: [a], extra: [{name: late, start: 14:00, end: 18:00}]}",
            "  - {day: 2026-10-04, extra: [{name: a, start: 08:00, end: 12:00}]}",
            "maintenance:",
            "  - {name: oil, days: [mon], at: 6:00, lasts: 2h}",
            "  - {name: belt, start: 2026-03-02 08:00, end: 2026-03-02 12:00}",
        ],
        [
            "shifts:",
            "  - {name: a, days: [mon], start: 06:00, end: 14:00}",
            "  - {name: b, days: [tue], start: 8:00, end: 16:00}",
            "open: [2026-10-10]",
            "special: [{day: 2026-10-10, shifts: [b]}]",
        ],
        ["shifts: [{name: a, start: 06:00, end: 14:00}]", "open: [0001-01-01, 9999-12-31]"],
        [
            "shifts: [{name: a, start: 06:00, end: 14:00}]",
            "special: [{day: 0001-01-01, until: 9999-12-31, shifts: [a]}]",
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
            ["shifts: [{name: a, start: 08:00, end: 08:00}, {name: b, start: 09:00, end: 10:00}]"],
            "4:68: `start`: shift `b` begins at 09:00 on mon, when shift `a` lasts until 08:00 of the next day",
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
        (
            ["shifts: [{name: a, turns: [1], start: 06:00, end: 14:00}]"],
            "4:24: `turns`: calendar `two-shift` has no `rotation`; write `days`, or a rotation with",
        ),
        (
            [
                "shifts: [{name: a, turns: [6, 7], start: 06:00, end: 14:00}]",
                "rotation: {start: 2026-03-02, length: 6}",
            ],
            "4:35: `turns`: 7 is none of the days of the rotation from 1 to 6",
        ),
        (
            ["shifts: [{name: a, turns: [0], start: 06:00, end: 14:00}]", "rotation: {start: 2026-03-02, length: 6}"],
            "4:32: `turns`: 0 is none of the days of the rotation from 1 to 6",
        ),
        (
            ["shifts: [{name: a, days: [mon], start: 06:00, end: 14:00}]", "rotation: {start: 2026-03-02, length: 6}"],
            "4:24: `days`: weekdays mean nothing in a rotation; write `turns`, the days of the rotation from 1 to 6",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "rotation: {start: 2026-03-02, length: 6}"],
            "4:14: `turns` is missing; write the days of the rotation from 1 to 6",
        ),
        (
            [
                "shifts:",
                "  - {name: a, turns: [1, 2], start: 20:00, end: 08:00}",
                "  - {name: b, turns: [3], start: 06:00, end: 14:00}",
                "rotation: {start: 2026-03-02, length: 4}",
            ],
            "6:38: `start`: shift `b` begins at 06:00 on day 3 of the rotation, when shift `a` lasts until 08:00",
        ),
        (
            [
                "shifts:",
                "  - {name: a, turns: [4], start: 20:00, end: 08:00}",
                "  - {name: b, turns: [1], start: 06:00, end: 14:00}",
                "rotation: {start: 2026-03-02, length: 4}",
            ],
            "6:38: `start`: shift `b` begins at 06:00 on day 1 of the rotation, when shift `a` lasts until 08:00",
        ),
        (
            ["shifts: [{name: a, turns: [1], start: 06:00, end: 14:00}]", "rotation: {start: 2026-03-02, length: 1}"],
            "5:43: `length`: `1` is out of bounds; write at least 2",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "holidays: {country: XX}"],
            "5:25: `country`: no public holidays are known of `XX`; write an ISO 3166-1 code",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "holidays: {country: cn}"],
            "5:25: `country`: `cn` does not fit",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "holidays: {country: DE, subdivision: Bayem}"],
            "5:42: `subdivision`: `DE` has no `Bayem` with holidays of its own; did you mean `Bayern`?",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "holidays: {country: CN, subdivision: SH}"],
            "5:42: `subdivision`: `CN` has no `SH` with holidays of its own; take `subdivision` out",
        ),
        (
            ["shifts: [{name: early, start: 06:00, end: 14:00}]", "special: [{day: 2026-10-01, shifts: [erly]}]"],
            "5:42: `shifts`: calendar `two-shift` has no shift `erly`; did you mean `early`?",
        ),
        (
            [
                "shifts: [{name: a, start: 06:00, end: 14:00}]",
                "special: [{day: 2026-10-01, shifts: [a], extra: [{name: b, start: 13:00, end: 18:00}]}]",
            ],
            "5:15: on 2026-10-01 shift `b` begins at 13:00, when shift `a` of 2026-10-01 lasts until 14:00",
        ),
        (
            [
                "shifts: [{name: night, start: 22:00, end: 06:00}]",
                "special:",
                "  - day: 2026-10-01",
                "    extra: [{name: b, start: 05:00, end: 12:00}]",
            ],
            "6:9: on 2026-10-01 shift `b` begins at 05:00, when shift `night` of 2026-09-30 lasts until 06:00",
        ),
        (
            [
                "shifts: [{name: a, start: 06:00, end: 14:00}]",
                "special: [{day: 2026-10-01, until: 2026-10-05, extra: [{name: b, start: 22:00, end: 07:00}]}]",
            ],
            "5:15: on 2026-10-05 shift `a` begins at 06:00, when shift `b` of 2026-10-05 lasts until 07:00",
        ),
        (
            [
                "shifts: [{name: a, start: 06:00, end: 14:00}]",
                "special: [{day: 2026-10-01, shifts: [a], extra: [{name: a, start: 14:00, end: 18:00}]}]",
            ],
            "5:61: `name`: this day has a shift `a` already; give it another name",
        ),
        (
            [
                "shifts: [{name: a, start: 06:00, end: 14:00}]",
                "special:",
                "  - day: 2026-10-01",
                "    extra: [{name: b, start: 8:00, end: 12:00, breaks: [{start: 13:00, end: 13:30}]}]",
            ],
            "7:61: the break 13:00 to 13:30 lies outside shift `b`; put it between 08:00 and 12:00",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "special: [{day: 2026-10-05, until: 2026-10-01}]"],
            "5:15: ",
        ),
        (
            [
                "shifts: [{name: a, start: 06:00, end: 14:00}]",
                "maintenance:",
                "  - {name: oil, days: [mon], at: 6:00, lasts: 2h}",
                "  - {name: oil, days: [fri], at: 6:00, lasts: 1h}",
            ],
            "7:16: `name`: there is a maintenance `oil` above; give it another name",
        ),
        (
            ["shifts: [{name: a, start: 06:00, end: 14:00}]", "maintenance: [{name: oil, days: [mon], at: 6:00}]"],
            "5:19: `maintenance`: write either `start` and `end`, or `days`, `at` and `lasts`",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_told(tmp_path: Path, calendar: list[str], problem: str) -> None:
    found = problems(tmp_path, *calendar)
    assert len(found) == 1, found
    assert found[0].startswith(f"park.yaml:{problem}")


@pytest.mark.parametrize(
    ("maintenance", "problem"),
    [
        (
            "[{name: oil, days: [mon, mo], at: 6:00, lasts: 2h}]",
            "10:43: `days`: `mo` is not known; did you mean `mon`?",
        ),
        (
            "[{name: oil, start: 2026-03-02 08:00, end: 2026-03-02 07:00}]",
            "10:19: `maintenance`: `end` (2026-03-02 07:00:00) must lie after",
        ),
        (
            "[{name: oil, start: 2026-03-02, end: 2026-03-03}]",
            "10:38: `start`: '2026-03-02' is no local time; write it like 2026-03-02 08:00",
        ),
        (
            "[{name: oil, days: [mon], at: 6:00, last: 2h}]",
            "10:54: the key `last` is not known here; did you mean `lasts`?",
        ),
        (
            "[{name: oil, days: [mon], at: 6:00, lasts: 2h}, {name: oil, days: [fri], at: 6:00, lasts: 2h}]",
            "10:73: `name`: there is a maintenance `oil` above; give it another name",
        ),
    ],
)
def test_maintenance_of_a_machine_that_cannot_be_is_told(tmp_path: Path, maintenance: str, problem: str) -> None:
    found = told(tmp_path, line=LINE + f"    maintenance: {maintenance}\n")
    assert found
    assert found[0].startswith(f"lines/press.yaml:{problem}"), found
