"""Room that is kept on the disk for the day when it is full.

Appends stop before the disk is full, but other programs do not. A commit that then finds no room lets the ballast go
and is done in its place: cursors move, entries are dropped, and the spool is emptied into the store. The ballast is
taken again when the disk has room for four of them.
"""

import os
import shutil
from pathlib import Path
from typing import Final

BALLAST: Final = 16 * 2**20
"""Bytes of it."""


class Ballast:
    """The file beside a spool that does nothing but take room."""

    def __init__(self, spool: Path) -> None:
        self._path = spool.with_name(f"{spool.name}.ballast")

    def take(self) -> None:
        """Take the room where the disk has plenty of it; without it, the spool works as well until the disk is full."""
        try:
            if self._path.exists() and self._path.stat().st_size >= BALLAST:
                return
            if shutil.disk_usage(self._path.parent).free < 4 * BALLAST:
                return
            with self._path.open("wb") as file:
                # Zeros, because a file system may keep a promise of room that was never written for itself.
                file.write(bytes(BALLAST))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self._path.unlink(missing_ok=True)

    def release(self) -> bool:
        """Give the room back; tell whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
