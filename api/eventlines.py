"""What is sent of events: each formatted once for all who are told its id in the same way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from api.lookup import under
from api.seals import PLAIN, Seal
from collector.feed import Told, Topic

RESOURCES: Final = {"alerts": "/api/v1/alerts", "states": "/api/v1/states", "kpis": "/api/v1/kpis"}
"""Where what a topic tells is read."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody listens to; equal ones are served together."""

    topics: frozenset[Topic] | None
    """Topics; None: all."""

    trees: tuple[str, ...] | None
    """Paths, each with all below it; None: whatever there is, the park itself too."""

    hidden: str
    """A path that is never told: the park's, to who may not see all of it; empty: none."""

    priorities: frozenset[str] | None
    """Priorities of alerts; None: whatever they have."""

    seal: Seal = PLAIN
    """How events and places are named to them."""

    def takes(self, topic: Topic, path: str, priority: str) -> bool:
        """Tell whether an event is listened to."""
        return (
            (self.topics is None or topic in self.topics)
            and path != self.hidden
            and under(path, self.trees)
            and (self.priorities is None or topic != "alerts" or priority in self.priorities)
        )


class Line:
    """One event, formatted once for all who are told its id in the same way."""

    __slots__ = ("_texts", "_told", "number", "path", "priority", "topic")

    def __init__(self, told: Told) -> None:
        self.number = told.number
        self.topic = told.topic
        self.path = told.path
        self.priority = str(told.body.get("priority", ""))
        self._told = told
        self._texts: dict[Seal, bytes] = {}

    def text(self, seal: Seal) -> bytes:
        """Give what is sent of it."""
        text = self._texts.get(seal)
        if text is None:
            text = self._texts[seal] = text_of(self._told, seal)
        return text


def text_of(told: Told, seal: Seal) -> bytes:
    """Format an event."""
    name = seal.event(told.number)
    shown = {"id": name, "at": told.at, "topic": told.topic, "path": told.path, "data": told.body}
    data = orjson.dumps(shown, option=orjson.OPT_UTC_Z)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (name.encode(), told.topic.encode(), data)


def place_text(number: int, seal: Seal) -> bytes:
    """Say up to where all was told."""
    return b"id: %b\n\n" % seal.place(number).encode()


def reset_text(number: int, seal: Seal) -> bytes:
    """Say to who asks for what is no longer kept from where it goes on, and what to read again."""
    place = seal.place(number)
    said = orjson.dumps({"from": place, "read": list(RESOURCES.values())})
    return b"id: %b\nevent: reset\ndata: %b\n\n" % (place.encode(), said)


def texts_of(lines: Iterable[Line], wanted: Filter, after: int = -1) -> tuple[bytes, int]:
    """Give the events that a filter takes, formatted, and how many there are."""
    texts = [
        one.text(wanted.seal) for one in lines if one.number > after and wanted.takes(one.topic, one.path, one.priority)
    ]
    return b"".join(texts), len(texts)
