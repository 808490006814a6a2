"""No queue of the product grows without bound: what waits somewhere is limited there, or by who fills it."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.architecture.product import files, module_of

QUEUES: Final = frozenset({"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "deque"})
"""What makes a queue; all but `SimpleQueue` can be given a size."""

BOUNDED: Final = {
    ("adapters.sources.opcua.link", "_backlog"): "counted in bytes: when they are too many, no more is asked for",
    ("adapters.sources.opcua.link", "_ready"): "nodes that the server lacks, told once for a link",
    ("adapters.sources.sparkplug.holding", "_waiting"): "counted in bytes, and each for a time: the oldest go first",
    ("api.auditing", "_owed"): "who writes waits for the answer, and waits for none of what there is no room for",
    ("api.auditing", "_waiting"): "counted: what there is no room for is told by a row of its own",
    ("collector.backlog", "_deliveries"): "counted in bytes: who fills it waits",
    (
        "collector.spool.writer",
        "_jobs",
    ): "who appends or commits waits for the answer: one job for each source and drain",
}
"""Queues without a size of their own, and what limits them: module and attribute."""


def test_every_queue_is_bounded() -> None:
    unsized = {(module, name) for module, name, sized in _queues() if not sized}
    assert unsized - BOUNDED.keys() == set(), "give it a size, or say here what bounds it"
    assert BOUNDED.keys() - unsized == set(), "these are gone"


def _queues() -> Iterator[tuple[str, str, bool]]:
    """Give every queue that is made: the module, the name that it is given, and whether it has a size."""
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                made = node.value
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                if _name(made.func) in QUEUES:
                    yield module_of(file), _name(target), _sized(made)
            elif isinstance(node, ast.Call) and any(
                _makes(value) for value in (*node.args, *(k.value for k in node.keywords))
            ):
                yield module_of(file), _name(node.func), False


def _makes(value: ast.expr) -> bool:
    """Tell whether this is a queue made in passing, as an argument (such as `default_factory=deque`)."""
    return _name(value.func if isinstance(value, ast.Call) else value) in QUEUES


def _sized(made: ast.Call) -> bool:
    size = {keyword.arg for keyword in made.keywords} & {"maxsize", "maxlen"}
    return bool(size) or len(made.args) == (2 if _name(made.func) == "deque" else 1)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
