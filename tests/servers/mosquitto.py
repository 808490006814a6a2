"""A real Mosquitto broker on loopback, and a publisher that talks to it.

    async with Mosquitto(folder) as broker, Publisher(broker.port) as publisher:
        await publisher.publish("press-01/state", b"RUNNING")

The broker keeps its sessions and retained messages in its folder: `stop` writes them, `kill` does not, `start` reads
them again and listens on the same ports.
"""

import asyncio
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.servers.certificates import Authority

PATIENCE = 10.0
"""Seconds in which a broker must start, stop or take a message."""


class Mosquitto:
    """One broker; entering the block starts it, leaving the block stops it."""

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        acl: str = "",
        tls: bool = False,
        tls_hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
        client_certificates: bool = False,
        persistence: bool = True,
        max_inflight_messages: int = 20,
        max_queued_messages: int = 1000,
        options: Mapping[str, object] | None = None,
    ) -> None:
        """Configure it; the two limits default to Mosquitto's own.

        Args:
            folder: where it keeps all that it writes.
            users: name to password; without, anybody may connect.
            acl: text of an access control list.
            tls: whether it also listens with TLS, with a certificate of `authority`.
            tls_hosts: names and addresses that its certificate is made for.
            client_certificates: whether who connects with TLS must show one of `authority`, too.
            persistence: whether it keeps sessions over `stop` and `start`.
            max_inflight_messages: of QoS 1, unacknowledged, per client.
            max_queued_messages: of QoS 1, waiting, per client.
            options: any other lines of mosquitto.conf.
        """
        self.folder = folder
        self.port = _free_port()
        self.tls_port = _free_port() if tls else 0
        self.authority = Authority(folder)
        self._tls_hosts = tls_hosts
        self._client_certificates = client_certificates
        self._users = users or {}
        self._acl = acl
        self._options = {
            "persistence": str(persistence).lower(),
            "persistence_location": f"{folder}/",
            "max_inflight_messages": max_inflight_messages,
            "max_queued_messages": max_queued_messages,
            **(options or {}),
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def ca(self) -> Path:
        """PEM file of the authority that signed its certificate."""
        return self.authority.ca

    @property
    def pid(self) -> int:
        """Id of its process."""
        assert self._process is not None, "the broker does not run"
        return self._process.pid

    async def __aenter__(self) -> Self:
        for tool in ("mosquitto", "mosquitto_passwd"):
            assert _found(tool), f"this test needs {tool}: apt install mosquitto"
        await self._configure()
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "the broker runs already"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                _found("mosquitto"), "-c", self.folder / "mosquitto.conf", stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(PATIENCE):
                for port in (self.port, self.tls_port):
                    await self._until_it_answers(port)
        except TimeoutError:
            await self.kill()
            pytest.fail(f"Mosquitto does not answer; it says:\n{self._log.read_text()}")

    async def stop(self) -> None:
        """Have it write its sessions and end; nothing where it does not run."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Kill it as a power cut would; nothing where it does not run."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    @property
    def _log(self) -> Path:
        return self.folder / "mosquitto.log"

    async def _configure(self) -> None:
        lines = [
            "user root",
            *(f"{key} {value}" for key, value in self._options.items()),
            f"allow_anonymous {str(not self._users).lower()}",
            f"listener {self.port} 127.0.0.1",
        ]
        if self._users:
            passwords = self.folder / "passwords"
            passwords.touch(mode=0o600)
            for user, password in self._users.items():
                command = (_found("mosquitto_passwd"), "-b", passwords, user, password)
                process = await asyncio.create_subprocess_exec(*command)
                assert await process.wait() == 0, f"mosquitto_passwd refused user {user!r}"
            lines.insert(0, f"password_file {passwords}")
        if self._acl:
            acl = self.folder / "acl"
            acl.touch(mode=0o600)
            acl.write_text(self._acl)
            lines.insert(0, f"acl_file {acl}")
        if self.tls_port:
            own = self.authority.sign("broker", hosts=self._tls_hosts)
            lines += [
                f"listener {self.tls_port} 127.0.0.1",
                f"cafile {self.ca}",
                f"certfile {own.certificate}",
                f"keyfile {own.key}",
                f"require_certificate {str(self._client_certificates).lower()}",
            ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    async def _until_it_answers(self, port: int) -> None:
        while port:
            assert self._process is not None
            if self._process.returncode is not None:
                pytest.fail(f"Mosquitto ended at once; it says:\n{self._log.read_text()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                return

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Publisher:
    """A client that publishes, by paho in a thread of its own."""

    def __init__(self, port: int, *, user: str = "", password: str = "") -> None:
        """Publish to the broker on loopback at `port`, as `user` if one is named."""
        self._port = port
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(1000)
        if user:
            self._client.username_pw_set(user, password)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
        self._client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def publish(self, topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish payloads, in order; return when the broker has taken them all."""
        await self.taken([self.send(topic, payload, qos=qos, retain=retain) for payload in payloads])

    def send(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> MQTTMessageInfo:
        """Publish one payload without waiting; `taken` waits."""
        return self._client.publish(topic, payload, qos=qos, retain=retain)

    async def taken(self, sent: list[MQTTMessageInfo]) -> None:
        """Wait until the broker has taken all that was sent."""

        def wait() -> None:
            for one in sent:
                one.wait_for_publish(PATIENCE)
                assert one.is_published(), "the broker does not take a message"

        await asyncio.to_thread(wait)


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A broker with Mosquitto's own defaults, persistent."""
    async with Mosquitto(tmp_path) as broker:
        yield broker


def _found(tool: str) -> str:
    """Find a tool of Mosquitto's; Debian keeps the broker where a user's PATH may not reach."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin") or ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
