"""A file system of its own that is soon full, and can be filled to the last byte by somebody else.

    with SmallDisk(folder, mib=64) as disk:
        disk.fill()
        disk.free()

It is a tmpfs, so it needs root: `missing` says what a test that wants one lacks.
"""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class SmallDisk:
    """A disk; entering the block mounts it, leaving the block takes it away with all that is on it."""

    def __init__(self, folder: Path, *, mib: int) -> None:
        """Mount `mib` MiB at `folder`, which is made."""
        self._folder = folder
        self._mib = mib

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        options = f"size={self._mib}m,mode=0755"
        subprocess.run(("mount", "-t", "tmpfs", "-o", options, "parkline-test", self._folder), check=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(("umount", "--lazy", self._folder), check=True)

    @property
    def room(self) -> int:
        """Bytes that are free."""
        return shutil.disk_usage(self._folder).free

    def fill(self) -> None:
        """Take every byte that is free, as a log that nobody rotates does."""
        with self._filler.open("ab", buffering=0) as filler:
            size = 2**20
            while size:
                try:
                    filler.write(b"\0" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def free(self) -> None:
        """Give back what `fill` took."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self._folder / "filler"


def missing() -> str:
    """Tell why no small disk can be made here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root: it mounts a tmpfs"
    trial = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    tried = subprocess.run(trial, capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"cannot mount a tmpfs here: {tried.stderr.decode().strip()}"
