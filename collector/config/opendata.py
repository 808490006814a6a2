"""`open_data:` of parkline.yaml: what its views need of each other and of the key."""

from collector.config.marks import Mapping, Node
from collector.config.problems import Mark, Report
from collector.opendata import OpenDataSettings


def check_open_data(root: Node, settings: OpenDataSettings, report: Report) -> None:
    """Report views that lack the key for their pseudonyms, or tell before numbers are settled.

    Args:
        root: parkline.yaml.
        settings: what was made of it.
        report: where mistakes go.
    """
    data = root.get("open_data") if isinstance(root, Mapping) else None
    views = data.get("views") if isinstance(data, Mapping) else None
    if not isinstance(views, Mapping):
        return
    for name, view in settings.views.items():
        node = views.get(name)
        mark = (node or views).mark
        if view.pseudonymous and settings.pseudonym_key is None:
            told = "write `pseudonym_key: ${env:PARKLINE_PSEUDONYMS}` beside `views`, 32 bytes or more"
            report.add(_mark_of(node, "by", mark), f"`by`: `{name}` shows pseudonyms, and there is no key; {told}")
        if view.dataset != "capacity" and view.delay < settings.settled:
            told = "a period is told when its days are settled, or later; write a longer one, or a shorter `settled`"
            report.add(_mark_of(node, "delay", mark), f"`delay`: it is shorter than `settled`; {told}")
        if view.dataset == "capacity" and "delay" in view.model_fields_set:
            told = "capacity is told 7 d before the last day of its period; take the key out"
            report.add(_mark_of(node, "delay", mark), f"`delay`: {told}")


def _mark_of(node: Node | None, key: str, otherwise: Mark) -> Mark:
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return otherwise if entry is None else entry.node.mark
