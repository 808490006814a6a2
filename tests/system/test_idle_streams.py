"""What one idle listener costs the API, on a real server: ten thousand have to fit (`make prove NAME=idle-streams`)."""

from pathlib import Path

import pytest

from tests.prove.idle_streams import TOLD, hold

pytestmark = pytest.mark.system

CLIENTS = 500

MOST_KB = 34
"""A little more than what 10,000 may have, for what one process allocates by the page."""


async def test_idle_listeners_cost_little_and_all_are_told(tmp_path: Path) -> None:
    held = await hold(tmp_path / "site", CLIENTS, idle_s=2)
    assert held.delivered == CLIENTS * TOLD
    assert held.doubled == 0
    assert (held.rss_mb - held.empty_mb) * 1000 / CLIENTS < MOST_KB
