"""The files of one configuration: found, read, and parsed."""

from pathlib import Path

from collector.config.marks import Mapping, Node, parse_yaml
from collector.config.problems import Mark, Report
from collector.config.table import Table, parse_csv


class Files:
    """Reads files of a configuration and names them in problems as the person who started parkline would."""

    def __init__(self, folder: Path, shown: Path, report: Report) -> None:
        self._folder = folder
        self._shown = shown
        self._report = report

    def name(self, path: Path) -> str:
        """Give the name to show for a file."""
        return str(self._shown / path.relative_to(self._folder)) if path.is_relative_to(self._folder) else str(path)

    def yaml(self, path: Path, *, asked: Mark | None = None, may_be_empty: bool = False) -> Node | None:
        """Parse a YAML file; None when it cannot be read, and then the report says why.

        Args:
            path: the file, absolute.
            asked: where the configuration names the file, to say that it is not there.
            may_be_empty: whether an empty file counts as one without keys.
        """
        data = self._bytes(path, asked)
        if data is None:
            return None
        found = len(self._report.problems)
        node = parse_yaml(data, self.name(path), self._report)
        if node is not None:
            return node
        if len(self._report.problems) > found:
            return None
        if not may_be_empty:
            self._report.add(Mark(self.name(path)), "the file is empty; write its keys, or take it away")
            return None
        return Mapping(Mark(self.name(path)), {})

    def csv(self, path: Path, *, asked: Mark) -> Table | None:
        """Parse a CSV file; None when it cannot be read, and then the report says why."""
        data = self._bytes(path, asked)
        return None if data is None else parse_csv(data, self.name(path), self._report)

    def _bytes(self, path: Path, asked: Mark | None) -> bytes | None:
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            why = (error.strerror or "cannot be read") if isinstance(error, OSError) else "is no possible path"
            self._report.add(asked or Mark(self.name(path)), f"the file {self.name(path)}: {why}; name a file to read")
            return None
