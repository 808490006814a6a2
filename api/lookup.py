"""Finds what a request names in the park, or answers what there is instead."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from analytics import erring, health, trouble
from analytics.kpis.catalogue import BY_SLUG
from analytics.recording import source_of
from analytics.restatement import LOSS, STOPS
from api.errors import UNKNOWN_ASSET, UNKNOWN_KPI, Kind, ProblemError, wrong
from api.parts import Parts
from api.views.shape import TitleView
from collector.park import Equipment, Factory, Line, Park, Signal, Title

_NAMED: Final = 3
"""How many likely names an answer suggests."""

_DETECTORS: Final[Mapping[str, Title]] = {
    **health.TITLES,
    health.SLUG: health.TITLE,
    trouble.DETECTOR: Title(en="Notification channel", zh="通知渠道"),
    erring.SLUG: Title(en="Detector errs", zh="检测器出错"),
}


def titled(title: Title, otherwise: str) -> TitleView:
    """Give what people call a thing; `otherwise` where nobody gave it a title."""
    return TitleView(zh=title.zh or otherwise, en=title.en or otherwise)


def park_at(park: Park, name: str) -> Park:
    """Give the park, or answer 404 where it is not called so."""
    _known(name, [park.id], "park", UNKNOWN_ASSET)
    return park


def factory_at(park: Park, path: str) -> Factory:
    """Give the factory at `path`, or answer 404."""
    factories = {factory.path: factory for factory in park.factories}
    return factories[_known(path, factories, "factory", UNKNOWN_ASSET)]


def line_at(park: Park, path: str) -> Line:
    """Give the line at `path`, or answer 404."""
    lines = {line.path: line for line in lines_of(park)}
    return lines[_known(path, lines, "line", UNKNOWN_ASSET)]


def equipment_at(park: Park, path: str) -> Equipment:
    """Give the equipment at `path`, or answer 404."""
    return park.equipment[_known(path, park.equipment, "equipment", UNKNOWN_ASSET)]


def signal_at(park: Park, path: str) -> Signal:
    """Give the signal at `path`, or answer 404."""
    return park.signals[_known(path, park.signals, "signal", UNKNOWN_ASSET)]


def title_at(park: Park, path: str) -> TitleView:
    """Give what people call the equipment or signal at `path`; its last segment where nobody gave it a title."""
    known = park.equipment.get(path) or park.signals.get(path)
    return titled(Title() if known is None else known.title, path.rpartition("/")[2])


def detector_title(slug: str) -> TitleView:
    """Give what people call what a detector sees; its slug where it is none of the catalogue."""
    return titled(_DETECTORS.get(slug, Title()), slug)


def known_detectors(slugs: Iterable[str]) -> list[str]:
    """Give these slugs of detectors, or answer 422 for the first that is none."""
    known = list(slugs)
    for slug in known:
        if slug not in _DETECTORS:
            near = get_close_matches(slug, _DETECTORS, n=_NAMED) or sorted(_DETECTORS)
            raise wrong(parameter="detector", detail=f"there is no detector {slug!r}; there is {', '.join(near)}")
    return known


def known_source(name: str, there: Collection[str]) -> str:
    """Give this name of a source, or answer 404 where it is none of those there are."""
    return _known(name, there, "source", UNKNOWN_ASSET)


def known_sources(parts: Parts, names: Iterable[str]) -> list[str]:
    """Give these names of sources or recordings, or answer 404 for the first that is none."""
    there = _sources(parts)
    return [known_source(name, there) for name in names]


def sources_asked(parts: Parts, names: Collection[str] | None) -> list[str] | None:
    """Give the sources whose rows a caller is shown: those named, or all that there are; None: whatever there is.

    An empty list is nothing, which is what somebody may see whose factories the park does not have.
    """
    if names:
        return known_sources(parts, names)
    return None if parts.grants is None else sorted(_sources(parts))


def source_seen(parts: Parts, name: str) -> str | None:
    """Give the name of the source of a signal that the caller may see; None where the source may not be seen."""
    return name if parts.sight is None or name in parts.sight.sources else None


def _sources(parts: Parts) -> Collection[str]:
    if parts.sight is not None:
        return parts.sight.sources
    return {*parts.park.sources, *(source_of(line) for line in lines_of(parts.park))}


def lines_of(park: Park) -> Iterator[Line]:
    """Give every line, in the order of the files."""
    for factory in park.factories:
        yield from factory.lines


def known_assets(parts: Parts, paths: Iterable[str]) -> list[str]:
    """Give these paths of the park, factories, lines or equipment, or answer 404 for the first that is none.

    The park itself is there for those who may see all of it: its numbers tell of every factory.
    """
    there = set(_assets(parts.park))
    if parts.grants is None:
        there.add(parts.park.id)
    return [_known(path, there, "asset", UNKNOWN_ASSET) for path in paths]


def assets_asked(parts: Parts, paths: Collection[str] | None) -> list[str] | None:
    """Give the assets whose own rows a caller is shown: those named, or all that there are; None: whatever there is.

    An empty list is nothing, as in `sources_asked`.
    """
    if paths:
        return known_assets(parts, paths)
    return None if parts.grants is None else list(_assets(parts.park))


def paths_asked(parts: Parts, paths: Collection[str] | None) -> list[str]:
    """Give the assets whose own numbers are asked for: those named, or every one that the caller may see, by path.

    Those are the factories, lines and machines of the park, and the park itself for who may see all of it.
    """
    if paths:
        return known_assets(parts, paths)
    return [*([parts.park.id] if parts.grants is None else []), *_assets(parts.park)]


def trees_asked(parts: Parts, paths: Collection[str] | None) -> list[str] | None:
    """Give the assets that a caller is shown with all below them: those named, or all; None: whatever there is.

    An empty list is nothing, as in `sources_asked`.
    """
    if paths:
        known = known_assets(parts, paths)
        return None if parts.grants is None and parts.park.id in known else known
    return None if parts.grants is None else [factory.path for factory in parts.park.factories]


def under(path: str, trees: Collection[str] | None) -> bool:
    """Tell whether a path is one of those that `trees_asked` gives, or below one; soon told where they are a set."""
    while trees is not None and path not in trees:
        path = path.rpartition("/")[0]
        if not path:
            return False
    return True


def _assets(park: Park) -> Iterator[str]:
    """Give the path of every factory, line and machine."""
    yield from (factory.path for factory in park.factories)
    yield from (line.path for line in lines_of(park))
    yield from park.equipment


def known_numbers(slugs: Iterable[str]) -> list[str]:
    """Give these names of numbers (slugs, seconds and stops by reason), or answer 404 for the first that is none."""
    return [slug if slug.startswith((LOSS, STOPS)) else _known(slug, BY_SLUG, "KPI", UNKNOWN_KPI) for slug in slugs]


def _known(wanted: str, there: Collection[str], what: str, kind: Kind) -> str:
    if wanted in there:
        return wanted
    near = _near(wanted, there)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ProblemError(kind, f"there is no {what} {wanted!r}{hint}")


def _near(wanted: str, there: Collection[str]) -> list[str]:
    """Give the most likely of these names; where none is like it, the few that end in the same segment.

    Of paths each segment is looked for among those beside it alone: to compare a path with every signal of a great
    park takes a second, in which nobody else is answered.
    """
    *above, last = wanted.split("/")
    begin = ""
    for segment in above:
        near = _close(segment, {path[len(begin) :].partition("/")[0] for path in there if path.startswith(begin)}, 1)
        if not near:
            break
        begin += f"{near[0]}/"
    else:
        beside = {path[len(begin) :] for path in there if path.startswith(begin)}
        if near := _close(last, {name for name in beside if "/" not in name}, _NAMED):
            return [begin + name for name in near]
    ending = sorted(path for path in there if path.endswith(f"/{last}"))
    return ending if len(ending) <= _NAMED else []


def _close(name: str, names: Collection[str], most: int) -> list[str]:
    return [name] if name in names else get_close_matches(name, sorted(names), n=most)
