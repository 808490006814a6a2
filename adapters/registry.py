"""Name to adapter. The only module that imports concrete adapters; everybody else asks here.

A new source is a folder under `sources/`, and one line below; a store and a channel likewise. Concretes are imported
when they are asked for, so that a process pays only for the protocols it speaks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from pydantic import BaseModel

from adapters.channels.contract import Channel
from adapters.sources.contract import Points, Source
from adapters.stores.contract import Store


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source: how it is configured, how its points are addressed, and what opens it."""

    settings: type[BaseModel]
    """Model of the link: endpoint, credentials, intervals."""

    address: type[BaseModel]
    """Model of where one signal is found on that link."""

    create: Callable[[str, Any, Points[Any]], Source]
    """`create(name, settings, points)`: makes the source; nothing is opened before `connect`."""


@dataclass(frozen=True, slots=True)
class StoreKind:
    """One kind of store: how it is configured and what opens it."""

    settings: type[BaseModel]
    """Model of the store's configuration."""

    create: Callable[[Any], Store]
    """`create(settings)`: makes the store; nothing is opened before its block is entered."""


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind of channel: how it is configured and what makes it."""

    settings: type[BaseModel]
    """Model of the channel: address, credentials, who is called."""

    create: Callable[[str, Any], Channel]
    """`create(name, settings)`: makes the channel; nothing is opened before its block is entered."""


SOURCES: Final = {
    "mqtt": "adapters.sources.mqtt",
    "opcua": "adapters.sources.opcua",
    "replay": "adapters.sources.replay",
    "sparkplug": "adapters.sources.sparkplug",
}
"""Kind to the package that holds `KIND`: its settings model, its address model and what creates it."""

STORES: Final = {
    "influxdb": "adapters.stores.influxdb",
    "lake": "adapters.stores.lake",
}
"""Kind to the package that holds `KIND`: its settings model and what creates it."""


CHANNELS: Final = {
    "dingtalk": "adapters.channels.dingtalk",
    "feishu": "adapters.channels.feishu",
    "mail": "adapters.channels.mail",
    "mqtt": "adapters.channels.mqtt",
    "webhook": "adapters.channels.webhook",
    "wecom": "adapters.channels.wecom",
}
"""Kind to the package that holds `KIND`: its settings model and what creates it."""


def source_kind(kind: str) -> SourceKind:
    """Load a kind of source.

    Raises:
        KeyError: there is no such kind; its message lists those there are.
    """
    settings, address, create = _parts(SOURCES, kind, "source")
    return SourceKind(settings, address, create)


def store_kind(kind: str) -> StoreKind:
    """Load a kind of store.

    Raises:
        KeyError: there is no such kind; its message lists those there are.
    """
    settings, create = _parts(STORES, kind, "store")
    return StoreKind(settings, create)


def channel_kind(kind: str) -> ChannelKind:
    """Load a kind of channel.

    Raises:
        KeyError: there is no such kind; its message lists those there are.
    """
    settings, create = _parts(CHANNELS, kind, "channel")
    return ChannelKind(settings, create)


def _parts(packages: dict[str, str], kind: str, role: str) -> tuple[Any, ...]:
    if kind not in packages:
        msg = f"there is no {role} of kind {kind!r}; there are {', '.join(sorted(packages))}"
        raise KeyError(msg)
    parts: tuple[Any, ...] = import_module(packages[kind]).KIND
    return parts
