"""The application as a whole: a request that was answered leaves nothing behind."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from tests.api.plant import Plant


class _Mark:
    """Something in a request's scope that tells whether somebody holds it."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Let no garbage be collected."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
async def test_no_request_waits_for_the_collector_of_garbage(plant: Plant) -> None:
    async with plant.parts() as parts:
        app = create_app(parts)
        for _ in ("made", "remembered"):
            mark = _Mark()
            held = weakref.ref(mark)
            await _ask(app, "/api/v1/equipment", plant.key, mark)
            del mark
            assert held() is None
        await app.state.journal.aclose()


async def _ask(app: Any, path: str, key: str, mark: _Mark) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        """Send nothing."""

    headers = [(b"x-api-key", key.encode()), (b"accept-encoding", b"zstd")]
    await app({**scope, "headers": headers, "asgi": {"version": "3.0"}, "mark": mark}, receive, send)
