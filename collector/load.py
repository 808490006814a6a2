"""The configuration of one installation: read from its folder, or refused with all of its mistakes.

    parkline.yaml ──► Installation        how parkline itself runs
    park.yaml ──────► Park                factories, calendars
    lines/*.yaml ───► Line, …             sources, equipment, signals (or `signals: file.csv`)

Files are read as YAML 1.2. A path written in a file is relative to that file; secrets are written `${env:NAME}` or
`${file:path}`. A mistake in one place hides none in another: what could be read is checked against what could be
read, and every problem is told in one run.
"""

from dataclasses import dataclass
from pathlib import Path

from collector.config.channels import check_routes
from collector.config.files import Files
from collector.config.installation import read_installation
from collector.config.linefile import LineFile
from collector.config.marks import Mapping, Node, text_of
from collector.config.opendata import check_open_data
from collector.config.parkfile import ParkFile
from collector.config.problems import ConfigError, Mark, Problem, Report
from collector.config.signals import KnownSource, Sources
from collector.park import Line, Park
from collector.settings import Installation

__all__ = ["Config", "ConfigError", "Problem", "load"]

MAIN = "parkline.yaml"
"""The file that a folder is looked through for."""


@dataclass(frozen=True, slots=True)
class Config:
    """One installation as configured."""

    file: Path
    """The parkline.yaml that it was read from, absolute; `load` reads it anew from there."""

    folder: Path
    """Folder of it, absolute."""

    installation: Installation
    """How parkline runs; the paths in it are absolute."""

    park: Park
    """The park with its lines; the paths in the settings of its sources are absolute."""


def load(path: Path) -> Config:
    """Read a configuration.

    Args:
        path: parkline.yaml, or the folder that holds it.

    Raises:
        ConfigError: with every problem of every file.
    """
    main = path / MAIN if path.is_dir() else path
    folder = main.parent.absolute()
    report = Report()
    files = Files(folder, main.parent, report)
    root = files.yaml(folder / main.name, may_be_empty=True)
    if root is None:
        raise ConfigError(report.problems)
    installation = read_installation(root, folder, report)
    if installation is not None:
        check_open_data(root, installation.open_data, report)
    park_file = _read_park(root, folder, files, report)
    lines = _read_lines(root, folder, park_file, files, report)
    if report.problems or installation is None or park_file is None or park_file.park is None:
        raise ConfigError(report.problems)
    park = _assembled(park_file.park, lines)
    check_routes(root, park, report)
    if report.problems:
        raise ConfigError(report.problems)
    return Config(folder / main.name, folder, installation, park)


def _read_park(root: Node, folder: Path, files: Files, report: Report) -> ParkFile | None:
    name, mark = _written(root, "park")
    node = files.yaml(folder / name, asked=mark)
    return None if node is None else ParkFile(node, report)


def _read_lines(root: Node, folder: Path, park: ParkFile | None, files: Files, report: Report) -> list[Line]:
    line_files: list[LineFile] = []
    unreadable = False
    for path in _found(folder, *_written(root, "lines"), report):
        node = files.yaml(path)
        if node is None:
            unreadable = True
        else:
            line_files.append(LineFile(path, node, park, files, report))
    _check_lines_once(line_files, report)
    sources = _sources(line_files, report, complete=not unreadable)
    lines = [line for file in line_files if (line := file.line(sources)) is not None]
    if all(file.readable for file in line_files) and not unreadable:
        for name, mark in sources.unused():
            report.add(mark, f"`name`: no signal comes from source `{name}`; write its signals, or take it out")
    return lines


def _written(root: Node, key: str) -> tuple[str, Mark]:
    """Give what `park` or `lines` says, also where parkline.yaml is wrong elsewhere, and where it says so."""
    node = root.get(key) if isinstance(root, Mapping) else None
    text = text_of(node)
    if node is not None and text:
        return text, node.mark
    return str(Installation.model_fields[key].default), root.mark


def _found(folder: Path, pattern: str, mark: Mark, report: Report) -> list[Path]:
    try:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError, OSError, IndexError):
        told = f"`lines`: `{pattern[:80]}` is no pattern of files below this folder; write one like lines/*.yaml"
        report.add(mark, told)
        return []
    if not found:
        report.add(mark, f"`lines`: no file fits `{pattern[:80]}`; write a line file, such as lines/press.yaml")
    return found


def _check_lines_once(line_files: list[LineFile], report: Report) -> None:
    places: dict[str, Mark] = {}
    for file in line_files:
        if not file.complete:
            continue
        if file.path in places:
            first = places[file.path]
            report.add(
                file.mark,
                f"`line`: line `{file.path}` is already in {first.file}:{first.line}; give it another id, "
                "or put both into one file",
            )
        places.setdefault(file.path, file.mark)


def _sources(line_files: list[LineFile], report: Report, *, complete: bool) -> Sources:
    known: dict[str, KnownSource] = {}
    for file in line_files:
        for name, source in file.sources.items():
            if name in known:
                first = known[name].mark
                report.add(
                    source.mark,
                    f"`name`: source `{name}` is already in {first.file}:{first.line}; give it another name, "
                    "or let these signals refer to that one",
                )
            known.setdefault(name, source)
    return Sources(known, complete=complete)


def _assembled(park: Park, lines: list[Line]) -> Park:
    """Give the park with each line in its factory."""
    factories = tuple(
        factory.model_copy(update={"lines": tuple(line for line in lines if line.path.partition("/")[0] == factory.id)})
        for factory in park.factories
    )
    return park.model_copy(update={"factories": factories})
