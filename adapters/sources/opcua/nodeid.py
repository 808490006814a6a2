"""How a node is written: the string form of a NodeId (OPC 10000-6, 5.3.1.10 and 5.3.1.11).

    nsu=http://example.org/press;s=Spindle.Speed      by namespace URI: survives a restart of the server
    ns=0;i=2258                                        by namespace index: for nodes of the standard (ns=0)

The identifier is one of `i=` a number, `s=` a string (it may hold any character, `;` too), `g=` a GUID, `b=` base64.
In a URI, `;` is written `%3B` and `%` is written `%25`; any other `%` sequence stands for itself.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_SYNTAX: Final = re.compile(
    r"(?:nsu=(?P<uri>[^;]+);|ns=(?P<index>[0-9]{1,5});)?(?P<kind>[isgb])=(?P<identifier>.+)", re.DOTALL
)
_ESCAPED: Final = re.compile(r"%(3[Bb]|25)")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_LAST_INDEX: Final = 2**16 - 1
_LAST_NUMBER: Final = 2**32 - 1
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class NodeName:
    """A node as written; its namespace is not looked up yet."""

    namespace: str | int
    """Namespace URI, or index 0 to 65535."""

    identifier: int | str | UUID | bytes
    """Its identifier within the namespace; the type tells which kind."""


def parse(text: str) -> NodeName:
    """Read the string form of a NodeId.

    Raises:
        ValueError: it is none; the text says what to write instead.
    """
    match = _SYNTAX.fullmatch(text.strip())
    if match is None:
        msg = (
            f"{text!r} is no node id; write nsu=URI;s=NAME or nsu=URI;i=NUMBER as the server's address space shows "
            f"them, or ns=0;i=NUMBER for a node of the standard"
        )
        raise ValueError(msg)
    index = int(match["index"] or 0)
    if index > _LAST_INDEX:
        msg = f"{text!r}: a namespace index is 0 to {_LAST_INDEX}; better write the namespace's URI, nsu=URI;…"
        raise ValueError(msg)
    uri = match["uri"]
    namespace = index if uri is None else _ESCAPED.sub(lambda found: chr(int(found[1], 16)), uri)
    return NodeName(namespace, _identifier(text, match["kind"], match["identifier"]))


def _identifier(text: str, kind: str, written: str) -> int | str | UUID | bytes:
    if kind == "i":
        if not _NUMBER.fullmatch(written) or int(written) > _LAST_NUMBER:
            msg = f"{text!r}: after i= stands a number, 0 to {_LAST_NUMBER}; write s={written} if it is a name"
            raise ValueError(msg)
        return int(written)
    if kind == "s":
        if len(written) > _LONGEST:
            msg = f"{text[:80]!r}…: a string identifier has at most {_LONGEST} characters"
            raise ValueError(msg)
        return written
    try:
        return UUID(written) if kind == "g" else base64.b64decode(written, validate=True)
    except (ValueError, binascii.Error) as error:
        example = "g=09087e75-8e5e-499b-954f-f2a9603db28a" if kind == "g" else "b=M/RbKBsRVkePCePcx24oRA=="
        msg = f"{text!r}: after {kind}= stands {'a GUID' if kind == 'g' else 'base64'}, like {example}"
        raise ValueError(msg) from error
