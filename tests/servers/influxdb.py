"""A real InfluxDB on loopback: Debian's influxd 1.6 behind nginx, which speaks what clients of 1.8 and 2.x expect.

    async with InfluxServer(folder) as influx:
        InfluxSettings(url=influx.url, bucket="park")

influxd 1.6 knows `/write` and `/query` only. nginx maps `/api/v2/write?org=…&bucket=db/rp&precision=ns` to
`/write?db=db&rp=rp&precision=n` (a bucket without `/` names no retention policy), answers `/health` itself, and passes
all else through. influxd keeps everything in its folder: `kill` ends it as a power cut would, `start` takes up the same
data on the same ports.
"""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

PATIENCE = 15.0
"""Seconds in which a server must start, stop or answer."""

INFLUXD = """\
reporting-disabled = true
bind-address = "127.0.0.1:{backup_port}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[subscriber]
enabled = false
[continuous_queries]
enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
auth-enabled = {auth}
max-row-limit = {max_rows}
"""

NGINX = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    client_body_buffer_size 2m;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size {body_limit};
    map $arg_bucket $influx_db {{
        "~*^(?<db>.*?)(?:%2F|/)" $db;
        default $arg_bucket;
    }}
    map $arg_bucket $influx_rp {{
        "~*^.*?(?:%2F|/)(?<rp>.+)$" "&rp=$rp";
        default "";
    }}
    map $arg_precision $influx_precision {{
        ns n;
        us u;
        default $arg_precision;
    }}
    upstream influxd {{
        server 127.0.0.1:{port};
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{front_port};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location = /api/v2/write {{
            proxy_pass http://influxd/write?db=$influx_db$influx_rp&precision=$influx_precision;
        }}
        location = /health {{
            default_type application/json;
            return 200 '{{"name": "influxdb", "message": "ready", "status": "pass", "version": "1.6.7"}}';
        }}
        location / {{
            proxy_pass http://influxd;
        }}
    }}
}}
"""


class InfluxServer:
    """One influxd and its nginx; entering the block starts both, leaving it stops both."""

    def __init__(
        self, folder: Path, *, body_limit: str = "25m", max_rows: int = 0, admin: tuple[str, str] | None = None
    ) -> None:
        """Configure them.

        Args:
            folder: where both keep all that they write.
            body_limit: nginx answers 413 to a request whose body is larger.
            max_rows: influxd cuts an answer, without an error, after so many rows; 0: never.
            admin: name and password of its one user; None: it asks nobody who they are.
        """
        self.folder = folder
        self.port = _free_port()
        """Port of influxd itself."""
        self.front_port = _free_port()
        """Port of nginx."""
        ports = {"port": self.port, "front_port": self.front_port, "backup_port": _free_port()}
        limits = {"body_limit": body_limit, "max_rows": max_rows, "auth": str(admin is not None).lower()}
        (folder / "influxd.conf").write_text(INFLUXD.format(folder=folder, **ports, **limits))
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, **ports, **limits))
        self._admin = admin
        self._influxd: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address for clients of 1.8 and later: nginx."""
        return f"http://127.0.0.1:{self.front_port}"

    @property
    def pid(self) -> int:
        """Process id of influxd."""
        assert self._influxd is not None, "influxd does not run"
        return self._influxd.pid

    async def __aenter__(self) -> Self:
        for tool, package in (("influxd", "influxdb"), ("nginx", "nginx-light")):
            assert _found(tool), f"this test needs {tool}: apt install {package}"
        async with AsyncExitStack() as opening:
            opening.push_async_exit(self)  # so that nothing is left running where the start fails
            front = (_found("nginx"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"))
            self._nginx = self._run(front, "nginx.out")
            await self.start()
            if self._admin is not None:
                user, password = (part.replace("'", "\\'") for part in self._admin)
                await self.query(f"CREATE USER \"{user}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES")
            opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        nginx, self._nginx = self._nginx, None
        await _end(nginx, signal.SIGTERM)

    async def start(self) -> None:
        """Start influxd and wait until it answers through nginx."""
        assert self._influxd is None, "influxd runs already"
        self._influxd = self._run(
            (_found("influxd"), "run", "-config", str(self.folder / "influxd.conf")), "influxd.log"
        )
        async with httpx.AsyncClient(base_url=self.url) as client:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._until_it_answers(client)
            except TimeoutError:
                await self.kill()
                pytest.fail(f"InfluxDB does not answer; it says:\n{self._said()}")

    async def stop(self) -> None:
        """Have influxd end in order; nothing where it does not run. nginx goes on and answers 502."""
        influxd, self._influxd = self._influxd, None
        await _end(influxd, signal.SIGTERM)

    async def kill(self) -> None:
        """Kill influxd as a power cut would; nothing where it does not run."""
        influxd, self._influxd = self._influxd, None
        await _end(influxd, signal.SIGKILL)

    async def restart(self) -> None:
        """Stop influxd and start it again."""
        await self.stop()
        await self.start()

    async def query(self, statement: str, db: str = "") -> list[dict[str, Any]]:
        """Run one InfluxQL statement on influxd itself, for what a test wants to know; give its rows as dictionaries.

        Tags that the statement groups by are keys beside the columns; times are nanoseconds since 1970.
        """
        params = {"q": statement, "db": db, "epoch": "ns"}
        async with httpx.AsyncClient(timeout=60, auth=self._admin) as client:
            answer = await client.post(f"http://127.0.0.1:{self.port}/query?{urlencode(params)}")
        result = json.loads(answer.text)["results"][0]
        assert "error" not in result, result["error"]
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in result.get("series", [])
            for row in series.get("values", [])
        ]

    async def write(self, db: str, lines: str) -> None:
        """Write lines past any store, as another program would."""
        async with httpx.AsyncClient(timeout=60, auth=self._admin) as client:
            url = f"http://127.0.0.1:{self.port}/write?{urlencode({'db': db})}"
            answer = await client.post(url, content=lines.encode())
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text

    def _run(self, command: tuple[str, ...], log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    async def _until_it_answers(self, client: httpx.AsyncClient) -> None:
        while True:
            for process in (self._influxd, self._nginx):
                if process is None or process.poll() is not None:
                    pytest.fail(f"InfluxDB ended at once; it says:\n{self._said()}")
            try:
                answer = await client.get("/ping")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == httpx.codes.NO_CONTENT:
                return
            await asyncio.sleep(0.02)

    def _said(self) -> str:
        logs = (self.folder / name for name in ("influxd.log", "nginx.out", "nginx.log"))
        return "\n".join(log.read_text(errors="replace")[-4000:] for log in logs if log.exists())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def influx(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InfluxServer]:
    """One InfluxDB for all tests of a session; a test that wants it empty takes a database of its own."""
    async with InfluxServer(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


def _found(tool: str) -> str:
    """Find a server; Debian keeps nginx where a user's PATH may not reach."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin") or ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def _end(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    """Signal a process and wait for its end; one that does not end in time is killed."""
    if process is None:
        return
    process.send_signal(how)
    try:
        await asyncio.to_thread(process.wait, PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
