"""The page's client: made from the description, checked in, and what the page does with it fits the types."""

import json
import re
import shutil
from pathlib import Path

import pytest

from api.routes.page import WEB
from tests.client.making import CLIENT, TOOLS, check_types, make_client

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("node") is None, reason="node makes it and checks it"),
]


def test_the_client_is_the_one_that_is_checked_in(tmp_path: Path) -> None:
    shutil.copy(CLIENT / "call.ts", tmp_path)
    make_client(tmp_path)
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    there = {file.name: file.read_text(encoding="utf-8") for file in CLIENT.iterdir()}
    assert made.keys() == there.keys() == {"call.js", "call.ts", "operations.js", "operations.ts", "schema.d.ts"}
    assert [name for name in made if made[name] != there[name]] == [], "run `make contract`"


def test_the_client_and_the_page_fit_the_types() -> None:
    assert check_types("tsconfig.json") == ""
    assert check_types("tsconfig.page.json") == ""


def test_fields_that_go_are_missed(tmp_path: Path) -> None:
    """The page does not fit types that lack what it shows: otherwise the check above would tell nothing."""
    gone = {"suppressed_by": "alert.js", "horizon": "page.js", "refusals": "lists.js", "coverage": "overview.js"}
    shutil.copytree(WEB, tmp_path / "web")
    types = tmp_path / "web" / "client" / "schema.d.ts"
    without = re.sub(rf"\b({'|'.join(gone)})(\??):", r"\1_gone\2:", types.read_text(encoding="utf-8"))
    types.write_text(without, encoding="utf-8")
    project = json.loads((TOOLS / "tsconfig.page.json").read_text(encoding="utf-8"))
    project["extends"] = str(TOOLS / "tsconfig.json")
    project["files"] = [str(tmp_path / "web" / "page.js")]
    (tmp_path / "tsconfig.json").write_text(json.dumps(project), encoding="utf-8")
    found = check_types(str(tmp_path / "tsconfig.json"))
    for field, place in gone.items():
        assert re.search(rf"{re.escape(place)}\(\d+,\d+\): error TS\d+: .*'{field}'", found), (field, found)


def test_browsers_get_it_without_types() -> None:
    for file in CLIENT.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert "import type" not in text
        assert set(re.findall(r'from "([^"]+)"', text)) <= {"./call.js"}
