"""What the demo shows, and says where it cannot start."""

import io
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import pytest
from rich.console import Console

from api.demo import stage
from api.demo.installation import EXAMPLE, install
from api.demo.screen import Seen, picture

if TYPE_CHECKING:
    from api.demo.machine import Machine


class Crowded:
    """A machine whose port somebody else has taken meanwhile."""

    def serve(self) -> Self:
        return self

    async def __aenter__(self) -> None:
        raise OSError(98, "error while attempting to bind on address ('127.0.0.1', 48410): address already in use")

    async def __aexit__(self, *_: object) -> None: ...


async def test_a_port_that_is_taken_meanwhile_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "Supervisor", lambda *_, **__: nullcontext())
    crowded = cast("Machine", Crowded())
    played = stage.Stage(install(EXAMPLE, tmp_path), crowded, tmp_path / "roles.log")
    with pytest.raises(stage.StageError, match=r"48410\): address already in use; start the demo again"):
        async with played.running():
            pass


def test_the_picture_says_where_commands_of_the_demo_go() -> None:
    folder, drawn = Path("parkline-demo-x"), io.StringIO()
    Console(file=drawn, width=100).print(picture(Seen(), page="http://127.0.0.1:8000", folder=folder, share=0.5))
    assert f"parkline … -c {folder}" in drawn.getvalue()
