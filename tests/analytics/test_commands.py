"""The verbs `replay` and `kpi`, on an installation on disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from analytics.commands import kpi, replay
from analytics.site import site
from collector.config.problems import ConfigError
from tests.analytics.installation import RECORDED, SAMPLES, install, record

RUNNER = CliRunner()


def run_replay(*arguments: object) -> Result:
    return RUNNER.invoke(replay.app, [str(argument) for argument in arguments])


def run_kpi(*arguments: object) -> Result:
    return RUNNER.invoke(kpi.app, [str(argument) for argument in arguments])


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log off stdout, where it goes until the root of all verbs has configured it."""
    with capture_logs():
        yield


@pytest.fixture
def line(tmp_path: Path) -> Path:
    return install(tmp_path / "configs")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return record(tmp_path / "recorded")


def test_a_recorded_file_is_stored_and_computed(line: Path, recorded: Path) -> None:
    told = printed(run_replay(line, recorded, "-o", "json"))
    assert told["samples"] == {"sent": SAMPLES, "stored": SAMPLES}
    assert told["equipment"] == [
        {
            "path": "works/line-1/press",
            "utilisation": 0.75,
            "coverage": 1.0,
            "seconds": {"idle": 3600.0, "producing": 10800.0},
        }
    ]
    assert [(one["key"], one["began"], one["ended"]) for one in told["alerts"]] == [
        ("high:80", "2026-03-02T02:00:00Z", "2026-03-02T03:00:00Z"),
        ("345", "2026-03-02T02:00:00Z", "2026-03-02T03:00:00Z"),
    ]


def test_its_numbers_are_printed_afterwards(line: Path, recorded: Path) -> None:
    run_replay(line, recorded)
    rows = json.loads(run_kpi("works/line-1/press", "--period", "shift", "-c", line.parents[1], "-o", "json").stdout)
    assert [(row["name"], row["start"], row["end"], row["utilisation"]) for row in rows] == [
        ("day", "2026-03-02T00:00:00Z", "2026-03-02T04:00:00Z", 0.75)
    ]
    table = run_kpi("--kpi", "utilisation", "-c", line.parents[1])
    assert table.exit_code == 0
    assert "2026-03-02 to 12:00" in table.stdout


def test_playing_it_again_changes_nothing(line: Path, recorded: Path) -> None:
    first, second = (printed(run_replay(line, recorded, "-o", "json")) for _ in range(2))
    assert first == second


def test_tables_are_for_people(line: Path, recorded: Path) -> None:
    shown = run_replay(line, recorded)
    assert shown.exit_code == 0
    for word in ("stored", "producing h", "DOOR OPEN"):
        assert word in shown.stdout


def test_samples_that_are_refused_end_in_failure(line: Path, tmp_path: Path) -> None:
    text = RECORDED + "1970-01-01T00:00:09Z|execution|RUN\n"
    result = run_replay(line, record(tmp_path, text), "-o", "json")
    assert result.exit_code == 1
    assert "1 of 10 samples were refused" in result.stderr


def test_a_line_file_alone_is_enough(line: Path, recorded: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "press.yaml"
    alone.parent.mkdir()
    alone.write_text(line.read_text(encoding="utf-8"), encoding="utf-8")
    told = printed(run_replay(alone, recorded, "--store", f"lake:{tmp_path / 'kept'}", "-o", "json"))
    assert told["equipment"][0]["utilisation"] == 0.75
    assert (tmp_path / "kept").is_dir()
    assert [path.name for path in alone.parent.iterdir()] == ["press.yaml"]


def test_mistakes_of_a_line_file_alone_are_told_at_their_place(line: Path, recorded: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "press.yaml"
    alone.parent.mkdir()
    alone.write_text(line.read_text(encoding="utf-8").replace("role: state", "role: stat"), encoding="utf-8")
    result = run_replay(alone, recorded)
    assert result.exit_code == 2
    assert f"{alone}:12:" in result.stderr


def test_a_line_of_no_installation_is_told(line: Path, recorded: Path) -> None:
    stranger = line.with_name("other.yml")
    stranger.write_text(line.read_text(encoding="utf-8").replace("line: line-1", "line: line-2"), encoding="utf-8")
    result = run_replay(stranger, recorded)
    assert result.exit_code == 2
    assert "line works/line-2 is not in" in result.stderr


@pytest.mark.parametrize(
    ("store", "hint"),
    [
        ("lak:x", "did you mean `lake`"),
        ("influxdb:ftp://x", "`url`"),
        ("influxdb:url=http://localhost:1,buckt=x", "`buckt`"),
        ("lake:folder=${env:NO_SUCH_NAME}", "NO_SUCH_NAME is not set"),
    ],
)
def test_a_wrong_store_is_told(line: Path, store: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint), site(line, None, store):
        pass


def test_a_store_is_named_by_its_place_or_by_its_keys(line: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    with site(line, None, "influxdb:http://localhost:8086") as (config, _):
        assert "http://localhost:8086" in str(config.installation.store.settings)
    with site(line, None, "influxdb:url=http://localhost:8086,bucket=b,token=${env:TOKEN}") as (config, _):
        settings = config.installation.store.settings
    assert config.installation.store.kind == "influxdb"
    assert settings.token.get_secret_value() == "secret"  # type: ignore[attr-defined]


def test_files_that_are_not_there_are_a_wrong_call(line: Path, recorded: Path, tmp_path: Path) -> None:
    assert run_replay(line, tmp_path / "nothing.csv").exit_code == 2
    assert run_replay(tmp_path / "nothing.yaml", recorded).exit_code == 2
    assert run_kpi("-c", tmp_path / "nothing").exit_code == 2


def test_a_wrong_question_is_a_wrong_call(line: Path) -> None:
    result = run_kpi("--period", "week", "-c", line.parents[1])
    assert result.exit_code == 2
    assert "`hour`, `shift` or `day`" in result.stderr


def test_a_path_alone_stands_for_show(line: Path, recorded: Path) -> None:
    run_replay(line, recorded)
    given = ("works/line-1/press", "-c", line.parents[1], "-o", "json")
    assert printed(run_kpi(*given)) == printed(run_kpi("show", *given))
    assert printed(run_kpi("-c", line.parents[1], "-o", "json")) == printed(
        run_kpi("show", "-c", line.parents[1], "-o", "json")
    )
    every = run_kpi("--help").stdout
    assert all(verb in every for verb in ("show", "explain", "recompute"))


def test_a_window_is_explained(line: Path, recorded: Path) -> None:
    run_replay(line, recorded)
    told = run_kpi("explain", "works/line-1/press", "2026-03-02T10:00", "-c", line.parents[1])
    assert told.exit_code == 0, told.output
    assert "Utilisation was 0.0 %: it produced for 0 s of 1 h 00 min planned." in told.stdout
    assert "WAIT (Idle), once" in told.stdout
    shift = printed(run_kpi("explain", "works/line-1/press", "2026-03-02/day", "-c", line.parents[1], "-o", "json"))
    assert (shift["name"], shift["version"], shift["account"]["producing_time"]) == ("day", 1, 3 * 3600)
    chinese = run_kpi("explain", "works/line-1/press", "2026-03-02", "--lang", "zh", "-c", line.parents[1])
    assert "利用率为 75.0 %" in chinese.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("works/line-1/pres", "2026-03-02"), "did you mean `works/line-1/press`"),
        (("works/line-1/press", "yesterday"), "write 2026-03-02"),
        (("works/line-1/press", "2026-03-02/night"), "night"),
        (("works/line-1/press", "2026-03-02", "--language", "fr"), "write zh or en"),
    ],
)
def test_what_cannot_be_explained_is_a_wrong_call(line: Path, arguments: tuple[str, ...], hint: str) -> None:
    result = run_kpi("explain", *arguments, "-c", line.parents[1])
    assert result.exit_code == 2
    assert hint in result.stderr


def test_a_period_is_computed_again_and_says_what_changed(line: Path, recorded: Path) -> None:
    run_replay(line, recorded)
    again = ("recompute", "park", "--from", "2026-03-02", "--to", "2026-03-03", "-c", line.parents[1], "-o", "json")
    assert printed(run_kpi(*again))[0]["results written"] > 0  # the hours before the recording begins
    assert printed(run_kpi(*again))[0]["results written"] == 0
    line.write_text(line.read_text(encoding="utf-8").replace("WAIT: idle", "WAIT: setup"), encoding="utf-8")
    assert printed(run_kpi(*again))[0]["results written"] > 0
    told = printed(run_kpi("explain", "works/line-1/press", "2026-03-02", "-c", line.parents[1], "-o", "json"))
    assert (told["version"], told["reason"], told["account"]["setup_time"]) == (2, "recomputed", 3600)
    (before,) = told["restatements"]
    assert before["changes"]["setup_time"] == [0, 3600]


def test_only_what_is_there_is_computed_again(line: Path) -> None:
    result = run_kpi("recompute", "works/lime-1", "--from", "2026-03-02", "--to", "2026-03-03", "-c", line.parents[1])
    assert result.exit_code == 2
    assert "did you mean `works/line-1`" in result.stderr
