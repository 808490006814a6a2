"""Makes what is checked in of the contract: the description, the page's client, the list of problems."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from api.errors import KINDS
from api.routes.page import WEB
from tests.api.contract import DESCRIPTION, DOCS, describe_app, text_of

TOOLS: Final = Path(__file__).parent
"""Where npm's packages are: openapi-typescript and the compiler of TypeScript."""

CLIENT: Final = WEB / "client"
"""The client that the page uses."""

PROBLEMS: Final = DOCS / "problems.md"
"""What each kind of problem means."""

PATIENCE_S: Final = 60.0
"""Seconds that node may take."""

_SECTION: Final = re.compile(r"^## (?P<slug>[a-z-]+)\n.*?^When: (?P<when>.*?)$", re.MULTILINE | re.DOTALL)


def make() -> None:
    """Write all of it to its place."""
    DESCRIPTION.write_text(text_of(describe_app()), encoding="utf-8")
    make_client(CLIENT)
    PROBLEMS.write_text(problems_document(PROBLEMS.read_text(encoding="utf-8")), encoding="utf-8")


def make_client(folder: Path) -> None:
    """Write the client to `folder`, which holds `call.ts`, from the description that is checked in."""
    run_node("generate.mjs", str(DESCRIPTION), str(folder))


def check_types(project: str) -> str:
    """Let the compiler check what `project` (a tsconfig) names; give what it found, nothing when all is well."""
    ran = _node("node_modules/typescript-native/bin/tsc", "--project", project)
    return ran.stdout + ran.stderr


def run_node(script: str, *arguments: str) -> str:
    """Run a script of this folder; give what it printed."""
    ran = _node(script, *arguments)
    if ran.returncode:
        msg = f"{script} failed; are npm's packages there (`make .venv/servers.done`)?\n{ran.stdout}{ran.stderr}"
        raise AssertionError(msg)
    return ran.stdout


def _node(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    node = shutil.which("node")
    assert node, "there is no node; `make .venv/servers.done` installs it"
    return subprocess.run(
        [node, str(TOOLS / script), *arguments],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def sayings(document: str) -> dict[str, str]:
    """Give what a list of problems says of when each comes, by slug: what people wrote into it."""
    return {found["slug"]: found["when"] for found in _SECTION.finditer(document)}


def problems_document(document: str) -> str:
    """Give the list of problems anew: its introduction, its sentences of when, and the kinds as the code has them."""
    introduction = document[: document.index("\n## ") + 1] if "\n## " in document else document
    said = sayings(document)
    sections = [
        f"## {kind.slug}\n\n`{kind.type}` · {kind.status} · {kind.title}\n\n"
        f"When: {said.get(kind.slug, '')}\n\nRemedy: {kind.remedy}\n"
        for kind in KINDS.values()
    ]
    return introduction + "\n".join(sections)
