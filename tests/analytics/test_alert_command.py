"""The verb `alert`, on an installation on disk."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analytics.alertlog import fold, read_standing
from analytics.alerts import Alert, Contribution
from analytics.commands import alert
from analytics.lifecycle import Standing
from collector.assembly import open_records
from collector.load import load
from tests.analytics.alarms import nothing, occurrence
from tests.analytics.installation import install

RUNNER = CliRunner()
NOW = datetime.now(UTC)
MACHINE = "works/line-1/press"


class Plant:
    """An installation whose press is too hot, and the verb on it."""

    def __init__(self, folder: Path) -> None:
        install(folder)
        self.folder = folder
        shares = (Contribution(f"{MACHINE}/force", 0.6),)
        self.hot = replace(occurrence(0, equipment=MACHINE, contributions=shares), began=NOW - timedelta(hours=2))
        self.find(self.hot)

    def find(self, *alerts: Alert) -> None:
        async def work() -> None:
            async with open_records(load(self.folder)) as records:
                await records.run(lambda connection: fold(connection, alerts, now=NOW, suppressed=nothing))

        asyncio.run(work())

    def standing(self) -> Standing:
        async def work() -> Standing | None:
            async with open_records(load(self.folder)) as records:
                return await records.run(lambda connection: read_standing(connection, self.hot.id))

        found = asyncio.run(work())
        assert found is not None
        return found

    def run(self, *arguments: str) -> Result:
        return RUNNER.invoke(alert.app, [*arguments, "-c", str(self.folder)])

    def told(self, *arguments: str) -> Any:
        result = self.run(*arguments, "-o", "json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def do(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 2, result.output
        return result.stderr


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path / "configs")


def test_open_alerts_are_listed_and_shown(plant: Plant) -> None:
    [listed] = plant.told("list")
    assert (listed["id"], listed["state"], listed["count"]) == (plant.hot.id, "unacknowledged", 1)
    assert listed["contributions"] == [{"signal": f"{MACHINE}/force", "share": 0.6}]
    assert plant.told("list", "works", "--severity", "medium") == [listed]
    assert plant.told("list", "--state", "shelved") == plant.told("list", "--severity", "low") == []
    assert plant.told("list", "--to", (NOW - timedelta(hours=3)).isoformat()) == []
    shown = plant.told("show", plant.hot.id)
    assert [one["kind"] for one in shown["events"]] == ["raised"]
    assert shown == listed | {"events": shown["events"]}


def test_tables_speak_the_readers_language_and_the_factorys_time(plant: Plant) -> None:
    local = f"{plant.hot.began + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"  # Shanghai
    english, chinese = plant.do("list"), plant.do("list", "--language", "zh")
    assert "unacknowledged" in english
    assert "未确认" in chinese
    assert local in " ".join(chinese.split())
    history = plant.do("show", plant.hot.id, "--language", "zh")
    assert "产生" in history
    assert f"{MACHINE}/force" in history


def test_an_acknowledgement_closes_what_is_over_and_lists_no_more(plant: Plant) -> None:
    plant.find(replace(plant.hot, ended=NOW))
    said = plant.do("ack", plant.hot.id, "--person", "李工", "--comment", "bearing changed")
    (line,) = said.splitlines()
    assert line.startswith(f"{plant.hot.id} normal: {plant.hot.equipment}: ")
    assert plant.do("ack", plant.hot.id) == "nothing to change\n"
    assert plant.told("list") == []
    [closed] = plant.told("list", "--all")
    assert (closed["state"], closed["person"]) == ("normal", "李工")


def test_who_says_nothing_of_themselves_is_the_login(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "operator-7")
    plant.do("comment", plant.hot.id, "loud")
    assert [(one["person"], one["comment"]) for one in plant.told("show", plant.hot.id)["events"][1:]] == [
        ("operator-7", "loud")
    ]


def test_alerts_are_shelved_for_a_while(plant: Plant) -> None:
    plant.do("shelve", plant.hot.id, "--for", "8h", "--reason", "bearing")
    until = plant.standing().shelved_until
    assert until is not None
    assert timedelta(hours=8) <= until - NOW <= timedelta(hours=9)
    [point] = plant.told("points")
    assert (point["signal"], point["reason"], point["out_of_service"]) == (f"{MACHINE}/temperature", "bearing", False)
    assert "bearing" in plant.do("points", "--language", "zh")
    assert f"{plant.hot.id} unacknowledged: " in plant.do("unshelve", plant.hot.id)
    assert plant.told("points") == []


def test_a_line_is_shelved_until_an_instant(plant: Plant) -> None:
    until = (NOW + timedelta(days=1)).isoformat()
    assert "shelved" in plant.do("shelve", "--path", "works/line-1", "--until", until, "--reason", "overhaul")
    assert plant.told("points")[0]["path"] == "works/line-1"
    assert "shelved with all of works/line-1" in plant.refused("unshelve", plant.hot.id)
    plant.do("unshelve", "--path", "works/line-1")
    assert plant.standing().state == "unacknowledged"


def test_a_machine_without_open_alerts_is_shelved_and_unshelved(plant: Plant) -> None:
    plant.find(replace(plant.hot, ended=NOW))
    plant.do("ack", plant.hot.id)
    shelve = ("shelve", "--path", MACHINE, "--for", "8h", "--reason", "overhaul")
    assert plant.do(*shelve) == "shelved; no alert is open there\n"
    assert plant.do("unshelve", "--path", MACHINE) == "no longer shelved; no alert is open there\n"
    assert plant.told("points") == []


def test_a_shelf_that_changes_nothing_for_an_alert_below_says_so(plant: Plant) -> None:
    plant.do("shelve", plant.hot.id, "--for", "2d", "--reason", "bearing")
    shelve = ("shelve", "--path", MACHINE, "--for", "8h", "--reason", "overhaul")
    assert plant.do(*shelve) == "shelved; nothing changes for the alerts there\n"
    assert plant.do("unshelve", "--path", MACHINE) == "no longer shelved; nothing changes for the alerts there\n"


def test_a_factory_that_is_called_as_its_park_is_shelved(plant: Plant) -> None:
    file = plant.folder / "park.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("id: park", "id: works"), encoding="utf-8")
    plant.do("shelve", "--path", "works", "--for", "8h", "--reason", "holidays")
    assert plant.standing().state == "shelved"


def test_a_point_goes_out_of_service_and_back(plant: Plant) -> None:
    assert f"{plant.hot.id} out of service: " in plant.do("out-of-service", plant.hot.id, "--reason", "sensor broken")
    assert f"{plant.hot.id} unacknowledged: " in plant.do("in-service", plant.hot.id)


def test_actions_are_all_or_nothing(plant: Plant) -> None:
    assert "there is no alert 'ffff'; `parkline alert list`" in plant.refused("ack", plant.hot.id, "ffff")
    assert plant.standing().acknowledged is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "ffff"], "`parkline alert list --all` shows them"),
        (["list", "works/line-2"], "'works/line-2' is nothing in this park; did you mean `works/line-1`?"),
        (["list", "--state", "shelvd"], "there is no 'shelvd'; did you mean `shelved`?"),
        (["list", "--from", "noon"], "--from: 'noon' is no instant"),
        (["reset", "HOT"], "can be reset when that is gone"),
        (["shelve", "HOT", "--reason", "x"], "write --for 8h, or --until"),
        (["shelve", "HOT", "--reason", "x", "--for", "soon"], "--for: "),
        (["shelve", "HOT", "--reason", "x", "--for", "8d"], "not for longer"),
        (["shelve", "HOT", "--reason", " ", "--for", "8h"], "say why it is shelved"),
        (["shelve", "--reason", "x", "--for", "8h"], "write ids of alerts, or --path"),
        (["shelve", "HOT", "--reason", "x", "--for", "9999999d"], "not for longer"),
        (["shelve", "HOT", "--reason", "x", "--for", f"{10**400}d"], "not for longer"),
        (["shelve", "--path", "works/lin-1", "--reason", "x", "--for", "8h"], "is nothing in this park"),
        (["shelve", "--path", "park", "--reason", "x", "--for", "8h"], "name a factory, line or machine"),
        (["unshelve", "--path", "park"], "park is not shelved; `parkline alert points` shows what is"),
        (["performance", "--from", "2026-03-03", "--to", "2026-03-02"], "--to: it must lie after --from"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(plant: Plant, arguments: list[str], said: str) -> None:
    said = said.replace("not for longer", "nothing is shelved for longer than 7 days")
    assert said in plant.refused(*(plant.hot.id if one == "HOT" else one for one in arguments))


def test_performance_is_told_beside_its_targets(plant: Plant) -> None:
    later = (NOW + timedelta(hours=1)).isoformat()
    told = plant.told("performance", MACHINE, "--to", later)
    assert (told["annunciations"], told["short"]) == (1, False)
    [rate] = [one for one in told["measures"] if one["metric"] == "average_per_hour"]
    assert (rate["target"], rate["limit"], rate["verdict"]) == (6, 12, "acceptable")
    assert [one["signal"] for one in told["top"]] == [f"{MACHINE}/temperature"]
    before = plant.told("performance", "--to", (NOW - timedelta(days=1)).isoformat())
    assert (before["annunciations"], before["occurrences"], before["top"]) == (0, 0, [])
    table = plant.do("performance", "--to", later, "--language", "zh")
    assert "告警绩效" in table
    assert "每小时告警数" in table
