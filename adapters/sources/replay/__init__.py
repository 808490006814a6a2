"""Recorded files as a source: SHDR text, CSV and Parquet, at their own pace or as fast as it goes."""

from typing import Final

from adapters.sources.contract import Points, Source
from adapters.sources.replay.settings import ReplayAddress, ReplaySettings

__all__ = ["KIND", "ReplayAddress", "ReplaySettings", "create"]


def create(name: str, settings: ReplaySettings, points: Points[ReplayAddress]) -> Source:
    """Make the source; its files are opened by `connect`."""
    from adapters.sources.replay.source import ReplaySource

    return ReplaySource(name, settings, points)


KIND: Final = (ReplaySettings, ReplayAddress, create)
"""What `adapters.registry` asks for: how it is configured, how its points are addressed, what makes it."""
