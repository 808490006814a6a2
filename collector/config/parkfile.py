"""`park.yaml`: the park, its calendars and its factories, before it has lines."""

from collections.abc import Collection

from collector.config.build import build
from collector.config.calendars import check_calendars
from collector.config.marks import Mapping, Node, Sequence, text_of
from collector.config.problems import Mark, Report, did_you_mean
from collector.park import Factory, Park


class ParkFile:
    """What the file of the park says, as far as it could be read; line files are checked against it."""

    def __init__(self, root: Node, report: Report) -> None:
        self._report = report
        node = root if isinstance(root, Mapping) else Mapping(root.mark, {})
        self.calendars = _names(node.get("calendars"))
        """Names of the calendars; None when they could not be read."""
        self.stop_reasons = _names(node.get("stop_reasons")) if "stop_reasons" in node.entries else ()
        """Codes of the stop reasons; None when they could not be read."""
        check_calendars(node.get("calendars"), report)
        self._places: dict[str, Mark] = {}
        self._factories = self._read_factories(node.get("factories"))
        if "factories" in node.entries and not isinstance(node.get("factories"), Sequence):
            mark = node.entries["factories"].node.mark
            report.add(mark, "`factories` is not a list; begin each factory with `- id:`")
        elif "factories" not in node.entries and isinstance(root, Mapping):
            report.add(node.mark, "`factories` is missing; write a list of factories, each with `id` and `time_zone`")
        elif not self._places and isinstance(root, Mapping) and not self._factories:
            report.add(node.entries["factories"].mark, "`factories`: a park needs one factory or more")
        self.park = build(Park, root, report, given={"factories": self._factories}, also=("factories",))
        """The park without lines; None when it is wrong."""

    @property
    def factories(self) -> Collection[str]:
        """Ids of the factories."""
        return self._places

    def check_calendar(self, node: Node | None) -> None:
        """Report a calendar that is not there."""
        name = text_of(node)
        if node is not None and name is not None and self.calendars is not None and name not in self.calendars:
            hint = did_you_mean(name, self.calendars) or "; write one under `calendars` in the park's file"
            self._report.add(node.mark, f"`calendar`: there is no calendar `{name}`{hint}")

    def _read_factories(self, node: Node | None) -> tuple[Factory, ...]:
        factories = []
        for item in node.items if isinstance(node, Sequence) else ():
            factory = build(Factory, item, self._report, given={"lines": ()})
            if factory is not None:
                factories.append(factory)
            if not isinstance(item, Mapping):
                continue
            self.check_calendar(item.get("calendar"))
            name = text_of(item.get("id"))
            if name is None:
                continue
            mark = item.entries["id"].node.mark
            if name in self._places:
                self._report.add(
                    mark, f"`id`: factory `{name}` is already on line {self._places[name].line}; give it another id"
                )
            self._places.setdefault(name, mark)
        return tuple(factories)


def _names(node: Node | None) -> tuple[str, ...] | None:
    return tuple(node.entries) if isinstance(node, Mapping) else None
