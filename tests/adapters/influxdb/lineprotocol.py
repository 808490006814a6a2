"""A strict reader of line protocol, written from its reference and sharing nothing with the encoder.

It takes only what 1.x, 2.x and 3.x all read alike: no backslash in a tag unless it escapes a comma, a space or an
equals sign, no control character outside a text, floats with a point and, if any, a signed exponent.
"""

import re
from dataclasses import dataclass

FLOAT = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")
INTEGER = re.compile(r"(-?\d+)i")
TIME = re.compile(r"-?\d+")
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Line:
    """One line, read."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, float | int | bool | str]
    time: int


def read(text: str) -> list[Line]:
    """Read lines; raises ValueError where one is not well-formed."""
    reader = _Reader(text)
    lines = [reader.line()]
    while not reader.at_end:
        reader.take("\n")
        lines.append(reader.line())
    return lines


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    @property
    def at_end(self) -> bool:
        return self.place == len(self.text)

    def line(self) -> Line:
        measurement = self.name(", ")
        tags: dict[str, str] = {}
        while self.next_is(","):
            key = self.name("=")
            self.take("=")
            self.check(key not in tags, f"tag {key} twice")
            tags[key] = self.name(", ")
        self.check(list(tags) == sorted(tags), "tags out of order")
        self.take(" ")
        fields: dict[str, float | int | bool | str] = {}
        while True:
            key = self.name("=")
            self.take("=")
            self.check(key not in fields, f"field {key} twice")
            fields[key] = self.value()
            if not self.next_is(","):
                break
        self.take(" ")
        time = int(self.match(TIME)[0])
        self.check(time in INT64, "time out of range")
        return Line(measurement, tags, fields, time)

    def name(self, until: str) -> str:
        """Read a measurement, a key or a tag's value up to a character of `until`."""
        found = ""
        while not self.at_end and self.text[self.place] not in until:
            character = self.text[self.place]
            self.check(character.isprintable() or character > "\x7f", f"bare {character!r} in a name")
            self.check(character != "=", "bare = in a name")
            if character == "\\":
                self.place += 1
                self.check(self.text.startswith((",", " ", "="), self.place), "backslash that escapes nothing")
            found += self.text[self.place]
            self.place += 1
        self.check(found, "empty name")
        return found

    def value(self) -> float | int | bool | str:
        if self.next_is('"'):
            return self.string()
        if found := INTEGER.match(self.text, self.place):
            self.place = found.end()
            self.check(int(found[1]) in INT64, "integer out of range")
            return int(found[1])
        for word, value in (("true", True), ("false", False)):
            if self.text.startswith(word, self.place):
                self.place += len(word)
                return value
        return float(self.match(FLOAT)[0])

    def string(self) -> str:
        found = ""
        while not self.next_is('"'):
            self.check(not self.at_end, "text without an end")
            if self.next_is("\\"):
                self.check(not self.at_end and self.text[self.place] in '"\\', "backslash that escapes nothing")
            found += self.text[self.place]
            self.place += 1
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise ValueError(self.where(f"no {pattern.pattern}"))
        self.place = found.end()
        return found

    def next_is(self, character: str) -> bool:
        there = self.text.startswith(character, self.place)
        self.place += len(character) if there else 0
        return there

    def take(self, character: str) -> None:
        self.check(self.next_is(character), f"no {character!r}")

    def check(self, holds: object, complaint: str) -> None:
        if not holds:
            raise ValueError(self.where(complaint))

    def where(self, complaint: str) -> str:
        return f"{complaint} at {self.place}: {self.text[max(self.place - 40, 0) : self.place + 40]!r}"
