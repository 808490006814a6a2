"""The verb `parkline key`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.commands.key import app
from tests.api.installation import install

VIEWS = """\
open_data:
  views:
    city: { title: { en: City }, dataset: kpis, by: class, since: 2026-01-01 }
    energy: { title: { en: Energy }, dataset: kpis, by: park, kpis: [energy], since: 2026-01-01 }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    install(tmp_path)
    return tmp_path


def key(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def listed(config: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(key(config, "list", "-o", "json").stdout)
    return rows


def test_a_key_is_shown_once_and_alone_on_stdout(config: Path) -> None:
    made = key(config, "create", "park platform")
    assert made.exit_code == 0
    (text,) = made.stdout.split()
    assert text.startswith("parkline_")
    assert "this once only" in made.stderr
    (row,) = listed(config)
    assert (row["name"], row["state"], row["roles"], row["expires"]) == ("park platform", "valid", "viewer", None)
    assert text not in key(config, "list").stdout
    assert row["id"] in key(config, "list").stdout


def test_a_key_is_made_for_programs_with_an_end(config: Path) -> None:
    made = json.loads(key(config, "create", "audit", "--expires", "90d", "-o", "json").stdout)
    assert made["key"].startswith(f"parkline_{made['id']}_")
    assert made["expires"] > made["created"]


def test_a_key_is_revoked(config: Path) -> None:
    made = json.loads(key(config, "create", "audit", "-o", "json").stdout)
    assert key(config, "revoke", made["id"]).exit_code == 0
    assert listed(config)[0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["revoke", "00000000"], 1, "parkline key list"),
        (["create", "audit", "--expires", "soon"], 2, "90d"),
        (["create", "audit", "--expires", "0d"], 2, "longer"),
        (["create", "audit", "--expires", "99999999d"], 2, "90d"),
        (["create", "audit", "--factory", "wroks"], 2, "no factory 'wroks'; did you mean `works`?"),
        (["create", "audit", "--view", "the city"], 2, "no view 'the city'; write one under `open_data: views:`"),
        (["create", "audit", "--role", "boss"], 2, "viewer"),
        (["rotate", "00000000"], 1, "parkline key list"),
        (["rotate", "00000000", "--grace", "a while"], 2, "--grace: 'a while' is no duration"),
        (["create", " "], 2, "who gets the key"),
        (["create", "x" * 65], 2, "1 to 64 characters"),
        (["create", "gears\nkey 00000000 revoked"], 2, "without line breaks"),
        (["create", "gears\x1b[2J"], 2, "without line breaks"),
    ],
)
def test_a_wrong_call_says_what_to_write(config: Path, arguments: list[str], code: int, told: str) -> None:
    done = key(config, *arguments)
    assert done.exit_code == code
    assert told in done.stderr
    assert not done.stdout
    assert listed(config) == []


def test_a_wrong_configuration_is_told(tmp_path: Path) -> None:
    done = key(tmp_path, "list")
    assert done.exit_code == 2
    assert "parkline.yaml" in done.stderr


def test_records_that_cannot_be_opened_are_told(config: Path) -> None:
    (config / "data").write_text("a file where the folder should be", encoding="utf-8")
    done = key(config, "list")
    assert done.exit_code == 1
    assert "records" in done.stderr


def test_a_key_has_the_roles_that_are_asked_for(config: Path) -> None:
    assert key(config, "create", "shift lead", "--role", "maintenance", "--role", "platform").exit_code == 0
    assert listed(config)[0]["roles"] == "maintenance platform"


def test_a_key_opens_the_factories_and_views_that_are_asked_for(config: Path) -> None:
    with (config / "parkline.yaml").open("a", encoding="utf-8") as file:
        file.write(VIEWS)
    assert key(config, "create", "works", "--role", "engineer", "--factory", "works").exit_code == 0
    assert key(config, "create", "city", "--view", "city", "--view", "energy").exit_code == 0
    assert key(config, "create", "both", "--view", "city", "--role", "viewer").exit_code == 0
    rows = {row["name"]: (row["roles"], row["factories"], row["views"]) for row in listed(config)}
    assert rows == {
        "works": ("engineer", "works", ""),
        "city": ("", "*", "city energy"),
        "both": ("viewer", "*", "city"),
    }


def test_a_rotated_key_gives_way_to_one_of_the_same_holder(config: Path) -> None:
    made = json.loads(key(config, "create", "works", "--factory", "works", "--expires", "90d", "-o", "json").stdout)
    rotated = key(config, "rotate", made["id"], "--grace", "12h")
    assert rotated.exit_code == 0, rotated.stderr
    (text,) = rotated.stdout.split()
    assert "this once only" in rotated.stderr
    assert f"the old key {made['id']} stays valid until" in rotated.stderr
    old, new = sorted(listed(config), key=lambda row: row["id"] != made["id"])
    assert text.startswith(f"parkline_{new['id']}_")
    assert {row["state"] for row in (old, new)} == {"valid"}
    assert old["expires"] < made["expires"] <= new["expires"]
    shared = ("name", "roles", "factories", "views", "holder")
    assert [new[name] for name in shared] == [old[name] for name in shared]


def test_a_revoked_key_is_not_rotated_and_it_is_said_what_to_do(config: Path) -> None:
    made = json.loads(key(config, "create", "works", "-o", "json").stdout)
    key(config, "revoke", made["id"])
    rotated = key(config, "rotate", made["id"])
    assert rotated.exit_code == 1
    assert "is revoked and cannot be rotated; make a new one with `parkline key create`" in rotated.stderr
    assert len(listed(config)) == 1
