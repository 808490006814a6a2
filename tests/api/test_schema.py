"""Schemathesis: what the description allows is answered as the description says, and what it forbids is refused."""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from tests.api.fuzzed import LINKED, QUICK, fuzz, ids, open_to_all
from tests.api.plant import Plant

PARTS = 12
"""In how many parts the operations are asked, so that several processes share them."""


@pytest.fixture(scope="module")
def served(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Serve a plant that may be written to; give the address, and a key that may do everything."""
    folder = tmp_path_factory.mktemp("fuzzed") / "plant"
    shutil.copytree(plant.folder, folder)
    with open_to_all(Plant(folder, "")) as opened:
        yield opened


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_is_as_described(served: tuple[str, str], part: int) -> None:
    address, key = served
    asked = ids(address)[part::PARTS]
    outcome = fuzz(address, key, phases=QUICK, only=asked)
    assert not outcome.failures, "\n\n".join(outcome.failures)
    assert len(outcome.operations) == len(asked)
    assert outcome.cases >= 3 * len(asked)


def test_what_is_told_can_be_asked_for(served: tuple[str, str]) -> None:
    address, key = served
    outcome = fuzz(address, key, phases=LINKED)
    assert not outcome.failures, "\n\n".join(outcome.failures)
    assert outcome.operations


NUMBER = {"application/json": {"schema": {"type": "integer"}}}

DESCRIBED: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "small", "version": "1"},
    "components": {"securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}},
    "paths": {
        "/careless": {
            "get": {
                "operationId": "careless",
                "security": [{"apiKey": []}],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}}],
                "responses": {
                    "200": {
                        "description": "A number.",
                        "content": {"application/json": {"schema": {"type": "integer"}}},
                    }
                },
            }
        }
    },
}
"""An API that holds nothing of what it promises."""


class Careless(BaseHTTPRequestHandler):
    """Fails on a limit that is a text, and else answers with a text, whoever asks."""

    def do_GET(self) -> None:
        described = self.path == "/openapi.json"
        fails = "limit=" in self.path and not self.path.rpartition("limit=")[2].lstrip("-").isdigit()
        body = orjson.dumps(DESCRIBED if described else "text")
        self.send_response(500 if fails else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:
        """Do with every method as with GET."""
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_breaks_a_promise_is_found() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        found = fuzz(f"http://127.0.0.1:{server.server_address[1]}", "key").failures
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    broken = {failure.split(": ")[1] for failure in found}
    assert broken >= {
        "not_a_server_error",
        "status_code_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "ignored_auth",
        "unsupported_method",
    }
