"""What an export is of: the signals and machines that it names, and the factories that its rows are of."""

from collections.abc import Sequence

from api.lookup import known_assets, trees_asked, under
from api.parts import Parts


def signals_asked(parts: Parts, paths: Sequence[str]) -> list[str]:
    """Give the signals that are named, and all below the assets that are; of all without a name; or answer 404."""
    trees = trees_asked(parts, [path for path in paths if path not in parts.park.signals])
    if paths and all(path in parts.park.signals for path in paths):
        trees = []
    named = set(paths)
    return sorted(path for path in parts.park.signals if path in named or under(path, trees))


def machines_asked(parts: Parts, paths: Sequence[str]) -> list[str]:
    """Give the machines whose states are known that are named or below what is; all without a name; or answer 404."""
    trees = trees_asked(parts, paths)
    return [path for path, one in parts.park.equipment.items() if one.state_inputs and under(path, trees)]


def reach_of(parts: Parts, paths: Sequence[str]) -> frozenset[str] | None:
    """Give the factories that rows of these paths are of; None: of the whole park; or answer 404."""
    if not paths:
        return parts.grants
    known_assets(parts, [path for path in paths if path not in parts.park.signals])
    if parts.park.id in paths and parts.grants is None:
        return None
    return frozenset(path.partition("/")[0] for path in paths)
