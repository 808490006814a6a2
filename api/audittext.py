r"""What callers wrote, as it may stand in the audit: in one line, of bounded length, and without secrets.

A character that is not printable (a line break, an escape of terminals, a mark that turns the direction of a text, half
a surrogate pair) is written as Python writes it, `\n`, `\x1b`, `\u2028`, and so a backslash is written twice: what is
read is what was sent, and no text can pass for a line of its own.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

HIDDEN: Final = "***"
"""What stands in the place of a secret."""

_CUT: Final = "…"

_NAMES: Final = re.compile(
    r"(?i:token|jwt|secret|passwd|password|pwd|credentials?|signature|authorization|apikey)$"
    r"|(?:^|[^A-Za-z]|(?<=[a-z])(?=[A-Z]))(?i:key|auth|sig|bearer)$"  # no monkeys
)
"""Names of parameters that hold secrets."""

_OPEN: Final = frozenset({"page_token"})
"""Names that look so and hold none."""

_SECRETS: Final = re.compile(
    r"""
      (?P<key> parkline_[^_\s&=/]{1,32}_) [^\s&/]+              # a key; its id tells whose
    | (?P<hook> whsec_) [^\s&/]+                              # a secret of a webhook
    | (?P<jwt> ey[\w-]{6,}\.) [\w-]+ (?: \. [\w-]* ){1,3}     # a token
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""What is a secret wherever it stands; the part that is none is a group."""


@lru_cache(256)  # most rows say what others said: the same paths, operations, callers
def one_line(text: str, most: int) -> str:
    """Give a text without secrets as one printable line of `most` characters at most, `…` at its end where cut."""
    bare = _SECRETS.sub(_hidden, text[: 2 * most])
    shown = bare if bare.isprintable() and "\\" not in bare else "".join(map(_escaped, bare))
    return shown if len(shown) <= most and len(text) <= 2 * most else shown[: most - 1] + _CUT


@lru_cache(256)
def query_line(query: str, most: int) -> str:
    """Give the query of an address, percent-encoded as it was sent, as `one_line` does; secrets of it are `***`."""
    return one_line("&".join(map(_open_pair, query[: 2 * most].split("&"))), most) if query else ""


def _open_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    plain = unquote_plus(name).strip()
    if plain not in _OPEN and _NAMES.search(plain):
        return f"{name}{equals}{HIDDEN}" if equals else name
    decoded = unquote_plus(pair)
    return pair if decoded == pair or not _SECRETS.search(decoded) else _SECRETS.sub(_hidden, decoded)


def _hidden(found: re.Match[str]) -> str:
    return f"{found[str(found.lastgroup)]}{HIDDEN}"


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    return character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")
