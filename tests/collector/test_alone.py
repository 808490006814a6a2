"""One spool, one collector."""

import os
from pathlib import Path

import pytest

from collector.alone import OtherCollectorError, alone


def test_a_second_collector_is_told_who_is_there_and_what_to_do(tmp_path: Path) -> None:
    spool = tmp_path / "data" / "spool.db"
    with (
        alone(spool),
        pytest.raises(OtherCollectorError, match=rf"process {os.getpid()} collects into .*spool\.db"),
        alone(spool),
    ):
        pass


def test_the_next_one_may_when_the_first_is_gone(tmp_path: Path) -> None:
    spool = tmp_path / "spool.db"
    with alone(spool):
        pass
    with alone(spool):
        pass
