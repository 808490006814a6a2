"""A real PostgreSQL on loopback, and databases in it that are made in a moment.

    with PostgresServer() as server:
        sa.create_engine(server.url(server.create()))

The server keeps all it has in a temporary folder: `kill` ends it as a power cut would, `start` takes up the same data
on the same port. It refuses to run as root; then it is Debian's user `postgres` whom it runs as, and who owns the
folder.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, LiteralString, Self

import psycopg
import pytest
from psycopg import sql

PATIENCE: Final = 30.0
"""Seconds in which a server must start, stop or answer."""

USER: Final = "parkline"
"""Name of its superuser."""

# Text is ordered as people order it, and not by bytes: nothing may rely on the order of SQLite. What is killed with
# fsync off is whole all the same, as long as the machine itself goes on.
CONFIGURATION: Final = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
shared_buffers = 16MB
max_connections = 100
autovacuum = off
log_min_messages = warning
"""


class PostgresServer:
    """One server; entering the block makes and starts it, leaving the block stops it and takes its folder away."""

    def __init__(self) -> None:
        self.port = _free_port()
        """Port on loopback."""
        self._password = secrets.token_hex(8)
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def __enter__(self) -> Self:
        assert _found("postgres"), "this test needs PostgreSQL: apt install postgresql"
        # Not below pytest's folder, which is closed to other users.
        self._folder = Path(tempfile.mkdtemp(prefix="parkline-postgresql-"))
        try:
            self._lay_out()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()  # nobody needs its data any more
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """Give the URL of a database, as `records: url:` takes it."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create(self) -> str:
        """Make an empty database; give its name."""
        self._made += 1
        name = f"records_{self._made}"
        self.run("CREATE DATABASE {} TEMPLATE template0", name)
        return name

    def drop(self, database: str) -> None:
        """Take a database away, whoever is connected to it."""
        self.run("DROP DATABASE {} WITH (FORCE)", database)

    def run(self, statement: LiteralString, *names: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement past any records, outside of a transaction; `{}` are names. Give its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
            return done.fetchall() if done.description else []

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "PostgreSQL runs already"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (_found("postgres"), "-D", str(self._data)),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                **_owner(),
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.kill()
                    pytest.fail(f"PostgreSQL does not answer ({error}); it says:\n{self._said()}")
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.01)
            else:
                return

    def stop(self) -> None:
        """Have it send its clients away and end; nothing where it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it at once, as a power cut would; nothing where it does not run."""
        self._end(signal.SIGQUIT)  # unlike SIGKILL, it takes its own processes with it

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _lay_out(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        if owner := _owner():
            for path in (self._folder, password):
                shutil.chown(path, owner["user"], owner["group"])
        command = (
            *(_found("initdb"), "-D", str(self._data), "--no-sync", "--encoding=UTF8", "--no-locale"),
            *("--locale-provider=icu", "--icu-locale=und"),
            *("-U", USER, "--auth=scram-sha-256", f"--pwfile={password}"),
        )
        made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder, **_owner())
        assert made.returncode == 0, f"initdb cannot make a cluster: {made.stderr}"
        (self._data / "postgresql.auto.conf").write_text(CONFIGURATION.format(port=self.port))

    def _said(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-4000:]

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of a session; each takes a database of its own."""
    with PostgresServer() as server:
        yield server


def _found(tool: str) -> str:
    """Find a tool of the server's; Debian keeps those of each version in a folder of its own, on nobody's PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return next(
        filter(None, (shutil.which(tool, path=folder) for folder in reversed(folders))), shutil.which(tool) or ""
    )


def _owner() -> dict[str, Any]:
    """Give as whom it runs: whoever runs the tests, but for root."""
    if os.geteuid() != 0:
        return {}
    try:
        group = pwd.getpwnam("postgres").pw_gid
    except KeyError:
        pytest.fail("PostgreSQL does not run as root, and there is no user `postgres`: apt install postgresql")
    return {"user": "postgres", "group": group, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
