"""What most tests of the API need: the plant, lived once, and a client with a key."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.client import asking
from tests.api.plant import Plant, build


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Give the plant after its three days; tests read it and do not write to it."""
    return build(tmp_path_factory.mktemp("plant"))


@pytest.fixture
async def api(plant: Plant) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the plant's API that holds a key."""
    async with plant.parts() as parts, asking(parts, key=plant.key) as client:
        yield client
