"""What importing costs, and what it may do: nothing."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import CHANNELS, SOURCES, STORES
from tests.architecture.product import PACKAGES, ROOT, modules

HEAVY = (
    "asyncua",
    "deltalake",
    "fastapi",
    "httpx",
    "influxdb_client",
    "paho",
    "polars",
    "pydantic",
    "rich",
    "sqlalchemy",
)
"""Packages that cost tens of milliseconds each; a verb pays for those that it uses."""

PROTOCOLS = ("aiohttp", "amqtt", "asyncua", "deltalake", "httpx", "influxdb_client", "paho")
"""Packages that speak to the world; a configuration is checked without them."""

WATCHED = """
import importlib, json, sys

deeds = []
paths = tuple(sys.argv[1].split(","))
events = ("open", "os.mkdir", "os.remove", "os.rename", "os.system", "socket.", "sqlite3.", "subprocess.")

def ours():
    frame = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        if "/pydantic/" in frame.f_code.co_filename:
            return None  # it looks for plugins, and reads the docstrings of fields from their source
        if frame.f_code.co_filename.startswith(paths):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None

def watch(event, details):
    if event.startswith(events) and (place := ours()):
        deeds.append(f"{place} {event} {details}")

sys.path.insert(0, "")
sys.addaudithook(watch)
for module in sys.argv[2:]:
    importlib.import_module(module)
print(json.dumps(deeds))
"""
"""Imports modules and prints what they did to the world, up to the import that did it."""


HELP = """
import sys
from collector.cli import main

sys.argv = ["parkline", "--help"]
try:
    main()
except SystemExit:
    pass
"""
"""What the command does when it is asked for its verbs."""


def run(code: str, *arguments: str, folder: Path = ROOT) -> Any:
    """Run code in a process of its own; give the JSON that it prints last."""
    command = [sys.executable, "-B", "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def loaded_after(code: str) -> set[str]:
    """Give the packages that are loaded after running code."""
    return set(
        run(f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))")
    )


def test_importing_a_module_touches_nothing() -> None:
    folders = ",".join(f"{ROOT / package}/" for package in PACKAGES)
    assert run(WATCHED, folders, *modules()) == []


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        ("open('/dev/null').close()", "open"),
        ("from pathlib import Path\nPath('a').write_text('')", "open"),
        ("import sqlite3\nsqlite3.connect('a')", "sqlite3.connect"),
        ("import socket\nsocket.create_server(('127.0.0.1', 0)).close()", "socket.bind"),
        ("import sqlalchemy\nsqlalchemy.create_engine('sqlite:///a').connect().close()", "sqlite3.connect"),
    ],
)
def test_a_module_that_touches_something_would_be_seen(deed: str, event: str, tmp_path: Path) -> None:
    (tmp_path / "guilty.py").write_text(deed)
    assert any(f" {event} " in one for one in run(WATCHED, f"{tmp_path}/", "guilty", folder=tmp_path))


def test_help_loads_nothing_that_is_heavy() -> None:
    assert loaded_after(HELP) & set(HEAVY) == set()


BARE = """
import typer

app = typer.Typer()
for name in "ab":
    app.command(name)(lambda: None)
app(["--help"])
"""
"""A program with two commands that do nothing."""


def test_help_takes_less_than_twice_as_long_as_that_of_a_program_that_does_nothing() -> None:
    """Seconds would tell how fast the machine is just now; a third of one is what it takes on two idle cores."""
    runs = [
        (seconds_of(ROOT / ".venv/bin/parkline", "--help"), seconds_of(sys.executable, "-c", BARE)) for _ in "12345"
    ]
    assert min(ours for ours, _ in runs) < 2 * min(bare for _, bare in runs)


def seconds_of(*command: str | Path) -> float:
    """Give the processor time of a command that shows its usage."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Usage: " in done.stdout
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("kind", SOURCES)
def test_knowing_a_kind_of_source_loads_no_protocol(kind: str) -> None:
    assert loaded_after(f"from adapters.registry import source_kind\nsource_kind({kind!r})") & set(PROTOCOLS) == set()


@pytest.mark.parametrize("kind", STORES)
def test_knowing_a_kind_of_store_loads_no_protocol(kind: str) -> None:
    assert loaded_after(f"from adapters.registry import store_kind\nstore_kind({kind!r})") & set(PROTOCOLS) == set()


@pytest.mark.parametrize("kind", CHANNELS)
def test_knowing_a_kind_of_channel_loads_no_protocol(kind: str) -> None:
    assert loaded_after(f"from adapters.registry import channel_kind\nchannel_kind({kind!r})") & set(PROTOCOLS) == set()
