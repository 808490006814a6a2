"""List, show, export, replay and drop dead letters.

A letter is replayed once what refused it is mended: in the line file, in the source's settings, at the machine.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from collector.letterfile import LetterFormat
from collector.output import DEFAULT_CONFIG, OTHER_IDS, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collector.deadletters import Choice, DeadLetter
    from collector.load import Config
    from collector.records import Records
    from collector.redecoding import Told

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)

_AT_ONCE = 500
"""Letters that are read from the records at once."""

_LISTED = 100
"""Letters that a list shows unless told otherwise."""

_SHOWN = 4096
"""Bytes of a payload that are shown."""

_IN_A_ROW = 60
"""Characters of a payload or a reason in a row of a list."""


class Standing(StrEnum):
    """Which letters are meant."""

    OPEN = "open"
    """Nothing has become of them yet."""
    REPLAYED = "replayed"
    """They became samples."""
    DROPPED = "dropped"
    """A person dropped them."""
    ALL = "all"
    """Any."""


Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of letters, as `list` shows them.", show_default=False)]
FromSource = Annotated[str, typer.Option("--source", help="Only letters of this source.")]
OfSignal = Annotated[str, typer.Option("--signal", help="Only of this signal, or of all below this path.")]
WithReason = Annotated[str, typer.Option("--reason", help="Only letters whose reason holds this text.")]
InState = Annotated[Standing, typer.Option("--state", help="Only letters that stand so.")]
All = Annotated[bool, typer.Option("--all", help="Every open letter.")]


@app.command("list")
def list_letters(
    config: ConfigFile = DEFAULT_CONFIG,
    source: FromSource = "",
    signal: OfSignal = "",
    reason: WithReason = "",
    state: InState = Standing.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="Letters at most.")] = _LISTED,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List dead letters, the newest first. As JSON with their payloads, and with the totals of every source."""
    from dataclasses import asdict

    from collector.deadletters import count_dead_letters
    from collector.letterfile import told

    loaded = _load(config)
    choice = _choice(None, source, signal, reason, state)
    letters, totals = _ask(
        loaded, lambda records: _both(_read(records, choice, limit + 1), records.run(count_dead_letters))
    )
    shown = letters[:limit]
    if output is OutputFormat.JSON:
        show_json({"letters": [told(letter) for letter in shown], "totals": [asdict(total) for total in totals]})
        return
    rows = [
        {
            "id": letter.id,
            "source": letter.source,
            "of": letter.signal or _harmless(letter.address),
            "reason": _short(letter.reason),
            "payload": _short(_text(letter.payload)),
            "count": letter.count,
            "last": letter.last,
            **({} if state is Standing.OPEN else {"state": letter.state}),
        }
        for letter in shown
    ]
    show(rows, output, title="dead letters")
    if len(letters) > limit:
        typer.echo(f"there are more; --limit shows more than {limit}, --source, --signal and --reason fewer", err=True)


@app.command("show")
def show_letter(
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the letter, as `list` shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show one letter: what came, where from, how often, why it is no sample, and what to do."""
    from collector.letterfile import told

    letter = _one(_load(config), letter_id)
    if output is OutputFormat.JSON:
        show_json(told(letter))
        return
    rows: dict[str, Any] = {
        "source": letter.source,
        "address": _harmless(letter.address) or "-",
        "signal": letter.signal or "-",
        "came": f"{letter.count} times, first {letter.first}, last {letter.last}" if letter.count > 1 else letter.first,
        **({} if letter.first_time is None else {"own time": f"first {letter.first_time}, last {letter.last_time}"}),
        "reason": _harmless(letter.reason),
        "state": letter.state if letter.settled is None else f"{letter.state} at {letter.settled}: {letter.note}",
        "payload": _payload(letter),
        "to do": _to_do(letter),
    }
    show([{"what": key, "letter": value} for key, value in rows.items()], output, title=f"dead letter {letter.id}")


@app.command()
def export(
    ids: Ids = None,
    config: ConfigFile = DEFAULT_CONFIG,
    source: FromSource = "",
    signal: OfSignal = "",
    reason: WithReason = "",
    state: InState = Standing.ALL,
    format_: Annotated[LetterFormat, typer.Option("--format", help="How to write them.")] = LetterFormat.JSONL,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; without it: standard output.")] = None,
) -> None:
    """Write letters with their whole payloads, the newest first; without filters all of them."""
    if format_ is LetterFormat.PARQUET and to is None:
        fail("--format parquet needs a file: write --to FILE", code=2)
    loaded = _load(config)
    choice = _choice(ids, source, signal, reason, state)
    if to is None:
        count = _ask(loaded, lambda records: _write_out(records, choice, format_, sys.stdout.buffer))
        sys.stdout.flush()
    else:
        try:
            with to.open("wb") as file:
                count = _ask(loaded, lambda records: _write_out(records, choice, format_, file))
        except OSError as error:
            fail(f"{to} cannot be written ({error.strerror}); write another --to")
    typer.echo(f"{count} letters written", err=True)


@app.command()
def replay(
    ids: Ids = None,
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    source: FromSource = "",
    signal: OfSignal = "",
    reason: WithReason = "",
    every: All = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would become of them.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Decode open letters again as the files are configured now, and spool the samples that they become.

    Mend first what refused them: the path or the type in the line file, or what the reason says. What states no time
    of its own takes that of its arrival; of a letter that came often, the first and the last arrival are known.
    It works beside a running collector, which must be started again to take what comes next as the files now say.

    Exit code 0: all became samples; 1: some are none even now, and the table says why.
    """
    loaded = _load(config)
    choice = _demanded(ids, source, signal, reason, every=every)
    done = _ask(loaded, lambda records: _replayed(loaded, records, choice, dry_run=dry_run))
    _tell_of_the_absent(loaded, ids, [one.letter.id for one in done])
    rows = [
        {
            "id": one.letter.id,
            "source": one.letter.source,
            "of": one.letter.signal or _harmless(one.letter.address),
            "result": one.fate,
            "samples": one.samples,
            "between": one.between,
            "detail": _harmless(one.detail),
        }
        for one in done
    ]
    show(rows, output, title="would become" if dry_run else "replayed")
    stay = sum(one.fate == "refused" for one in done)
    if stay:
        fail(
            f"{stay} of {len(done)} letters {'would be' if dry_run else 'are'} no samples even now; the detail says why"
        )
    if not dry_run and done:
        typer.echo(f"samples in the spool, for the collector to store: {sum(one.samples for one in done)}", err=True)


@app.command()
def drop(
    because: Annotated[str, typer.Option("--because", help="Why nothing is to become of them; kept with each letter.")],
    ids: Ids = None,
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    source: FromSource = "",
    signal: OfSignal = "",
    reason: WithReason = "",
    every: All = False,
) -> None:
    """Settle open letters of which nothing is to become; their payloads go, their counts and the reason stay."""
    from collector.deadletters import settle_dead_letters

    if not because.strip():
        fail("--because: write why, for whoever asks later", code=2)
    loaded = _load(config)
    choice = _demanded(ids, source, signal, reason, every=every)

    async def settle(records: "Records") -> list[int]:
        letters = await _read(records, choice, None)
        notes = {letter.id: because.strip() for letter in letters}
        now = datetime.now(UTC)
        return await records.run(partial(settle_dead_letters, notes=notes, state="dropped", now=now))

    dropped = _ask(loaded, settle)
    _tell_of_the_absent(loaded, ids, dropped)
    typer.echo(f"{len(dropped)} letter{'s' if len(dropped) != 1 else ''} dropped")


async def _replayed(config: "Config", records: "Records", choice: "Choice", *, dry_run: bool) -> "list[Told]":
    from collector.redecoding import replay_letters

    telling = replay_letters(config, records, choice, dry_run=dry_run, now=lambda: datetime.now(UTC))
    return [told async for told in telling]


async def _write_out(records: "Records", choice: "Choice", format_: LetterFormat, file: IO[bytes]) -> int:
    """Write the letters of a choice to an open file; give how many."""
    from collector.letterfile import write_letters

    letters = await _read(records, choice, None)
    write_letters(file, letters, format_)
    return len(letters)


async def _read(records: "Records", choice: "Choice", limit: int | None) -> "list[DeadLetter]":
    """Give the letters of a choice, the newest first, a few at a time; all of them without a limit."""
    from collector.deadletters import read_dead_letters

    found: list[DeadLetter] = []
    before = None
    while limit is None or len(found) < limit:
        some = _AT_ONCE if limit is None else min(_AT_ONCE, limit - len(found))
        letters = await records.run(partial(read_dead_letters, choice=choice, limit=some, before_id=before))
        if not letters:
            break
        found += letters
        before = letters[-1].id
    return found


async def _both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, Any]) -> tuple[T, Any]:
    return await one, await other


def _choice(ids: Sequence[int] | None, source: str, signal: str, reason: str, state: Standing) -> "Choice":
    from collector.deadletters import Choice

    standing: Any = None if state is Standing.ALL else state.value
    return Choice(tuple(ids) if ids else None, source or None, signal or None, reason, standing)


def _demanded(ids: Sequence[int] | None, source: str, signal: str, reason: str, *, every: bool) -> "Choice":
    """Give the open letters that a person has named, in one way at least."""
    if not (ids or source or signal or reason or every):
        fail("which letters? write their numbers, --source, --signal, --reason or --all", code=2)
    return _choice(ids, source, signal, reason, Standing.OPEN)


def _tell_of_the_absent(config: "Config", ids: Sequence[int] | None, done: Sequence[int]) -> None:
    """Say of the numbers that were asked for and of which nothing became what is with them."""
    left = [number for number in ids or () if number not in set(done)]
    if not left:
        return
    choice = _choice(left, "", "", "", Standing.ALL)
    known = {letter.id: letter for letter in _ask(config, lambda records: _read(records, choice, None))}
    for number in left:
        letter = known.get(number)
        if letter is None:
            typer.echo(f"{number}: there is no such letter (any more); {OTHER_IDS}", err=True)
        elif letter.state != "open":
            typer.echo(f"{number}: was {letter.state} at {letter.settled}: {letter.note}", err=True)
        else:
            typer.echo(f"{number}: is none of the letters that --source, --signal and --reason leave", err=True)


def _one(config: "Config", letter_id: int) -> "DeadLetter":
    choice = _choice([letter_id], "", "", "", Standing.ALL)
    letters = _ask(config, lambda records: _read(records, choice, 1))
    if not letters:
        fail(
            f"there is no dead letter {letter_id} (any more); "
            f"`parkline deadletter list` shows those there are ({OTHER_IDS})"
        )
    return letters[0]


def _text(payload: bytes) -> str:
    from collector.deadletters import readable

    text, encoding = readable(payload, 4 * _IN_A_ROW)
    return text if encoding == "utf-8" else payload[:_IN_A_ROW].hex(" ")


def _short(text: str) -> str:
    line = _harmless(" ".join(text.split()))
    return line if len(line) <= _IN_A_ROW else line[: _IN_A_ROW - 1] + "…"


def _harmless(text: str) -> str:
    """Give a foreign text without what would steer a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def _payload(letter: "DeadLetter") -> str:
    """Write a payload for a person: JSON indented, text as it is, anything else in hex."""
    import orjson

    from collector.deadletters import readable

    shown, rest = letter.payload[:_SHOWN], len(letter.payload) - _SHOWN
    more = f"\n… {rest:,} bytes more; `export` writes all" if rest > 0 else ""
    if not shown:
        return "(nothing)"
    text, encoding = readable(letter.payload, _SHOWN)
    if encoding != "utf-8":
        return "\n".join(shown[at : at + 16].hex(" ") for at in range(0, len(shown), 16)) + more
    try:
        return _harmless(orjson.dumps(orjson.loads(shown), option=orjson.OPT_INDENT_2).decode())
    except orjson.JSONDecodeError:
        return _harmless(text) + more


def _to_do(letter: "DeadLetter") -> str:
    if letter.state != "open":
        return "nothing: it is settled, and opens again if it comes again"
    if letter.cut:
        return f"its payload was cut and cannot be decoded again: mend its cause, then `deadletter drop {letter.id}`"
    return (
        f"mend what the reason says, then `deadletter replay {letter.id}` (first with --dry-run); "
        f"where nothing is to become of it: `deadletter drop {letter.id} --because TEXT`"
    )


def _load(config: Path) -> "Config":
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def _ask(config: "Config", work: "Callable[[Records], Coroutine[Any, Any, T]]") -> T:
    """Do something with the open records; end the verb where they, or the spool, do not take part."""
    from collector.assembly import open_records
    from collector.records import RecordsError
    from collector.spool.contract import SpoolError

    async def asked() -> T:
        async with open_records(config) as records:
            return await work(records)

    try:
        return asyncio.run(asked())
    except (RecordsError, SpoolError) as error:
        fail(error)
