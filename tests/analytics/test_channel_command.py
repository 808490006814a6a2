"""The verb `channel`: what is configured, a test that shows what the receiver says, and what is owed."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analytics import alertlog, channelhealth, outbox
from analytics.commands import channel
from analytics.notices import Notices
from analytics.routing import Rules
from collector.assembly import open_records
from collector.load import load
from tests.analytics.installation import install
from tests.analytics.telling import alert, at

RUNNER = CliRunner()
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

MAIN = """\
store: {{kind: lake}}
alerts:
  channels:
    - name: hook
      kind: webhook
      url: http://127.0.0.1:{port}/x
      secrets: ["${{env:HOOK}}"]
      language: en
      timeout: 2 s
    - {{name: mail, kind: mail, host: mail.plant, sender: a@plant.example, to: [b@plant.example]}}
  routes:
    - {{name: all, channels: [hook], escalate: {{after: 15 min, channels: [mail]}}}}
"""


@pytest.fixture
def answers() -> dict[str, Any]:
    """What the receiver answers; `taken`: what it was sent."""
    return {"status": 200, "body": b"thanks", "taken": []}


@pytest.fixture
def folder(tmp_path: Path, answers: dict[str, Any]) -> Iterator[Path]:
    """Give an installation with a channel whose receiver answers."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answers["taken"].append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(answers["status"])
            self.send_header("content-length", str(len(answers["body"])))
            self.end_headers()
            self.wfile.write(answers["body"])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()

    folder = tmp_path / "configs"
    install(folder)
    (folder / "parkline.yaml").write_text(MAIN.format(port=server.server_address[1]), encoding="utf-8")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)


def run(*arguments: object) -> Result:
    return RUNNER.invoke(channel.app, [str(argument) for argument in arguments])


def in_records(folder: Path, work: Callable[[Any, Rules], Any]) -> Any:
    async def done() -> Any:
        config = load(folder)
        async with open_records(config) as records:
            return await records.run(lambda c: work(c, Rules(config.installation.alerts, config.park)))

    return asyncio.run(done())


def test_channels_are_listed_without_their_secrets(folder: Path) -> None:
    result = run("list", "-c", folder, "-o", "json")
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert (rows["hook"]["routes"], rows["mail"]["routes"]) == ("all", "all (escalation)")
    assert "b@plant.example" in rows["mail"]["settings"]
    assert rows["hook"]["settings"].startswith("http://127.0.0.1:")
    assert SECRET.removeprefix("whsec_") not in result.stdout


def test_a_test_shows_what_the_receiver_says(folder: Path, answers: dict[str, Any]) -> None:
    result = run("test", "hook", "-c", folder)
    assert result.exit_code == 0, result.output
    assert "thanks" in result.stdout
    (taken,) = answers["taken"]
    assert (taken["type"], taken["title"]) == ("test", "Test notice from parkline: channel hook works")


def test_a_test_that_is_refused_says_what_to_do(folder: Path, answers: dict[str, Any]) -> None:
    answers["status"] = 401
    result = run("test", "hook", "-c", folder)
    assert result.exit_code == 1
    assert "hook: refused: " in result.stderr
    assert "`secrets`" in result.stderr


def test_a_channel_that_is_not_there_is_named(folder: Path) -> None:
    result = run("test", "hok", "-c", folder)
    assert result.exit_code == 2
    assert "there are hook, mail" in result.stderr


def test_a_test_that_works_ends_the_alert_that_the_channel_fails(folder: Path) -> None:
    in_records(folder, lambda c, rules: channelhealth.doubt(c, rules, "hook", "no", at(0)))
    assert run("test", "hook", "-c", folder).exit_code == 0
    (told,) = in_records(folder, lambda c, _: alertlog.read_alerts(c))
    assert (told.signal, told.active) == ("channel:hook", False)


def test_the_outbox_is_shown(folder: Path) -> None:
    def fill(connection: Any, rules: Rules) -> None:
        found = [alert("works/line-1/press")]
        alertlog.fold(connection, found, now=at(0), suppressed=lambda _: "")
        outbox.deliver(connection, rules, Notices(rules), at(0))
        channelhealth.doubt(connection, rules, "mail", "no such user", at(1))

    in_records(folder, fill)
    told = json.loads(run("status", "-c", folder, "-o", "json", "--last", 5).stdout)
    rows = {row["name"]: row for row in told["channels"]}
    assert (rows["hook"]["state"], rows["hook"]["waiting"]) == ("unseen", 1)
    assert rows["hook"]["oldest waiting"] == "2026-03-02T04:00:00Z"
    assert (rows["mail"]["state"], rows["mail"]["last error"]) == ("refused", "no such user")
    assert [one["says"] for one in told["notifications"]] == [
        "[medium] press: Force: 83.2 kN is above its limit of 80 kN"
    ]
    for verb in (("list",), ("status", "--last", 5)):
        table = run(*verb, "-c", folder, "--lang", "zh").stdout
        assert "渠道" in table
        assert "名称" in table
        english = {*rows["hook"], *told["notifications"][0], "routes", "settings", "quiet", "channels", "unseen"} - {
            "id"
        }
        assert not english & set(re.findall(r"[a-z][a-z ]*[a-z]", table)) - {"mail", "all"}


def test_without_records_there_is_nothing_to_show(folder: Path) -> None:
    told = json.loads(run("status", "-c", folder, "-o", "json").stdout)
    assert [row["state"] for row in told["channels"]] == ["unseen", "unseen"]
    assert not (folder / "data").exists()
