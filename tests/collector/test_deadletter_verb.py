"""The verb `deadletter`, as an engineer types it."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from adapters.sample import PAYLOAD_KEPT
from collector.commands.deadletter import app
from collector.load import Config
from tests.collector.fakes import refusals
from tests.collector.test_redecoding import FORCE, Mending, kept, letters, mended, spooled, write

__all__ = ["mended"]

RUNNER = CliRunner()

GOOD = '{"force": 1.5, "t": "2024-05-17T11:59:59Z"}'


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log off stdout, where it goes until the root of all verbs has configured it."""
    with capture_logs():
        yield


@pytest.fixture
def config(mended: Mending) -> Config:
    """Give a configuration whose letter 1 was mended, and whose others were not."""
    config = mended(("value: f,", "value: force,"))
    strange = refusals(b"\xff\x00[/x] \x1b[31m", source="broker").with_columns(reason=pl.lit("no [bold] UTF-8"))
    asyncio.run(write(config, letters(GOOD, GOOD, signal=FORCE), letters('{"c": "many"}'), strange))
    return config


def run(config: Config, *arguments: object) -> Result:
    verb, *rest = (str(argument) for argument in arguments)
    return RUNNER.invoke(app, [verb, "-c", str(config.folder), *rest])


def listed(config: Config, *arguments: str) -> list[dict[str, Any]]:
    done = run(config, "list", "-o", "json", *arguments)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["letters"]
    return found


def test_a_list_shows_the_newest_first_and_no_markup_of_a_payload(config: Config) -> None:
    done = run(config, "list")
    assert done.exit_code == 0
    assert "[bold]" in done.stdout
    assert "\x1b[31m" not in done.stdout
    assert [letter["id"] for letter in listed(config)] == [3, 2, 1]
    done = run(config, "list", "--limit", 1)
    assert "there are more" in done.stderr


def test_a_list_is_narrowed(config: Config) -> None:
    assert [letter["id"] for letter in listed(config, "--signal", "works/line")] == [1]
    assert [letter["id"] for letter in listed(config, "--reason", "utf-8")] == [3]
    assert listed(config, "--source", "plc") == []
    assert listed(config, "--state", "dropped") == []
    totals = json.loads(run(config, "list", "-o", "json").stdout)["totals"]
    assert [(one["source"], one["refused"], one["kept"]) for one in totals] == [("broker", 4, 3)]


def test_a_letter_is_shown_with_what_to_do(config: Config) -> None:
    done = run(config, "show", 1)
    assert done.exit_code == 0
    assert '"force": 1.5' in done.stdout
    assert "2 times" in done.stdout
    assert "replay 1" in done.stdout
    assert "ff 00 5b 2f 78" in run(config, "show", 3).stdout
    assert json.loads(run(config, "show", 1, "-o", "json").stdout)["payload"] == GOOD
    missing = run(config, "show", 4711)
    assert missing.exit_code == 1
    assert "no dead letter 4711" in missing.stderr
    assert "an id that the API told a key of some factories is another number" in missing.stderr


def test_a_letter_that_was_cut_says_that_it_cannot_be_replayed(config: Config) -> None:
    asyncio.run(write(config, letters("x" * PAYLOAD_KEPT)))
    done = run(config, "show", 4)
    assert "cannot be decoded again" in " ".join(done.stdout.split())
    assert "bytes more" in done.stdout


def test_a_replay_makes_samples_and_tells_which_letters_are_none_even_now(config: Config) -> None:
    dry = run(config, "replay", "--all", "--dry-run")
    assert dry.exit_code == 1
    assert [letter.state for letter in asyncio.run(kept(config))] == ["open"] * 3
    done = run(config, "replay", "--all")
    assert done.exit_code == 1
    assert "2 of 3 letters are no samples even now" in done.stderr
    assert asyncio.run(spooled(config))["float"].to_list() == [15.0]
    again = run(config, "replay", 1, 4711)
    assert again.exit_code == 0
    assert "1: was replayed at" in again.stderr
    assert "4711: there is no such letter" in again.stderr


def test_a_replay_of_one_letter_ends_well(config: Config) -> None:
    done = run(config, "replay", 1, "-o", "json")
    assert done.exit_code == 0
    [told] = json.loads(done.stdout)
    assert (told["result"], told["samples"], told["between"]) == ("replayed", 1, 0)
    assert "for the collector to store: 1" in done.stderr


@pytest.mark.parametrize("verb", [("replay",), ("drop", "--because", "noise")])
def test_nothing_is_done_to_all_letters_by_leaving_something_out(config: Config, verb: tuple[str, ...]) -> None:
    done = run(config, *verb)
    assert done.exit_code == 2
    assert "which letters?" in done.stderr
    assert [letter.state for letter in asyncio.run(kept(config))] == ["open"] * 3


def test_a_drop_keeps_why(config: Config) -> None:
    assert run(config, "drop", 2, "--because", " ").exit_code == 2
    done = run(config, "drop", 2, 3, "--because", "a test of the machine's maker")
    assert done.stdout == "2 letters dropped\n"
    dropped = listed(config, "--state", "dropped")
    assert [(letter["id"], letter["note"]) for letter in dropped] == [
        (3, "a test of the machine's maker"),
        (2, "a test of the machine's maker"),
    ]
    assert "was dropped" in run(config, "drop", 2, "--because", "again").stderr


def test_an_export_holds_whole_payloads(config: Config, tmp_path: Path) -> None:
    long = "x" * 9000
    asyncio.run(write(config, letters(long)))
    lines = [json.loads(line) for line in run(config, "export").stdout.splitlines()]
    assert [letter["id"] for letter in lines] == [4, 3, 2, 1]
    assert (lines[0]["payload"], lines[1]["encoding"]) == (long, "base64")
    [row] = csv.DictReader(io.StringIO(run(config, "export", 1, "--format", "csv").stdout))
    assert (row["payload"], row["first"]) == (GOOD, "2024-05-17T12:00:00.000000Z")
    assert run(config, "export", "--format", "parquet").exit_code == 2
    assert run(config, "export", "--format", "parquet", "--to", tmp_path / "letters.parquet").exit_code == 0
    frame = pl.read_parquet(tmp_path / "letters.parquet")
    assert frame["payload"].to_list()[1] == b"\xff\x00[/x] \x1b[31m"
    assert run(config, "export", "--source", "nobody", "--format", "csv").stdout.count("\n") == 1
    assert run(config, "export", "--to", tmp_path / "no" / "folder").exit_code == 1
