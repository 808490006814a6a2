"""What verbs about alerts and faults read: the installation, its records, and the paths that they are given.

Each function ends the verb where it cannot: with code 2 where something is written wrong, with code 1 where the records
do not answer.
"""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from collector.output import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import sqlalchemy as sa

    from collector.load import Config
    from collector.park import Park

T = TypeVar("T")


def read_installation(config: Path) -> "Config":
    """Give the installation that a file or folder configures."""
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def with_records(config: "Config", work: "Callable[[sa.Connection], T]") -> T:
    """Do something with the records, in one transaction; give what comes of it."""
    import asyncio

    from collector.assembly import open_records
    from collector.records import RecordsError

    async def run() -> T:
        async with open_records(config) as records:
            return await records.run(work)

    try:
        return asyncio.run(run())
    except RecordsError as error:
        fail(error)


def under(park: "Park", path: str, *, signals: bool = False) -> list[str] | None:
    """Give the paths that a person means by one; None for everything: nothing written, or the park's id.

    Args:
        park: the park as it is configured.
        path: the park's id, or the path of a factory, line or machine.
        signals: whether it may be that of a signal, too.
    """
    from collector.config.problems import did_you_mean

    if path in {"", park.id}:
        return None
    known = assets(park) | (park.signals.keys() if signals else set())
    if path not in known:
        fail(f"{path!r} is nothing in this park{did_you_mean(path, sorted(known))}", code=2)
    return [path]


def assets(park: "Park") -> set[str]:
    """Give the paths of all factories, lines and machines."""
    lines = {line.path for factory in park.factories for line in factory.lines}
    return {factory.path for factory in park.factories} | lines | park.equipment.keys()


def lies_under(path: str, paths: "Collection[str] | None") -> bool:
    """Tell whether a path is one of these or lies below one; None for everything, as `under` gives them."""
    return paths is None or any(f"{path}/".startswith(f"{one}/") for one in paths)
