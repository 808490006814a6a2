"""The installation that a recording is played into: one that is there, or a passing one around a line file.

A line file belongs to the installation whose `parkline.yaml` lies beside it or in a folder above. Where there is none,
the line is put into a passing installation: its factory in UTC, work planned around the clock, everything stored in a
folder that is gone afterwards, unless a store is named.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from collector.config.marks import Mapping, parse_yaml, text_of
from collector.config.problems import ConfigError, Problem, Report
from collector.config.storename import named_store
from collector.load import MAIN, Config, load
from collector.park import Line

_PARK: Final = """\
id: recordings
calendars:
  always:
    shifts:
      - {{name: all, start: "00:00", end: "00:00"}}
factories:
  - {{id: {factory}, time_zone: UTC, calendar: always}}
"""

_INSTALLATION: Final = """\
lines: lines/{line}
store:
  kind: lake
"""


@contextmanager
def site(line_file: Path, config: Path | None, store: str) -> Iterator[tuple[Config, Line]]:
    """Give the installation of a line file, and the line.

    Args:
        line_file: the line's file.
        config: parkline.yaml or its folder; None: look beside and above the line file.
        store: `lake:FOLDER`, `influxdb:URL` or `KIND:key=value,…`, in place of the installation's; empty: that.

    Raises:
        ConfigError: something in the files, or in what was asked, is wrong.
    """
    line, factory = _named(line_file)
    main = config if config is not None else _beside_or_above(line_file)
    if main is not None:
        yield _at(_stored(load(main), store), f"{factory}/{line}", line_file, main)
        return
    with TemporaryDirectory(prefix="parkline-") as name:
        folder = Path(name)
        (folder / "lines").symlink_to(line_file.parent.absolute(), target_is_directory=True)
        (folder / "park.yaml").write_text(_PARK.format(factory=factory), encoding="utf-8")
        (folder / MAIN).write_text(_INSTALLATION.format(line=line_file.name), encoding="utf-8")
        try:
            loaded = load(folder)
        except ConfigError as error:
            shown = {str(folder / "lines"): str(line_file.parent)}
            raise ConfigError(_shown_as(problem, shown) for problem in error.problems) from None
        yield _at(_stored(loaded, store), f"{factory}/{line}", line_file, folder)


def _named(line_file: Path) -> tuple[str, str]:
    """Give what a line file calls its line and its factory."""
    report = Report()
    try:
        node = parse_yaml(line_file.read_bytes(), str(line_file), report)
    except OSError as error:
        raise ConfigError([_problem(str(line_file), f"{error.strerror}; name a line file")]) from error
    names = [text_of(node.get(key)) if isinstance(node, Mapping) else None for key in ("line", "factory")]
    if report.problems:
        raise ConfigError(report.problems)
    if not all(names):
        raise ConfigError(
            [_problem(str(line_file), "is no line file; write `line:` and `factory:`, as in configs/lines")]
        )
    return str(names[0]), str(names[1])


def _beside_or_above(line_file: Path) -> Path | None:
    return next((main for folder in line_file.absolute().parents if (main := folder / MAIN).is_file()), None)


def _at(config: Config, path: str, line_file: Path, main: Path) -> tuple[Config, Line]:
    lines = {line.path: line for factory in config.park.factories for line in factory.lines}
    if path not in lines:
        reason = f"line {path} is not in {main}; let its `lines:` name this file, or name another installation with -c"
        raise ConfigError([_problem(str(line_file), reason)])
    return config, lines[path]


def _stored(config: Config, store: str) -> Config:
    """Give the installation with another store."""
    if not store:
        return config
    changed = named_store(store, "--store", config.installation.store)
    return replace(config, installation=config.installation.model_copy(update={"store": changed}))


def _problem(file: str, message: str) -> Problem:
    return Problem(file, 1, 1, message)


def _shown_as(problem: Problem, names: dict[str, str]) -> Problem:
    for folder, shown in names.items():
        problem = replace(
            problem, file=problem.file.replace(folder, shown), message=problem.message.replace(folder, shown)
        )
    return problem
