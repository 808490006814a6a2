"""What an export is of: the signals and machines that it names, and the factories that its rows are of."""

from collections.abc import Sequence

from api.lookup import known_assets, trees_asked, under
from api.parts import Parts


def check_paths(parts: Parts, paths: Sequence[str], *, signals: bool) -> None:
    """Answer 404 where a path is no asset, or no signal where these may be named."""
    known_assets(parts, [path for path in paths if not (signals and path in parts.park.signals)])


def signals_asked(parts: Parts, paths: Sequence[str]) -> list[str]:
    """Give the signals that are named, and all below the assets that are; of all without a name; or answer 404."""
    named = {path for path in paths if path in parts.park.signals}
    trees = _trees(parts, [path for path in paths if path not in named]) if len(named) < len(paths) or not paths else ()
    return sorted(path for path in parts.park.signals if path in named or under(path, trees))


def machines_asked(parts: Parts, paths: Sequence[str]) -> list[str]:
    """Give the machines whose states are known that are named or below what is; all without a name; or answer 404."""
    trees = _trees(parts, paths)
    return [path for path, one in parts.park.equipment.items() if one.state_inputs and under(path, trees)]


def _trees(parts: Parts, paths: Sequence[str]) -> frozenset[str] | None:
    trees = trees_asked(parts, paths)
    return None if trees is None else frozenset(trees)


def reach_of(parts: Parts, paths: Sequence[str]) -> frozenset[str] | None:
    """Give the factories that rows of these paths are of; None: of the whole park; or answer 404."""
    if not paths:
        return parts.grants
    known_assets(parts, [path for path in paths if path not in parts.park.signals])
    if parts.park.id in paths and parts.grants is None:
        return None
    return frozenset(path.partition("/")[0] for path in paths)
