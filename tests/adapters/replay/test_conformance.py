"""The replay source keeps every promise of a source, whatever the file is written in."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.sample import VALUE_TYPES, ValueType
from adapters.sources.contract import Point
from adapters.sources.replay.settings import FileFormat, ReplayAddress, ReplaySettings
from adapters.sources.replay.source import ReplaySource
from tests.conformance.source import NOON, FiniteSourceConformance, Report

SIGNALS: Mapping[ValueType, str] = {kind: f"works/line/mill/{kind}" for kind in VALUE_TYPES}
POINTS = [Point(path, kind, ReplayAddress(item=kind)) for kind, path in SIGNALS.items()]


class FilePeer:
    """A recorded file that somebody writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = ReplaySource("recording", ReplaySettings(files=(path,)), POINTS)
        no_parquet = ReplaySettings(files=(path.with_suffix(".txt"),), format=FileFormat.PARQUET)
        no_parquet.files[0].write_text("2024-05-17T12:00:00Z|float|1.5\n")
        self.refused = ReplaySource("no-parquet", no_parquet, POINTS)
        self.signals = SIGNALS
        self.rows: list[tuple[Any, str, str | None]] = []

    async def publish(self, reports: Sequence[Report]) -> None:
        """Write reports."""
        self.rows += [(one.time, item_of(one.signal), written(one.value)) for one in reports]
        self.write()

    async def publish_malformed(self, signal: str) -> None:
        """Write a value that is none of the signal's type."""
        self.rows.append((NOON, item_of(signal), "no number"))
        self.write()

    def write(self) -> None:
        """Write the file anew."""
        raise NotImplementedError


class ShdrPeer(FilePeer):
    def write(self) -> None:
        lines = [
            f"{time:%Y-%m-%dT%H:%M:%S.%fZ}|{item}|{'UNAVAILABLE' if value is None else value}\n"
            for time, item, value in self.rows
        ]
        self.path.write_text("".join(lines))


class CsvPeer(FilePeer):
    def write(self) -> None:
        with self.path.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["time", "item", "value"])
            table.writerows((time.isoformat(), item, value) for time, item, value in self.rows)


class ParquetPeer(FilePeer):
    def write(self) -> None:
        pl.DataFrame(self.rows, schema=["time", "item", "value"], orient="row").write_parquet(self.path)


def item_of(signal: str) -> str:
    return signal.rpartition("/")[2]


def written(value: object) -> str | None:
    return None if value is None else str(value)


class TestShdr(FiniteSourceConformance):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> FilePeer:
        return ShdrPeer(tmp_path / "recording.shdr")


class TestCsv(FiniteSourceConformance):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> FilePeer:
        return CsvPeer(tmp_path / "recording.csv")


class TestParquet(FiniteSourceConformance):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> FilePeer:
        return ParquetPeer(tmp_path / "recording.parquet")
