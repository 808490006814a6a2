"""Values of payloads as values of the type that a point declares.

JSON knows one sort of number; whether it is a `float` or an `int` is the point's to say. What is not exactly of that
type is refused, not bent: the text "12.5" is no number, and 12.5 is no integer.

    declared    in JSON                                     as a plain payload
    float       a number                                    12.5  -3  +1e3
    int         a number without a fraction: 12, 12.0       12  -3  12.0
    bool        true, false, 1, 0                           true false 1 0 on off, in any case
    text        a string                                    any text, also a JSON string in its quotes

Numbers are finite, integers lie within 64 bits. JSON null is None: the sender says that there is no value.
"""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

import orjson

from adapters.sample import Status, ValueType
from adapters.sources.mqtt.unfit import UnfitError, described, printable

_LEAST, _GREATEST = -(2**63), 2**63 - 1
_BEYOND: Final = 2.0**63
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LONGEST_NUMBER: Final = 400
_SWITCHES: Final = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
_QUALITIES: Final = {
    "good": int(Status.GOOD),
    "uncertain": int(Status.UNCERTAIN),
    "bad": int(Status.BAD),
}
_STATUS_END: Final = 2**32


def is_huge(value: Any) -> bool:
    """Tell whether a fast JSON decoder may have made a float of an integer beyond 64 bits."""
    return type(value) is float and not -_BEYOND < value < _BEYOND


def status(value: Any) -> int:
    """Give the OPC UA StatusCode that a decoded JSON value means.

    Raises:
        UnfitError: it means none.
    """
    if type(value) is int and 0 <= value < _STATUS_END:
        return value
    if type(value) is bool:
        return _QUALITIES["good" if value else "bad"]
    if type(value) is str and (code := _QUALITIES.get(value.strip().lower())) is not None:
        return code
    msg = f"expected a quality (an OPC UA StatusCode, true, false, good, uncertain or bad), found {described(value)}"
    raise UnfitError(msg)


def _float(value: Any) -> float:
    if type(value) is float and isfinite(value):
        return value
    if type(value) is int and _LEAST <= value <= _GREATEST:
        return float(value)
    raise _unfit(value, "a number")


def _int(value: Any) -> int:
    if type(value) is int and _LEAST <= value <= _GREATEST:
        return value
    if type(value) is float and -_BEYOND <= value < _BEYOND and value == int(value):
        return int(value)
    raise _unfit(value, "an integer")


def _bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is int and value in {0, 1}:
        return value == 1
    raise _unfit(value, "true or false")


def _text(value: Any) -> str:
    if type(value) is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                msg = f"the text {printable(repr(value))} holds half a character (a lone surrogate)"
                raise UnfitError(msg) from error
        return value
    raise _unfit(value, "a text")


def _unfit(value: Any, expected: str) -> UnfitError:
    """Say why a decoded JSON value is refused."""
    if type(value) is int and not _LEAST <= value <= _GREATEST:
        return UnfitError(f"{described(value)} lies beyond the integers of 64 bits")
    if type(value) is float and not isfinite(value):
        return UnfitError("NaN or Infinity is no value; publish null where there is none")
    return UnfitError(f"expected {expected}, found {described(value)}")


DECODED: Final[Mapping[ValueType, Callable[[Any], Any]]] = {"float": _float, "int": _int, "bool": _bool, "text": _text}
"""By declared type: takes a decoded JSON value other than null, gives the value; raises UnfitError."""


def plain(kind: ValueType, payload: bytes) -> float | int | bool | str | None:
    """Give the value that a whole payload is, as text.

    Raises:
        UnfitError: it is no value of type `kind`.
    """
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        msg = f"the payload is no UTF-8 (byte {error.start}); publish plain text in UTF-8"
        raise UnfitError(msg) from error
    word = text.strip()
    if not word:
        msg = "the payload is empty; publish null where there is no value"
        raise UnfitError(msg)
    if word == "null":
        return None
    if word[0] in "{[" and (document := _json(payload)) is not None:
        msg = f"the payload is {described(document)}; write the path of the value as `value`"
        raise UnfitError(msg)
    if kind == "text":
        quoted = _json(payload) if word[0] == '"' else None
        return quoted if type(quoted) is str else text
    if kind == "bool":
        if (switch := _SWITCHES.get(word.lower())) is None:
            msg = f"expected true or false, found {printable(repr(word))}"
            raise UnfitError(msg)
        return switch
    return _plain_number(kind, word)


def _plain_number(kind: ValueType, word: str) -> float | int:
    if len(word) > _LONGEST_NUMBER or not _NUMBER.fullmatch(word):
        msg = f"expected a number like 12.5, found {printable(repr(word))}"
        raise UnfitError(msg)
    number = int(word) if _INTEGER.fullmatch(word) else float(word)
    return _float(number) if kind == "float" else _int(number)


def _json(payload: bytes) -> Any:
    """Give the JSON document that a payload is, None where it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
