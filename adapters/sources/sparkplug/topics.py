"""The topic namespace of Sparkplug B 3.0 (chapter 4): pure.

spBv1.0/GROUP/NBIRTH/NODE                  and NDATA, NDEATH: the edge node's own
spBv1.0/GROUP/DBIRTH/NODE/DEVICE           and DDATA, DDEATH: of a device behind it
spBv1.0/GROUP/NCMD/NODE                    what is asked of an edge node
spBv1.0/STATE/HOST_ID                      whether a host application is there
"""

from enum import StrEnum
from typing import Final, NamedTuple

NAMESPACE: Final = "spBv1.0"
"""First part of every topic."""

_OF_NODE: Final = 4
_OF_DEVICE: Final = 5


class Verb(StrEnum):
    """What a message is."""

    NBIRTH = "NBIRTH"
    NDATA = "NDATA"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDATA = "DDATA"
    DDEATH = "DDEATH"


_VERBS: Final = {str(verb): verb for verb in Verb}


class Topic(NamedTuple):
    """A topic, read."""

    verb: Verb
    """What its messages are."""

    group: str
    """Group id."""

    node: str
    """Edge node id."""

    device: str
    """Device id; empty: the edge node itself."""


def read(topic: str) -> Topic | None:
    """Read a topic; None where it is none of an edge node's or device's."""
    parts = topic.split("/")
    if len(parts) not in {_OF_NODE, _OF_DEVICE} or parts[0] != NAMESPACE:
        return None
    verb, device = _VERBS.get(parts[2]), parts[4] if len(parts) == _OF_DEVICE else ""
    if verb is None or (verb[0] == "D") != (len(parts) == _OF_DEVICE):
        return None
    return Topic(verb, parts[1], parts[3], device)


def written(topic: Topic) -> str:
    """Write a topic."""
    place = f"{topic.node}/{topic.device}" if topic.device else topic.node
    return f"{NAMESPACE}/{topic.group}/{topic.verb}/{place}"


def filters(group: str, node: str) -> list[str]:
    """Give what to subscribe to for one edge node: all of its devices, since its messages are numbered together."""
    of_node = [f"{NAMESPACE}/{group}/{verb}/{node}" for verb in (Verb.NBIRTH, Verb.NDATA, Verb.NDEATH)]
    return of_node + [f"{NAMESPACE}/{group}/{verb}/{node}/+" for verb in (Verb.DBIRTH, Verb.DDATA, Verb.DDEATH)]


def command(group: str, node: str) -> str:
    """Give the topic on which an edge node takes commands."""
    return f"{NAMESPACE}/{group}/NCMD/{node}"


def state(host_id: str) -> str:
    """Give the topic on which a host application says whether it is there."""
    return f"{NAMESPACE}/STATE/{host_id}"
