"""The verb `parkline audit`."""

import asyncio
import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.auditlog import AUDIT, Entry, write_audit
from api.commands.audit import app
from collector.assembly import open_records
from collector.load import load
from tests.api.installation import install

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENTRY = Entry(
    NOON, "answer", "key:5f0c1b7e", "=HYPERLINK(1)", "10.20.3.40", "GET", "listGaps", "/api/v1/gaps", "", 200,
    ("gears",), 3, 120, 1500, 0, "trace-1",
)  # fmt: skip


def do(config: Path, *work: sa.Executable, entries: Sequence[Entry] = ()) -> None:
    """Do something to the records."""

    def both(connection: sa.Connection) -> None:
        write_audit(connection, entries)
        for statement in work:
            connection.execute(statement)

    async def run() -> None:
        async with open_records(load(config)) as records:
            await records.run(both)

    asyncio.run(run())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give an installation with an audit of three rows."""
    install(tmp_path)
    rows = [
        ENTRY,
        replace(ENTRY, at=NOON + timedelta(hours=1), caller="oidc:li", factories=None, path="/api/v1/a\nb"),
        replace(ENTRY, at=NOON + timedelta(hours=2), event="missing", path="", status=None, missing=7),
    ]
    do(tmp_path, entries=rows)
    return tmp_path


def audit(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def test_the_newest_rows_are_listed_first(config: Path) -> None:
    rows = json.loads(audit(config, "list", "-o", "json").stdout)
    assert [row["number"] for row in rows] == [3, 2, 1]
    assert rows[2]["at"] == "2026-11-24T12:00:00Z"
    assert [row["number"] for row in json.loads(audit(config, "list", "--limit", "1", "-o", "json").stdout)] == [3]
    table = audit(config, "list").stdout
    assert "7 rows are missing" in table
    assert r"/api/v1/a\nb" in table


def test_rows_are_filtered(config: Path) -> None:
    for arguments, numbers in (
        (["--caller", "oidc:li"], [2]),
        (["--path", "/api/v1/g"], [1]),
        (["--from", "2026-11-24T13:00"], [3, 2]),
        (["--to", "2026-11-24T13:00+00:00"], [1]),
    ):
        rows = json.loads(audit(config, "list", *arguments, "-o", "json").stdout)
        assert [row["number"] for row in rows] == numbers


def test_an_export_has_the_rows_as_they_are(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.commands.audit._AT_ONCE", 2)
    done = audit(config, "export", "-o", str(config / "audit.jsonl"))
    assert (done.exit_code, done.stderr) == (0, "3 rows\n")
    rows = [json.loads(line) for line in (config / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["number"], row["name"], row["factories"]) for row in rows] == [
        (1, "=HYPERLINK(1)", ["gears"]),
        (2, "=HYPERLINK(1)", None),
        (3, "=HYPERLINK(1)", ["gears"]),
    ]
    assert all(len(row["hash"]) == 64 for row in rows)
    assert audit(config, "export", "-o", "-").stdout == (config / "audit.jsonl").read_text(encoding="utf-8")


def test_an_export_for_spreadsheets_holds_no_formula(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.commands.audit._AT_ONCE", 2)
    file = config / "audit.csv"
    assert audit(config, "export", "-o", str(file), "--format", "csv").exit_code == 0
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["number"], row["name"], row["factories"]) for row in rows] == [
        ("1", "'=HYPERLINK(1)", '["gears"]'),
        ("2", "'=HYPERLINK(1)", ""),
        ("3", "'=HYPERLINK(1)", '["gears"]'),
    ]


def test_an_export_writes_over_nothing(config: Path) -> None:
    there = config / "park.yaml"
    before = there.read_bytes()
    done = audit(config, "export", "-o", str(there))
    assert (done.exit_code, "is there already" in done.stderr) == (2, True)
    assert there.read_bytes() == before
    assert audit(config, "export", "-o", str(config / "nowhere" / "x")).exit_code == 1


def test_a_whole_audit_is_told_with_its_head(config: Path) -> None:
    done = audit(config, "verify", "-o", "json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["checked"], told["faults"], told["told"]) == (3, 0, [])
    do(config, entries=[ENTRY])
    assert audit(config, "verify", "--known", told["head"]).exit_code == 0
    assert audit(config, "verify", "--known", "9" + told["head"]).exit_code == 1


def test_what_was_done_to_it_is_told_and_fails(config: Path) -> None:
    do(config, sa.update(AUDIT).where(AUDIT.c.number == 2).values(status=404))
    done = audit(config, "verify")
    assert done.exit_code == 1
    assert "row 2 (2026-11-24T13:00:00Z) was changed" in done.stderr
    assert "faults: 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify", "--known", "7"], "NUMBER:HASH"),
        (["verify", "--known", "7:abc"], "NUMBER:HASH"),
        (["list", "--from", "yesterday"], "2026-03-02"),
        (["export", "-o", "x", "--to", "soon"], "2026-03-02"),
    ],
)
def test_a_wrong_call_says_what_to_write(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = audit(tmp_path, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_records_that_cannot_be_opened_are_told(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "data").write_text("a file where the folder should be", encoding="utf-8")
    assert audit(tmp_path, "list").exit_code == 1
    assert audit(tmp_path / "elsewhere", "verify").exit_code == 2
