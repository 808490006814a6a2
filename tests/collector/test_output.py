"""What verbs print: tables that people can read, also on a narrow screen."""

from datetime import UTC, datetime
from typing import Any

import pytest
import typer

from collector.output import OutputFormat, instant, show

ROWS: list[dict[str, Any]] = [
    {"Machine": "press-01", "Unplanned stop h": "17.0", "可用率 %": 86.5, "Failures": 71, "Days": "12 / 12"},
    {"Machine": "press-02", "Unplanned stop h": None, "可用率 %": 100.0, "Failures": 2, "Days": "12 / 12"},
]


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print to a terminal of 56 columns."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "56")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")


def test_no_number_and_no_word_of_a_heading_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, OutputFormat.TABLE)
    told = capsys.readouterr().out
    for text in (
        "press-01",
        " 17.0 ",
        " 86.5 ",
        " 100 ",
        " 71 ",
        "12 / 12",
        "Unplanned",
        " stop ",
        "可用率",
        "Failures",
    ):
        assert text in told, told


def test_numbers_stand_right_and_texts_left(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"name": "a", "count": "1,250.0"}, {"name": "bbbb", "count": "+2"}], OutputFormat.TABLE)
    told = capsys.readouterr().out
    assert "│ a    │ 1,250.0 │" in told
    assert "│ bbbb │      +2 │" in told


def test_nothing_is_said_to_be_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show([], OutputFormat.TABLE, title="Alerts")
    assert capsys.readouterr().out.strip() == "Alerts: nothing to show"


@pytest.mark.parametrize("written", ["2026-03-02T06:00+08:00", "2026-03-01T22:00Z", "2026-03-01T22:00"])
def test_an_instant_is_given_in_utc(written: str) -> None:
    read = instant("--from", written)
    assert read == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("written", ["noon", "0001-01-01T00:00+08:00", "9999-12-31T23:00-08:00"])
def test_what_is_no_instant_is_told(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        instant("--from", written)
    assert ended.value.exit_code == 2
    assert f"--from: {written!r} is no instant" in capsys.readouterr().err
