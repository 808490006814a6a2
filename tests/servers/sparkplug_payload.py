"""An encoder of Sparkplug B by another hand than ours: npm's `sparkplug-payload`, told what to do line by line.

with SparkplugPayload() as foreign:
    payload = foreign.encode({"timestamp": 1, "seq": 0, "metrics": [{"name": "a", "type": "Int8", "value": -5}]})
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_HOME = Path(__file__).parent / "node"


class SparkplugPayload:
    """One process of node; entering the block starts it, leaving the block ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        node = shutil.which("node")
        assert node, "this test needs node: apt install nodejs npm"
        package = _HOME / "node_modules" / "sparkplug-payload"
        assert package.exists(), f"this test needs sparkplug-payload: npm ci --prefix {_HOME}"
        self._process = subprocess.Popen(
            (node, "--no-warnings", _HOME / "sparkplug.mjs"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_HOME,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        assert process is not None
        process.communicate(timeout=10)

    def encode(self, payload: Mapping[str, Any]) -> bytes:
        """Encode a payload as its README describes it; whole numbers beyond 2^53 may be texts."""
        return base64.b64decode(self._ask({"do": "encode", "payload": payload}))

    def decode(self, payload: bytes) -> Any:
        """Decode a payload; whole numbers of 64 bits come as texts."""
        return self._ask({"do": "decode", "payload": base64.b64encode(payload).decode()})

    def _ask(self, command: Mapping[str, Any]) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["done"]
