"""How the product's modules are named and built."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.product import ROOT, files

DRAWERS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utility", "utils"}
"""Names that say nothing of what is inside."""

LONGEST = 600
"""Lines at most in one module."""


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_named_for_what_is_in_it_and_is_not_too_long(file: Path) -> None:
    assert not set(file.stem.split("_")) & DRAWERS
    assert len(file.read_text().splitlines()) <= LONGEST


def test_every_task_has_a_name() -> None:
    nameless = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in files()
        for call in calls(file, "create_task")
        if not any(keyword.arg == "name" for keyword in call.keywords)
    ]
    assert nameless == []


def calls(file: Path, function: str) -> Iterator[ast.Call]:
    """Give the calls of a function or method in a file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == function:
            yield node
