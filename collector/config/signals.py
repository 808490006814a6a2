"""Signals: flat keys in a line file or a CSV row, split into the signal's own and its address."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import BaseModel

from adapters.registry import SOURCES, SourceKind, source_kind
from collector.config.build import Unread, build, unknown
from collector.config.marks import Mapping, Node, text_of
from collector.config.problems import Mark, Report, did_you_mean, one_of
from collector.config.rules import check_signal
from collector.config.table import NESTED, Table
from collector.park import Signal, SignalRole, SourceConfig

OWN: Final = tuple(name for name in Signal.model_fields if name not in {"path", "address"})
"""Keys of a signal that are not its address."""

_NO_ADDRESS: Final = Unread()


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source as far as it could be read: what its signals are checked against."""

    mark: Mark
    """Where its name stands."""

    kind_name: str | None
    """Its kind, as written; None where none is."""

    kind: SourceKind | None
    """Its kind; None where it is not known."""

    config: SourceConfig | None
    """The source; None when it is wrong."""


class Sources:
    """The sources of every line file, by name: a signal may come from a source of another line."""

    def __init__(self, known: dict[str, KnownSource], *, complete: bool) -> None:
        self._known = known
        self._used: set[str] = set()
        self.complete = complete
        """Whether every line file could be read; if not, a source may be in one that could not."""

    @property
    def names(self) -> Collection[str]:
        """Their names."""
        return self._known

    def find(self, name: str) -> KnownSource | None:
        """Give the source that a signal names, and remember that one does."""
        self._used.add(name)
        return self._known.get(name)

    def unused(self) -> Iterator[tuple[str, Mark]]:
        """Give the sources that no signal has named, and where they stand."""
        return ((name, source.mark) for name, source in self._known.items() if name not in self._used)


@cache
def address_keys(kind: str) -> tuple[str, ...]:
    """Give the keys that a source of `kind` finds its signals by."""
    return tuple(source_kind(kind).address.model_fields)


def kinds_taking(key: str) -> list[str]:
    """Give the kinds of source that know `key` as a part of an address."""
    return [kind for kind in sorted(SOURCES) if key in address_keys(kind)]


def check_header(table: Table, report: Report) -> bool:
    """Report columns that no signal has, and columns that every signal needs; without these no row can be read."""
    flat = [key for key in OWN if key not in {outer for outer, _ in NESTED.values()}]
    columns = [*flat, *NESTED, *(key for kind in sorted(SOURCES) for key in address_keys(kind))]
    for name, mark in table.header.items():
        if name not in columns:
            report.add(mark, f"the column `{name}` is not known{did_you_mean(name, columns)}")
    missing = [key for key, field in Signal.model_fields.items() if field.is_required() and key in OWN]
    missing = [key for key in missing if key not in table.header]
    if missing:
        first = min(table.header.values())
        report.add(first, f"no column is named {one_of(missing)}; name it, and the rows will be checked")
    return not missing


class SignalReader:
    """Reads the signals of one piece of equipment."""

    def __init__(self, equipment: str, sources: Sources, report: Report) -> None:
        self._equipment = equipment
        self._sources = sources
        self._report = report
        self._names: dict[str, int] = {}
        self._state: int | None = None

    def read(self, nodes: Iterable[Node]) -> tuple[Signal, ...]:
        """Give the signals that are right; the report says what is wrong with the others."""
        return tuple(signal for node in nodes if (signal := self._signal(node)) is not None)

    def _signal(self, node: Node) -> Signal | None:
        if not isinstance(node, Mapping):
            return build(Signal, node, self._report, given={"path": "", "address": _NO_ADDRESS})
        self._check_beside(node)
        check_signal(node, self._report)
        address = self._address(node)
        given = {"path": f"{self._equipment}/{text_of(node.get('name')) or '?'}", "address": address or _NO_ADDRESS}
        return build(Signal, node.only(*OWN), self._report, given=given)

    def _address(self, node: Mapping) -> BaseModel | None:
        source_node = node.get("source")
        name = text_of(source_node)
        source = None if name is None else self._sources.find(name)
        if source_node is not None and name is not None and source is None and self._sources.complete:
            hint = did_you_mean(name, self._sources.names) or "; write one under `sources`"
            self._report.add(source_node.mark, f"`source`: there is no source `{name}`{hint}")
        if source is None or source.kind is None or source.kind_name is None:
            self._check_keys(node)
            return None
        keys = address_keys(source.kind_name)
        foreign = [key for key in node.entries if key not in OWN and key not in keys and kinds_taking(key)]
        for key in foreign:
            self._report.add(
                node.entries[key].mark,
                f"`{key}` is an address of {one_of(kinds_taking(key))} and source `{name}` is of kind "
                f"`{source.kind_name}`; write {one_of(keys)}",
            )
        shared = [key for key in OWN if key not in keys]
        # a wrong key was meant to be the address: what is missing then need not be told as well
        report = Report() if foreign and not set(keys) & set(node.entries) else self._report
        return build(source.kind.address, node.without(*shared, *foreign), report, beside=OWN)

    def _check_keys(self, node: Mapping) -> None:
        """Report keys that no kind of source knows, where the kind of this one's is not known."""
        for key, entry in node.entries.items():
            if key not in OWN and not kinds_taking(key):
                known = [*OWN, *(k for kind in sorted(SOURCES) for k in address_keys(kind))]
                self._report.add(entry.mark, unknown(key, known))

    def _check_beside(self, node: Mapping) -> None:
        """Report what no signal may share with one above it: its name, and being the machine's state."""
        name_node = node.get("name")
        name = text_of(name_node)
        if name_node is not None and name is not None:
            if name in self._names:
                self._report.add(
                    name_node.mark,
                    f"`name`: signal `{name}` is already on line {self._names[name]}; give it another name",
                )
            self._names.setdefault(name, name_node.mark.line)
        role = node.get("role")
        if role is None or text_of(role) != SignalRole.STATE:
            return
        if self._state is not None:
            self._report.add(
                role.mark,
                f"`role`: a machine has one state signal, and it is on line {self._state}; write `other` or `mode`",
            )
        self._state = self._state or role.mark.line
