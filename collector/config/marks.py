"""YAML 1.2 as nodes that know where they stand.

ruamel's composer gives the nodes and decides what a plain scalar is (`no` and `1:30` are text, `012` is
twelve); dates stay text, for the models to read. Mistakes of the text itself become problems, duplicate keys
among them, and a key written twice keeps its first value. Anchors, aliases and merges (`<<: *common`) work;
an alias that contains itself, or a few lines that unfold into a million nodes, are problems.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from collector.config.problems import Mark, Report

_UNFOLDED: Final = 1_000_000
"""How many nodes a file may have when its aliases are unfolded."""

_TAG: Final = "tag:yaml.org,2002:"


class Scalar(NamedTuple):
    """One value."""

    mark: Mark

    value: str | int | float | bool | None
    """What it is by YAML 1.2; in a CSV file always text."""

    text: str
    """As it is written, without quotes."""

    secret: bool = False
    """Whether `value` comes from `${env:…}` or `${file:…}`; then only `text` may be shown."""


class Entry(NamedTuple):
    """One key of a mapping and what stands at it."""

    mark: Mark
    """Where the key stands."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values; keys are text, as they are written."""

    mark: Mark
    entries: dict[str, Entry]

    def get(self, key: str) -> "Node | None":
        """Give what stands at `key`; None where nothing does."""
        entry = self.entries.get(key)
        return None if entry is None else entry.node

    def only(self, *keys: str) -> "Mapping":
        """Give it with `keys` alone."""
        return Mapping(self.mark, {key: entry for key, entry in self.entries.items() if key in keys})

    def without(self, *keys: str) -> "Mapping":
        """Give it without `keys`."""
        return Mapping(self.mark, {key: entry for key, entry in self.entries.items() if key not in keys})


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: tuple["Node", ...]


Node: TypeAlias = Scalar | Mapping | Sequence
"""What a file holds at one place."""


def plain(node: Node) -> Any:
    """Give the values alone: dicts, lists, text, numbers."""
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: plain(entry.node) for key, entry in entries.items()}


def text_of(node: Node | None) -> str | None:
    """Give a scalar as text, as it is written; None for anything else, for null and for nothing."""
    return node.text if isinstance(node, Scalar) and node.value is not None else None


def parse_yaml(data: bytes, file: str, report: Report) -> Node | None:
    """Read one YAML document; None when it is empty or cannot be read, and then `report` says why."""
    text = _decoded(data, file, report)
    if text is None:
        return None
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        root = yaml.compose(text)
    except ReaderError as error:
        before = text[: error.position]
        mark = Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add(mark, "a control character stands here; take it out")
    except MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(file, place.line + 1, place.column + 1) if place is not None else Mark(file)
        report.add(mark, _help(error))
    except (YAMLError, ValueError) as error:
        report.add(Mark(file), f"this is not YAML ({type(error).__name__}); write `key: value` lines")
    except RecursionError:
        report.add(Mark(file), "lists or mappings are nested too deep to be read; flatten them")
    else:
        if root is None:
            return None
        return _Reader(file, yaml.constructor, report).read(root)
    return None


def _decoded(data: bytes, file: str, report: Report) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")
        mark = Mark(file, before.count(b"\n") + 1, len(line) + 1)
        report.add(mark, "this byte is not UTF-8; save the file as UTF-8")
        return None


_HELP: Final = (
    (r"'\\t' that cannot start", "a tab stands in the indentation; indent with spaces"),
    (r"cannot start any token", "this character cannot begin a value; put the value in quotes"),
    (
        r"mapping values are not allowed",
        "a `:` where no key can stand; indent the keys of one mapping alike, and quote a value that has `: ` in it",
    ),
    (r"undefined alias", "a value that begins with `*` names an anchor, and there is none; put text in quotes"),
    (r"another document", "a second document begins here; keep one document in a file and take out `---`"),
    (r"unexpected end of stream", "a quote was opened and never closed; close it"),
    (r"could not find expected ':'", "a key without `:`; write `key: value`"),
    (r"expected ',' or", "a bracket was opened and is not closed here; close it, or put a comma between the parts"),
    (r"expected the node content", "a value should stand here; write it, or close the bracket that was opened before"),
    (r"expected <block end>", "this line is not indented like its neighbours; align it with them"),
    (r"unknown escape character", r"a `\` in double quotes begins an escape; put a path or pattern in single quotes"),
    (r"incompatible YAML document", "this YAML version is not known; take out the %YAML line"),
)


def _help(error: MarkedYAMLError) -> str:
    """Say what to write instead; the values of the file are not repeated."""
    problem = str(error.problem or error.context or "")
    for pattern, help_text in _HELP:
        if re.search(pattern, problem):
            return help_text
    return f"this is not YAML: {re.sub(r'[^ -~]', '?', problem)}"


class _Reader:
    """Turns ruamel's nodes of one file into ours, each once, however many aliases it has."""

    def __init__(self, file: str, constructor: Any, report: Report) -> None:
        self._file = file
        self._constructor = constructor
        self._report = report
        self._read: dict[int, Node] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def read(self, root: Any) -> Node | None:
        """Give the whole document; None when it is too large or too deep to be used."""
        try:
            node = self._node(root)
        except RecursionError:
            self._report.add(Mark(self._file), "lists or mappings are nested too deep to be read; flatten them")
            return None
        if self._sizes[id(root)] > _UNFOLDED:
            self._report.add(Mark(self._file), "its aliases unfold into more than a million values; write fewer")
            return None
        return node

    def _mark(self, node: Any) -> Mark:
        return Mark(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _node(self, node: Any) -> Node:
        key = id(node)
        if key in self._read:
            return self._read[key]
        mark = self._mark(node)
        if key in self._open:
            self._report.add(mark, "this value contains itself through an alias; take the alias out")
            return Scalar(mark, None, "")
        self._open.add(key)
        ours, size = self._converted(node, mark)
        self._open.discard(key)
        self._read[key] = ours
        self._sizes[key] = size
        return ours

    def _converted(self, node: Any, mark: Mark) -> tuple[Node, int]:
        match node:
            case ScalarNode():
                return self._scalar(node, mark), 1
            case SequenceNode():
                items = tuple(self._node(item) for item in node.value)
                return Sequence(mark, items), 1 + sum(self._sizes.get(id(item), 1) for item in node.value)
            case _:
                entries = self._entries(node)
                return Mapping(mark, entries), 1 + sum(self._sizes.get(id(value), 1) for _, value in node.value)

    def _entries(self, node: Any) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            mark = self._mark(key)
            if not isinstance(key, ScalarNode):
                self._report.add(mark, "a key must be text, not a list or a mapping; put braces or brackets in quotes")
                self._node(value)
            elif str(key.tag) == f"{_TAG}merge":
                for name, entry in self._merged(value):
                    merged.setdefault(name, entry)
            elif key.value in entries:
                first = entries[key.value].mark
                self._report.add(mark, f"`{key.value}` is already written on line {first.line}; keep one of them")
                self._node(value)
            else:
                entries[key.value] = Entry(mark, self._value(value, mark))
        return merged | entries if merged else entries

    def _value(self, value: Any, key: Mark) -> Node:
        node = self._node(value)
        if isinstance(node, Scalar) and node.value is None and not node.text:
            return Scalar(key, None, "")  # nothing is written: the place to look at is the key
        return node

    def _merged(self, value: Any) -> Iterator[tuple[str, Entry]]:
        node = self._node(value)
        for part in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(part, Mapping):
                yield from part.entries.items()
            else:
                self._report.add(part.mark, "`<<` merges mappings; write an alias of a mapping, like `<<: *common`")

    def _scalar(self, node: Any, mark: Mark) -> Scalar:
        text = str(node.value)
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp" | "value" | "merge":
                return Scalar(mark, text, text)
            case "null":
                return Scalar(mark, None, text)
            case "bool" | "int" | "float":
                try:
                    return Scalar(mark, self._constructor.construct_object(node, deep=True), text)
                except (YAMLError, ValueError, KeyError):
                    self._report.add(mark, "this is not what its tag says; take the tag out, or write a number")
            case _:
                self._report.add(mark, "tags mean nothing here; take out the word that begins with `!`")
        return Scalar(mark, None, text)
