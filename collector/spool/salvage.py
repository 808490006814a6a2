"""Saves a spool whose file is damaged: what can be read goes into a new file, what cannot is told as a loss.

    look at the pages (`collector.spool.carving`) and at the witness
      ─► NAME.salvaging, until it is whole and synced ─► NAME.salvaged
      ─► the damaged file becomes NAME.damaged-TIME, and NAME.salvaged becomes NAME

The new spool has the same identity, and goes on after the last position that is known from anywhere: none comes again,
and no consumer takes a new entry for one it has had. Positions that are missing are holes, told to the gap ledger with
what the witness remembers of them, or else with what their neighbours span. Where a cursor cannot be read, its consumer
begins again with the oldest entry; stores take the same batch twice without harm.

A process that dies on the way leaves the old file where it was, or the new one whole: the next start ends the work.
Only one process may salvage, and none may append meanwhile; `collector.alone` sees to both.
"""

import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from collector.spool import rows
from collector.spool.carving import Carved, carve
from collector.spool.contract import SpoolDamagedError, SpoolError
from collector.spool.database import Database, sync_folder
from collector.spool.file import SpoolFile
from collector.spool.format import create
from collector.spool.tables import State
from collector.spool.witness import Seen, Witness

APART: Final = 1_000_000
"""How far the numbers of new losses lie from the greatest that was found: a number that was used and could not be read
must not come again."""

STEP: Final = 64
"""Entries that are written in one transaction."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged spool."""

    entries: int
    """Entries that were saved."""

    missing: int
    """Entries that were still needed and are gone."""

    kept: Path
    """Where the damaged file is now."""


def mended(
    path: Path, required: Collection[str], error: SpoolDamagedError | None = None, *, log: str = ""
) -> SpoolFile:
    """Open a spool's file; where it is damaged, or has forgotten entries, save what can be read of it before.

    Args:
        path: the file; nobody else appends to it.
        required: consumers that an entry is needed by.
        error: what is known to be damaged.
        log: its identity, where the caller knows it.

    Raises:
        SpoolError: it cannot be opened, or nothing of a spool can be found in it.
        OSError: the disk has no room for what is saved.
    """
    finish(path)
    if not path.exists():
        # Nobody can tell a spool that was moved away from one that was never there: what was known of it goes, too.
        forget_all(path)
    if error is None:
        keep_log(path)
        try:
            file = SpoolFile(path, required=required)
        except SpoolDamagedError as damaged:
            error = damaged
        else:
            vanished = forgotten(path, file.state())
            if not vanished:
                let_log_go(path)
                return file
            file.close()
            error = SpoolDamagedError(f"its last {vanished} entries have vanished")
    salvage(path, required=required, why=str(error.__cause__ or error), log=log)
    return SpoolFile(path, required=required)


def finish(path: Path) -> None:
    """End a salvage that a process died in, if there is one; raises OSError."""
    _remove(_unfinished(path))
    new = _new(path)
    if new.exists():
        _put_in_place(path, new, path.with_name(f"{path.name}.damaged-{_stamp()}"))


def salvage(path: Path, *, required: Collection[str], why: str, log: str = "") -> Salvaged:
    """Save what can be read of the spool at `path`, which nobody has open.

    Args:
        path: the spool's file.
        required: consumers that an entry is needed by.
        why: what was found.
        log: its identity, should it stand nowhere any more; empty: a new one then.

    Raises:
        SpoolError: nothing of a spool can be found in it: the file is left where it is.
        OSError: the disk does not give it, or has no room for the new one.
    """
    ahead = path.with_name(f"{path.name}-wal")
    found = carve(path, _kept_log(path) if _kept_log(path).exists() else ahead)
    seen = Witness(path).read()
    if found.empty and not seen:
        msg = (
            f"the spool {path} is damaged ({why}), and nothing of a spool can be found in it: move it away, or set"
            " `spool: path:` to another file"
        )
        raise SpoolError(msg)
    kept, unfinished = path.with_name(f"{path.name}.damaged-{_stamp()}"), _unfinished(path)
    _remove(unfinished)
    reason = f"the file was damaged ({why}); what is left of it is {kept.name}"
    saved = _write(unfinished, found, _state(found, seen, log), seen, required, reason)
    unfinished.replace(_new(path))
    sync_folder(path.parent)
    _put_in_place(path, _new(path), kept)
    # What it remembers is in the new file, or told.
    Witness(path).forget()
    _log.error("spool salvaged", path=str(path), why=why, entries=saved[0], missing=saved[1], kept=str(kept))
    return Salvaged(*saved, kept)


def keep_log(path: Path) -> None:
    """Keep the write-ahead log by a second name, before SQLite opens it and leaves out what it takes for torn."""
    log, kept = path.with_name(f"{path.name}-wal"), _kept_log(path)
    with suppress(OSError):
        kept.unlink(missing_ok=True)
        if log.exists() and log.stat().st_size > 0:
            kept.hardlink_to(log)


def let_log_go(path: Path) -> None:
    """Forget the second name: nothing is missing."""
    with suppress(OSError):
        _kept_log(path).unlink(missing_ok=True)


def forgotten(path: Path, state: State) -> int:
    """Tell how many entries the witness remembers and the spool does not: those after its end."""
    return sum(one.log == state.log and one.position > state.end for one in Witness(path).read())


def forget_all(path: Path) -> None:
    """Forget what is known of a spool whose file is not there any more."""
    Witness(path).forget()
    _kept_log(path).unlink(missing_ok=True)


def _write(
    new: Path, found: Carved, state: State, seen: list[Seen], required: Collection[str], reason: str
) -> tuple[int, int]:
    """Write the new file; give how many entries were saved, and how many that are needed are missing."""
    known = {one.position: one.header for one in seen if one.log == state.log}
    known |= {position: header for position, (header, _) in found.entries.items()}
    cursors = {consumer: position for consumer, position in found.cursors.items() if position <= state.end}
    whole = {n: header for n, (header, body) in found.entries.items() if n > state.dropped and body is not None}
    missing = [n for n in range(state.dropped + 1, state.end + 1) if n not in whole]
    needed = rows.passed(cursors, required)
    database = Database(new)
    try:
        create(database, state.log)
        positions = sorted(whole)
        for begin in range(0, len(positions), STEP):
            with database.transaction():
                for position in positions[begin : begin + STEP]:
                    header, body = found.entries[position]
                    rows.insert_entry(database, header, body or b"")
        with database.transaction():
            for consumer, position in cursors.items():
                rows.write_cursor(database, consumer, position)
            rows.insert_losses(database, found.losses.values())
            state = replace(state, lost=state.lost + APART)
            for first, last in rows.runs(missing):
                rows.add_hole(database, first, last, reason)
            lost = rows.lost_at(database, [n for n in missing if n > needed], known)
            state = rows.note(database, state, lost, "damaged", reason)
            held = sum(header.bytes for header in whole.values())
            rows.write_state(database, replace(state, bytes=held))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
    return len(whole), sum(n > needed for n in missing)


def _state(found: Carved, seen: list[Seen], identity: str) -> State:
    """Give the state to go on with: of each value the furthest that is known."""
    now = time.time_ns() // 1000
    last = max(found.states, key=lambda one: (one.end, one.clock), default=None)
    log = last.log if last is not None else (seen[-1].log if seen else identity or uuid.uuid4().hex)
    positions = [
        *(one.end for one in found.states),
        *found.entries,
        *found.cursors.values(),
        *(one.position for one in seen if one.log == log),
    ]
    dropped = max((one.dropped for one in found.states), default=min(found.entries, default=1) - 1)
    lost = max([*(one.lost for one in found.states), *found.losses], default=0)
    clock = max(
        [*(one.clock for one in found.states), *(one.appended for one, _ in found.entries.values())], default=now
    )
    wall = max((one.wall for one in found.states), default=now)
    return State(log, 0, max(positions, default=0), dropped, lost, clock, wall)


def _put_in_place(path: Path, new: Path, kept: Path) -> None:
    """Let the new file take the place of the damaged one; the new one is whole and on disk."""
    log, kept_log = path.with_name(f"{path.name}-wal"), _kept_log(path)
    with suppress(FileNotFoundError):
        try:
            kept.hardlink_to(path)
        except OSError:  # a file system that gives a file one name only
            path.replace(kept)
    if kept_log.exists():
        kept_log.replace(kept.with_name(f"{kept.name}-wal"))
        log.unlink(missing_ok=True)
    elif log.exists():
        log.replace(kept.with_name(f"{kept.name}-wal"))
    # From here on until the last line a crash leaves the new file by its first name, which `finish` knows.
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    sync_folder(path.parent)
    new.replace(path)
    sync_folder(path.parent)


def _remove(new: Path) -> None:
    for name in (new.name, f"{new.name}-wal", f"{new.name}-shm"):
        new.with_name(name).unlink(missing_ok=True)


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.salvaged")


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.salvaging")


def _kept_log(path: Path) -> Path:
    return path.with_name(f"{path.name}.log-kept")


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
