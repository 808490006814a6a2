"""Sees to it that one spool has one collector: two would take each other's sessions away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OtherCollectorError(Exception):
    """Another collector works on this spool."""


@contextmanager
def alone(spool: Path) -> Iterator[None]:
    """Hold the spool's lock, which the system lets go of when the process ends in any way.

    Raises:
        OtherCollectorError: another process holds it.
    """
    import fcntl  # not on Windows, where nothing else of the collector needs to know

    spool.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(spool.with_name(f"{spool.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            msg = f"process {holder} collects into {spool} already; stop it, or set `spool: path:` to another file"
            raise OtherCollectorError(msg) from error
        os.truncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
