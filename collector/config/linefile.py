"""A line file: a line, its sources, its equipment and their signals."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from adapters.registry import SOURCES, source_kind
from adapters.settings import Duration, Settings
from collector.config.build import Unread, build
from collector.config.calendars import check_maintenance
from collector.config.faults import check_machine_faults
from collector.config.files import Files
from collector.config.installation import anchored
from collector.config.marks import Mapping, Node, Sequence, text_of
from collector.config.parkfile import ParkFile
from collector.config.problems import Mark, Report, did_you_mean
from collector.config.production import check_bottleneck, check_counting, check_production, check_rule_reasons
from collector.config.secrets import resolve
from collector.config.signals import KnownSource, SignalReader, Sources, check_header
from collector.config.staterules import RuleCheck, read_state_rule
from collector.park import Equipment, Line, Name, Signal, SignalRole, SourceConfig, Title
from collector.staterules import StateRule

if TYPE_CHECKING:
    from pydantic import BaseModel


class LineHead(Settings):
    """What a line file says of the line itself."""

    line: Name
    """Id of the line; unique within its factory."""

    factory: Name
    """Id of the factory it belongs to, as the park's file has it."""

    title: Title = Title()
    """What people call it."""

    calendar: Name | None = None
    """Its calendar, where it differs from the factory's."""

    bottleneck: Name | None = None
    """Id of the machine that limits the line, by which `oee_bottleneck` goes; None: the one with the longest ideal
    cycle."""


class SourceHead(Settings):
    """What every source says, whatever its kind."""

    name: Name
    """Unique in the park; signals refer to it."""

    kind: str
    """Which adapter speaks it."""

    lost_after: Duration = Field(default=timedelta(seconds=30), ge=timedelta(seconds=1), le=timedelta(days=1))
    """How long its link must be broken before that is an alert, 1 s to 1 d."""


LISTS = ("sources", "equipment")
"""Keys of a line file beside those of `LineHead`."""

HEAD = frozenset(SourceHead.model_fields)
"""Keys of a source that are not the adapter's."""


class LineFile:
    """One line file: first its line and sources, later its equipment, when every file's sources are known."""

    def __init__(self, path: Path, root: Node, park: ParkFile | None, files: Files, report: Report) -> None:
        self._files = files
        self._report = report
        self._path = path
        self._park = park
        self._root = root if isinstance(root, Mapping) else Mapping(root.mark, {})
        self._head = build(LineHead, root, report, also=LISTS)
        self.mark = node.mark if (node := self._root.get("line")) is not None else self._root.mark
        """Where the line's id stands."""
        self._check_head()
        self.path = "/".join(text_of(self._root.get(key)) or "?" for key in ("factory", "line"))
        """`factory/line`, with `?` for what is missing."""
        self.sources = dict(self._read_sources())
        """Its sources by name."""
        self.readable = True
        """Whether every CSV file it names could be read; known after `line`."""

    @property
    def complete(self) -> bool:
        """Whether both parts of its path are written."""
        return "?" not in self.path

    def _check_head(self) -> None:
        if self._park is None:
            return
        self._park.check_calendar(self._root.get("calendar"))
        factory = self._root.get("factory")
        name = text_of(factory)
        if factory is not None and name is not None and self._park.factories and name not in self._park.factories:
            hint = did_you_mean(name, self._park.factories)
            self._report.add(factory.mark, f"`factory`: the park has no factory `{name}`{hint}")

    def _items(self, key: str, what: str) -> tuple[Node, ...]:
        node = self._root.get(key)
        if isinstance(node, Sequence):
            return node.items
        if node is not None:
            self._report.add(node.mark, f"`{key}` is not a list; begin each {what} with `- `")
        return ()

    def _read_sources(self) -> Iterator[tuple[str, KnownSource]]:
        names: set[str] = set()
        for node in self._items("sources", "source"):
            source = self._source(node)
            name = text_of(node.get("name")) if isinstance(node, Mapping) else None
            if name is not None and name in names:
                self._report.add(source.mark, f"`name`: there is a source `{name}` above; give it another name")
            elif name is not None:
                names.add(name)
                yield name, source

    def _source(self, node: Node) -> KnownSource:
        if not isinstance(node, Mapping):
            build(SourceHead, node, self._report)
            return KnownSource(node.mark, None, None, None)
        mark = name.mark if (name := node.get("name")) is not None else node.mark
        kind_node = node.get("kind")
        kind_name = text_of(kind_node)
        kind = source_kind(kind_name) if kind_name in SOURCES else None
        settings: BaseModel | None = Unread()
        head = build(SourceHead, node.only(*HEAD), self._report)
        if kind is not None:
            own = resolve(node.without(*HEAD), self._path.parent, self._report)
            settings = build(kind.settings, own, self._report, beside=sorted(HEAD))
        elif kind_node is not None and kind_name is not None:
            hint = did_you_mean(kind_name, SOURCES)
            self._report.add(kind_node.mark, f"`kind`: there is no source of kind `{kind_name}`{hint}")
        config = None
        if head is not None and settings is not None:
            settings = anchored(settings, self._path.parent)
            config = SourceConfig(
                name=head.name, kind=head.kind, line=self.path, lost_after=head.lost_after, settings=settings
            )
        return KnownSource(mark, kind_name, kind, config)

    def line(self, sources: Sources) -> Line | None:
        """Read the equipment, with the sources of every line file; None when a part of the line is wrong."""
        equipment = tuple(self._equipment(sources))
        head = self._head
        if head is None or None in equipment:
            return None
        return Line(
            path=self.path,
            id=head.line,
            title=head.title,
            calendar=head.calendar,
            bottleneck=head.bottleneck,
            sources=tuple(source.config for source in self.sources.values() if source.config is not None),
            equipment=tuple(one for one in equipment if one is not None),
        )

    def _equipment(self, sources: Sources) -> Iterator[Equipment | None]:
        places: dict[str, Mark] = {}
        items = self._items("equipment", "machine")
        ids = [name for item in items if isinstance(item, Mapping) and (name := text_of(item.get("id"))) is not None]
        check_bottleneck(self._root, ids, self._report)
        for node in items:
            if not isinstance(node, Mapping):
                yield build(Equipment, node, self._report, given={"path": "", "signals": ()}, also=("signals",))
                continue
            if self._park is not None:
                self._park.check_calendar(node.get("calendar"))
            check_maintenance(node.get("maintenance"), self._report)
            id_node = node.get("id")
            name = text_of(id_node)
            if id_node is not None and name is not None:
                if name in places:
                    self._report.add(
                        id_node.mark,
                        f"`id`: equipment `{name}` is already on line {places[name].line}; give it another id",
                    )
                places.setdefault(name, id_node.mark)
            path = f"{self.path}/{name or '?'}"
            found = self._signals(node)
            written = tuple(found or ())
            signals = SignalReader(path, sources, self._report).read(written)
            rule = self._rule(node, written, signals, complete=found is not None)
            given: dict[str, object] = {"path": path, "signals": signals, "state_from": rule}
            yield build(Equipment, node, self._report, given=given, also=("signals", "state_from"))

    def _rule(
        self, machine: Mapping, written: Iterable[Node], signals: Iterable[Signal], *, complete: bool
    ) -> StateRule | None:
        """Read how a machine's state is told where no signal says it, and check what it makes against its signals."""
        known = [node for node in written if isinstance(node, Mapping)]
        reasons = None if self._park is None else self._park.stop_reasons
        for signal in known:
            check_counting(signal, reasons, self._report)
        roles = {role: node for node in reversed(known) if (role := text_of(node.get("role"))) is not None}
        if complete:
            check_production(machine, roles, self._report)
            check_machine_faults(machine, known, self._report)
        node = machine.get("state_from")
        if node is None:
            return None
        check_rule_reasons(node, reasons, self._report)
        state = roles.get(SignalRole.STATE)
        if state is not None:
            mark = machine.entries["state_from"].mark
            where = (
                f"on line {state.mark.line}"
                if state.mark.file == mark.file
                else f"in {state.mark.file}:{state.mark.line}"
            )
            told = f"`state_from`: the signal {where} says the state of this machine already"
            self._report.add(mark, f"{told}; keep one of them, or take its `role` out")
        rule = read_state_rule(node, self._report)
        if isinstance(node, Mapping) and complete:
            names = [name for one in known if (name := text_of(one.get("name"))) is not None]
            RuleCheck(node, names, tuple(signals), self._report).check()
        return rule

    def _signals(self, equipment: Mapping) -> Iterable[Node] | None:
        """Give the signals of a machine as written; None when the file that holds them could not be read."""
        node = equipment.get("signals")
        if isinstance(node, Sequence):
            return node.items
        name = text_of(node)
        if node is not None and name is not None:
            table = self._files.csv(self._path.parent / name, asked=node.mark)
            if table is not None and check_header(table, self._report):
                return table.rows()
            self.readable = False
            return None
        if node is not None:
            self._report.add(
                node.mark, "`signals` is a list of signals (`- name: …`), or the name of a CSV file beside this one"
            )
        return ()
