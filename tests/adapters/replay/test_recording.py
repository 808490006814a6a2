"""Files on the disk: blocks, compression, damage, formats."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.sources.replay import recording as recording_module
from adapters.sources.replay.recording import Recording
from adapters.sources.replay.reports import RecordingError, Stretch
from adapters.sources.replay.settings import FileFormat, ReplaySettings

LINES = [f"2024-05-17T12:00:{n:02}.{n:06}Z|load|{n}\n" for n in range(60)]
TEXT = "".join(LINES).encode()


def recorded(path: Path, content: bytes, **settings: Any) -> Recording:
    path.write_bytes(content)
    return Recording(path, ReplaySettings(files=(path,), **settings))


def read(recording: Recording) -> list[Stretch]:
    recording.check()
    return list(recording.read({"load"}))


def values(stretches: list[Stretch]) -> list[str]:
    return [value for stretch in stretches for value in stretch.reports["value"]]


def odd(stretches: list[Stretch]) -> list[tuple[Any, ...]]:
    return [row for stretch in stretches for row in stretch.oddities.iter_rows()]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.txt", FileFormat.SHDR),
        ("a.shdr.txt.gz", FileFormat.SHDR),
        ("a", FileFormat.SHDR),
        ("a.CSV", FileFormat.CSV),
        ("a.csv.gz", FileFormat.CSV),
        ("2024.05.17.parquet", FileFormat.PARQUET),
    ],
)
def test_the_name_tells_the_format(name: str, form: FileFormat) -> None:
    assert Recording(Path(name), ReplaySettings(files=(Path(name),))).format is form


def test_the_settings_overrule_the_name() -> None:
    path = Path("a.csv")
    assert Recording(path, ReplaySettings(files=(path,), format=FileFormat.SHDR)).format is FileFormat.SHDR


@pytest.mark.parametrize("block", [7, 64, 4096, 2**20])
@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT)], ids=["plain", "gzip"])
def test_lines_are_read_whatever_the_blocks(
    block: int, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "BLOCK", block)
    stretches = read(recorded(tmp_path / "day.txt", content))
    assert values(stretches) == [str(n) for n in range(60)]
    assert [line for stretch in stretches for line in stretch.reports["line"]] == list(range(1, 61))
    assert 0.9 < stretches[-1].read <= 1.0
    assert [stretch.read for stretch in stretches] == sorted(stretch.read for stretch in stretches)


def test_a_last_line_without_an_end_is_a_line(tmp_path: Path) -> None:
    assert values(read(recorded(tmp_path / "day.txt", TEXT.removesuffix(b"\n")))) == [str(n) for n in range(60)]


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    assert read(recorded(tmp_path / "day.txt", b"")) == []


def test_a_line_without_end_is_cut_and_what_follows_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "BLOCK", 100)
    monkeypatch.setattr(recording_module, "LONGEST_LINE", 1000)
    stretches = read(recorded(tmp_path / "day.txt", LINES[0].encode() + b"x" * 5000 + b"\n" + LINES[1].encode()))
    assert values(stretches) == ["0", "1"]
    assert sum(len(line) for _, line, _ in odd(stretches)) == 5000


def test_gzip_files_that_were_appended_to_each_other_are_read_whole(tmp_path: Path) -> None:
    content = gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]) + b"\0" * 512
    assert values(read(recorded(tmp_path / "day.txt.gz", content))) == [str(n) for n in range(60)]


@pytest.mark.parametrize("name", ["day.txt.gz", "day.csv.gz"])
def test_a_gzip_file_that_breaks_off_gives_its_whole_lines_and_an_oddity(name: str, tmp_path: Path) -> None:
    text = TEXT if "txt" in name else b"time,load\n" + TEXT.replace(b"|load|", b",")
    stretches = read(recorded(tmp_path / name, gzip.compress(text)[:-40]))
    found = values(stretches)
    assert 0 < len(found) < 60
    assert found == [str(n) for n in range(len(found))]
    [(line, rest, reason)] = odd(stretches)
    assert line == len(found) + (1 if "txt" in name else 2)
    assert rest == text.split(b"\n")[line - 1][: len(rest)]
    assert reason == "the gzip stream breaks off here; copy the file again"


def test_a_damaged_gzip_file_gives_what_can_be_read_and_an_oddity(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[-8:-4] = b"\0\0\0\0"
    stretches = read(recorded(tmp_path / "day.txt.gz", bytes(content)))
    assert values(stretches) == [str(n) for n in range(60)]
    assert "the gzip stream is damaged from here on" in odd(stretches)[-1][2]


@pytest.mark.parametrize("name", ["day.txt.gz", "day.csv.gz"])
def test_a_gzip_file_of_which_nothing_can_be_read_is_told_so(name: str, tmp_path: Path) -> None:
    recording = recorded(tmp_path / name, b"\x1f\x8b\x08\x00" + b"\xff" * 60)
    if "csv" in name:
        with pytest.raises(RecordingError, match="no first line that names the columns"):
            recording.check()
    else:
        assert "the gzip stream is damaged" in odd(read(recording))[0][2]


def test_what_is_no_parquet_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no Parquet file"):
        recorded(tmp_path / "day.parquet", TEXT).check()


def test_a_parquet_file_that_was_cut_after_it_was_checked_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    pl.DataFrame({"time": ["2024-05-17"] * 9, "load": range(9)}).write_parquet(path)
    content = path.read_bytes()
    recording = recorded(path, content[:20] + b"\xff" * 60 + content[80:])
    with pytest.raises(RecordingError, match="no Parquet file, or a damaged one"):
        read(recording)


def test_a_table_without_a_time_is_told_so_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="set `time_column`"):
        recorded(tmp_path / "day.csv", b"when,load\n1,2\n").check()
    pl.DataFrame({"when": [1], "load": [2]}).write_parquet(tmp_path / "day.parquet")
    path = tmp_path / "day.parquet"
    with pytest.raises(RecordingError, match="set `time_column`"):
        Recording(path, ReplaySettings(files=(path,))).check()
