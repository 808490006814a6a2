"""A server on loopback that speaks S3: moto, in an environment of its own, holding its objects in memory.

    async with ObjectStorage(folder) as storage:
        await storage.make_bucket("lake")
        settings = LakeSettings(folder="s3://lake/park", options=storage.options)

Two writers of one object are told apart by its conditional put, as on AWS and MinIO.
"""

import asyncio
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

SERVER: Final = Path(sys.prefix) / "moto" / "bin" / "moto_server"
"""Where `.ci/servers` puts it."""

PATIENCE: Final = 20.0
"""Seconds in which it must start or stop."""


class ObjectStorage:
    """One server; entering the block starts it, leaving the block stops it, and its objects are gone."""

    def __init__(self, folder: Path) -> None:
        """Prepare; its log goes into `folder`."""
        self._log = folder / "object_storage.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, str]:
        """What deltalake and Polars are told to find it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "park",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
            "AWS_REGION": "us-east-1",
            "aws_conditional_put": "etag",
        }

    async def make_bucket(self, name: str) -> None:
        """Make a bucket."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            (await http.put(f"/{name}")).raise_for_status()

    async def __aenter__(self) -> Self:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(str(SERVER), "-H", "127.0.0.1", "-p", str(self.port)), stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(base_url=self.url) as http:
            while True:
                try:
                    await http.get("/moto-api/")
                except httpx.TransportError:
                    assert self._process.returncode is None, self._log.read_text()
                    await asyncio.sleep(0.05)
                else:
                    return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(PATIENCE):
            await self._process.wait()
