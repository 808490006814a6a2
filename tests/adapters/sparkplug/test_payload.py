"""The generated module is what the .proto gives."""

import importlib.resources
from pathlib import Path

import pytest
from grpc_tools import protoc  # type: ignore[import-untyped]

from tests.architecture.product import ROOT

HOME = Path("adapters/sources/sparkplug")


def unversioned(text: str) -> list[str]:
    """Give the lines of a generated file without those that name the version of the compiler."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("_runtime_version.Validate")), len(lines))
    end = next((n for n in range(start, len(lines)) if lines[n] == ")"), len(lines))
    return [line for line in lines[:start] + lines[end + 1 :] if not line.startswith("# Protobuf Python Version:")]


@pytest.mark.parametrize("name", ["payload_pb2.py", "payload_pb2.pyi"])
def test_it_is_generated_from_what_stands_beside_it(tmp_path: Path, name: str) -> None:
    known = importlib.resources.files("grpc_tools") / "_proto"
    done = protoc.main(
        [
            "protoc",
            f"-I{ROOT}",
            f"-I{known}",
            f"--python_out={tmp_path}",
            f"--pyi_out={tmp_path}",
            f"{ROOT / HOME}/payload.proto",
        ]
    )
    assert done == 0
    made, kept = (tmp_path / HOME / name).read_text(), (ROOT / HOME / name).read_text()
    assert unversioned(made) == unversioned(kept), (
        "run the command that payload.proto names, and check in what it writes"
    )
