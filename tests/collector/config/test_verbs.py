"""The verbs `check` and `source`, as an engineer types them; the links of the trials are real."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from collector.commands import check, source
from collector.config.schema import schemas
from collector.conflictlog import add_doubles
from collector.conflicts import Conflict, Doubles
from collector.links import Link, write_links
from collector.load import load
from collector.records import Records
from collector.trial import trial
from tests.collector.config.files import LINE, write
from tests.collector.config.test_mistakes import MISTAKES, marked
from tests.servers.asyncua_server import AsyncuaServer, asyncua_server
from tests.servers.mosquitto import Mosquitto, Publisher, mosquitto
from tests.servers.opcua_write import node_id

__all__ = ["asyncua_server", "mosquitto"]

RUNNER = CliRunner()

MQTT_LINE = """
line: press-line
factory: press-works
sources:
  - {{ name: broker, kind: mqtt, host: 127.0.0.1, port: {port} }}
equipment:
  - id: press-01
    signals:
      - {{ name: force, source: broker, topic: press/force, type: float, unit: kN }}
      - {{ name: door, source: broker, topic: press/door, type: bool }}
"""

OPCUA_LINE = """
line: press-line
factory: press-works
sources:
  - {{ name: plc, kind: opcua, endpoint: "{endpoint}" }}
equipment:
  - id: press-01
    signals:
      - {{ name: force, source: plc, node: "{force}", type: float, unit: kN }}
      - {{ name: lost, source: plc, node: "{lost}", type: float }}
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log off stdout, where it goes until the root of all verbs has configured it."""
    with capture_logs():
        yield


def run(verb: Any, *arguments: object) -> Result:
    return RUNNER.invoke(verb.app, [str(argument) for argument in arguments])


def test_check_says_what_a_right_configuration_holds(tmp_path: Path) -> None:
    done = run(check, write(tmp_path))
    assert done.exit_code == 0
    assert "nothing is wrong" in done.stdout
    assert "signals" in done.stdout
    done = run(check, tmp_path / "parkline.yaml", "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


def test_check_prints_every_mistake_and_fails() -> None:
    done = run(check, MISTAKES)
    assert done.exit_code == 2
    assert done.stdout == ""
    told = done.stderr.splitlines()
    assert len(told) == len(list(marked())) + 1
    assert told[0].startswith(f"{MISTAKES}/lines/press-02.csv:1:7: the column `limit_hihg` is not known")


def test_check_prints_mistakes_for_programs() -> None:
    done = run(check, MISTAKES, "-o", "json")
    assert done.exit_code == 2
    told = json.loads(done.stdout)
    assert {(one["file"], one["line"], one["column"]) for one in told} == {place[:3] for place in marked()}
    assert all(set(one) == {"file", "line", "column", "message"} for one in told)


def test_check_names_files_as_it_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "configs", line="a: [")
    monkeypatch.chdir(tmp_path)
    assert run(check).stderr.startswith("configs/lines/press.yaml:1:5: ")


def test_check_writes_the_schemas(tmp_path: Path) -> None:
    done = run(check, "--write-schemas", tmp_path / "schema")
    assert done.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "schema").iterdir()) == sorted(schemas())


def test_list_shows_sources_that_no_collector_has_opened(tmp_path: Path) -> None:
    done = run(source, "list", "-c", write(tmp_path), "-o", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == [
        {
            "name": "plc",
            "kind": "opcua",
            "line": "press-works/press-line",
            "endpoint": "opc.tcp://127.0.0.1:4840",
            "signals": 1,
            "state": "unseen",
            "last_sample": None,
            "samples": None,
            "problem": "",
            "duplicates": 0,
            "conflicts": 0,
            "last_conflict": None,
        }
    ]
    assert not (tmp_path / "data").exists()


def test_list_shows_how_the_collector_found_them(tmp_path: Path) -> None:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    link = Link("plc", "down", noon, noon, noon, noon, 42, 0, "nobody answers; check the cable")

    async def note() -> None:
        (tmp_path / "data").mkdir()
        async with Records(load(write(tmp_path)).installation.records.url.get_secret_value()) as records:
            await records.run(lambda connection: write_links(connection, [link]))
            twice = Doubles(5, 1, Conflict("press-works/press-line/press-01/force", noon, "1.5", "2.5"))
            await records.run(lambda connection: add_doubles(connection, {"plc": twice}))

    asyncio.run(note())
    done = run(source, "list", "-c", tmp_path, "-o", "json")
    row = json.loads(done.stdout)[0]
    assert (row["state"], row["samples"], row["problem"]) == ("down", 42, "nobody answers; check the cable")
    assert row["last_sample"] == "2026-10-01T12:00:00Z"
    assert (row["duplicates"], row["conflicts"]) == (5, 1)
    assert (row["last_conflict"]["earlier"], row["last_conflict"]["later"]) == ("1.5", "2.5")
    assert "nobody answers" in run(source, "list", "-c", tmp_path).stdout.replace("\n", " ")


def test_a_wrong_call_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    unknown = run(source, "test", "plcc", "-c", tmp_path)
    assert (unknown.exit_code, unknown.stderr) == (2, "there is no source 'plcc'; there are plc\n")
    short = run(source, "test", "plc", "-c", tmp_path, "--for", "5")
    assert short.exit_code == 2
    assert short.stderr.startswith("--for: '5' is no duration; write a number and a unit")
    write(tmp_path, line=LINE.replace("kN", "kNn"))
    assert run(source, "list", "-c", tmp_path).exit_code == 2


def test_a_source_that_does_not_answer_is_told(tmp_path: Path) -> None:
    write(tmp_path, line=MQTT_LINE.format(port=1))
    done = run(source, "test", "broker", "-c", tmp_path, "--for", "1s")
    assert done.exit_code == 1
    assert done.stderr.startswith("broker: ")
    assert "127.0.0.1:1" in done.stderr


def test_a_recorded_file_is_tried_to_its_end(tmp_path: Path) -> None:
    line = LINE.replace('kind: opcua, endpoint: "opc.tcp://127.0.0.1:4840"', "kind: replay, files: [a.csv]")
    line = line.replace("node: nsu=urn:press;s=Force", "item: F")
    rows = "time,item,value\n2026-10-01T12:00:00Z,F,1.5\n2026-10-01T12:00:01Z,F,2.5\n2026-10-01T12:00:02Z,F,x\n"
    write(tmp_path, {"lines/a.csv": rows}, line=line)
    done = run(source, "test", "plc", "-c", tmp_path, "--for", "1 min", "-o", "json")
    assert done.exit_code == 0
    heard = json.loads(done.stdout)
    assert heard["signals"][0]["value"] == 2.5
    assert heard["signals"][0]["time"] == "2026-10-01T12:00:01Z"
    assert heard["signals"][0]["status"] == "Good"
    assert heard["signals"][0]["heard"] == 2
    assert heard["refusals"][0]["count"] == 1


@pytest.mark.system
async def test_a_trial_leaves_the_collectors_session_and_its_messages_alone(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    write(tmp_path / "park", line=MQTT_LINE.format(port=mosquitto.port))
    park = load(tmp_path / "park").park
    async with Publisher(mosquitto.port) as publisher:
        await publisher.publish("press/force", b"1.5", retain=True)
        first = await trial(park, "broker", 0.5)
        again = await trial(park, "broker", 0.5)
    assert [(row["value"], row["heard"]) for row in first.signals] == [(1.5, 1), (None, 0)]
    assert first.signals[1]["note"].startswith("silent; what is sent on change alone")
    assert first.refused == 0
    assert again.signals[0]["heard"] == 1, "an unacknowledged message came back with a kept session"


@pytest.mark.system
async def test_a_trial_says_which_signals_a_server_does_not_have(tmp_path: Path, asyncua_server: AsyncuaServer) -> None:
    await asyncua_server.add({"trial_force": ("Double", 7.5)})
    nodes = {"force": node_id("trial_force"), "lost": node_id("trial_lost")}
    write(tmp_path, line=OPCUA_LINE.format(endpoint=asyncua_server.endpoint, **nodes))
    heard = await trial(load(tmp_path).park, "plc", 2.0)
    force, lost = heard.signals
    assert (force["value"], force["status"]) == (7.5, "Good")
    assert lost["value"] is None
    assert lost["status"].startswith("Bad")
    assert "trial_lost" in lost["note"] or "BadNodeId" in lost["note"], lost
    assert heard.refused == 1
    done = await asyncio.to_thread(run, source, "test", "plc", "-c", tmp_path, "--for", "1s")
    assert done.exit_code == 1
    assert "plc: 1 signal is refused; mend the address or the type" in done.stderr
