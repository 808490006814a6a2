"""Paths into a JSON payload: `temperature`, `axes[2].load`, `data["spindle.speed"].v`.

    path   =  step { "." key | "[" index "]" | '["' any key '"]' }      the first key has no dot before it
    key    =  one or more characters other than . [ ] "
    index  =  0, 1, 2, …

A path is a tuple of steps, a key of an object or an index of an array each; the empty path is the payload itself.
"""

import re
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Steps from the payload's root to a value: keys (str) and indexes (int)."""

MISSING: Final = object()
"""What `find` gives where the payload has no such value; JSON null is None."""

_KEY: Final = re.compile(r'[^.\[\]"]+')
_BRACKET: Final = re.compile(r'\[(?:([0-9]{1,9})|"((?:[^"\\]|\\.)*)")\]', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(r'(["\\])')
_BACKSLASHED: Final = r"\\\1"


def parse(text: str) -> Path:
    """Read a path as an engineer writes it.

    Raises:
        ValueError: the text is no path; the message says what to write.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            bracket = _BRACKET.match(text, at)
            if bracket is None:
                msg = f'{text!r}: after "[" comes an index or a quoted key, then "]", like [0] or ["spindle.speed"]'
                raise ValueError(msg)
            steps.append(int(bracket[1]) if bracket[1] else _ESCAPE.sub(r"\1", bracket[2]))
            at = bracket.end()
            continue
        if steps:
            if text[at] != ".":
                msg = f'{text!r}: write a "." between {text[:at]!r} and {text[at:]!r}'
                raise ValueError(msg)
            at += 1
        key = _KEY.match(text, at)
        if key is None:
            where = f"after {text[:at]!r}" if at else "in front"
            msg = (
                f"{text!r}: a key is missing {where}; write a path like axes[2].load, "
                f'and a key that holds . [ ] or " as ["spindle.speed"]'
            )
            raise ValueError(msg)
        steps.append(key[0])
        at = key.end()
    return tuple(steps)


def find(document: Any, path: Path) -> Any:
    """Give the value at `path` in a decoded JSON document, or `MISSING`."""
    node = document
    try:
        for step in path:
            if type(step) is int and type(node) is not list:
                return MISSING
            node = node[step]
    except (KeyError, IndexError, TypeError):
        return MISSING
    return node


def written(path: Path) -> str:
    """Write a path as an engineer does; the inverse of `parse`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{_SPECIAL.sub(_BACKSLASHED, step)}"]'
    return text


def deepest(document: Any, path: Path) -> tuple[Path, Any]:
    """Give the longest part of `path` that the document has, and the value there."""
    node = document
    for depth, step in enumerate(path):
        below = find(node, (step,))
        if below is MISSING:
            return path[:depth], node
        node = below
    return path, node
