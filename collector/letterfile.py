"""Dead letters as files: each with its whole payload, for another program, for a spreadsheet, or for a question.

jsonl      an object a line        payload as text, or in base64 where it is none (`encoding` tells which)
csv        a header, a row each    the same
parquet    a row each              payload as bytes
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import IO, Any, Final

import orjson
import polars as pl

from collector.deadletters import DeadLetter, readable
from collector.spreadsheet import guarded

_INSTANT: Final = pl.Datetime("us", "UTC")

_COLUMNS: Final = pl.Schema(
    {
        "id": pl.Int64(),
        "source": pl.String(),
        "address": pl.String(),
        "signal": pl.String(),
        "payload": pl.Binary(),
        "reason": pl.String(),
        "first": _INSTANT,
        "last": _INSTANT,
        "count": pl.Int64(),
        "form": pl.String(),
        "first_time": _INSTANT,
        "last_time": _INSTANT,
        "state": pl.String(),
        "settled": _INSTANT,
        "note": pl.String(),
    }
)


class LetterFormat(StrEnum):
    """How letters are written."""

    JSONL = "jsonl"
    """JSON, a letter a line."""
    CSV = "csv"
    """CSV with a header, for a spreadsheet: a text that one takes for a formula has an apostrophe before it."""
    PARQUET = "parquet"
    """Parquet, the payloads as bytes."""


def told(letter: DeadLetter) -> dict[str, Any]:
    """Give a letter as JSON has it: its payload as text, or in base64, and how long it is."""
    payload, encoding = readable(letter.payload)
    return {**asdict(letter), "payload": payload, "encoding": encoding, "size": len(letter.payload), "cut": letter.cut}


def write_letters(
    file: IO[bytes], letters: Sequence[DeadLetter], format_: LetterFormat, *, header: bool = True
) -> None:
    """Write letters to an open file, in their order; raises OSError.

    Args:
        file: where to.
        letters: of the whole file, or of the next part of it.
        format_: of the file; one of Parquet cannot be written in parts.
        header: whether a file of CSV begins here.
    """
    if format_ is LetterFormat.JSONL:
        for letter in letters:
            file.write(orjson.dumps(told(letter), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
    elif format_ is LetterFormat.CSV:
        beside: Mapping[str, pl.DataType] = {"encoding": pl.String(), "size": pl.Int64(), "cut": pl.Boolean()}
        schema = {**_COLUMNS, "payload": pl.String(), **beside}
        frame = pl.DataFrame([told(letter) for letter in letters], schema=schema)
        guarded(frame).write_csv(file, include_header=header, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    else:
        rows = [{**asdict(letter), "cut": letter.cut} for letter in letters]
        pl.DataFrame(rows, schema={**_COLUMNS, "cut": pl.Boolean()}).write_parquet(file)
