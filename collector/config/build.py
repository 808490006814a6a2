"""From a node to a model: an instance, or problems at the marks of what is wrong.

pydantic says what is wrong as a path into the values; the same path through the nodes gives the mark. A key
that is not known is told at the key, a key that is missing at the mapping, anything else at the value.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from collector.config.marks import Mapping, Node, Scalar, Sequence, plain
from collector.config.problems import Mark, Report, did_you_mean
from collector.config.secrets import has_reference
from collector.config.shape import Place, place
from collector.config.wording import about, explain

M = TypeVar("M", bound=BaseModel)

_LOGIN_IN_URL: Final = re.compile(r"://[^/\s@:]*:[^/\s@]+@")
_SECRET_NAME: Final = re.compile(r"secret|password|token|key|credential", re.IGNORECASE)


def build(
    model: type[M],
    node: Node,
    report: Report,
    *,
    given: dict[str, object] | None = None,
    also: Collection[str] = (),
    beside: Collection[str] = (),
) -> M | None:
    """Make a `model` of a mapping; None when it is wrong, and then `report` says why.

    Args:
        model: what to make.
        node: the mapping.
        report: where mistakes go.
        given: values of fields that no file holds, made by the loader.
        also: keys that may stand there beside the model's and are read by somebody else.
        beside: keys that were taken out of the mapping and are offered for one that is not known.
    """
    if not isinstance(node, Mapping):
        report.add(node.mark, f"keys with values are expected here; write `key: value` lines{_keys_hint(model, given)}")
        return None
    given = given or {}
    keys = [*beside, *also, *(name for name in model.model_fields if name not in given)]
    own = node.without(*given, *also)
    for key, entry in node.entries.items():
        if key in given and key not in also:
            report.add(entry.mark, unknown(key, keys))
    found = len(report.problems)
    for path, leaf in _leaves(own):
        _check_leaf(path, leaf, place(model, path), report)
    try:
        made = model.model_validate(plain(own) | given)
    except ValidationError as error:
        told: set[tuple[str | int, ...]] = set()
        for finding in error.errors(include_url=False):
            spot = _find(own, finding["loc"])
            if finding["type"] == "missing":
                _tell_missing(finding["loc"], spot, model, report)
            elif finding["type"] == "extra_forbidden":
                _tell_unknown(finding["loc"], own, model, keys, report)
            elif spot.path not in told:  # a union reports once for each of its members
                told.add(spot.path)
                _tell_wrong(finding, spot, model, report)
        return None
    return made if len(report.problems) == found else None


def _keys_hint(model: type[BaseModel], given: dict[str, object] | None) -> str:
    keys = [name for name in model.model_fields if name not in (given or {})]
    return f", with {', '.join(f'`{key}`' for key in keys)}"


def _leaves(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    match node:
        case Scalar():
            yield path, node
        case Sequence(items=items):
            for index, item in enumerate(items):
                yield from _leaves(item, (*path, index))
        case Mapping(entries=entries):
            for key, entry in entries.items():
                yield from _leaves(entry.node, (*path, key))


def _check_leaf(path: tuple[str | int, ...], leaf: Scalar, where: Place, report: Report) -> None:
    """Tell what pydantic would let pass: a secret written out, and `true` taken for 1."""
    if isinstance(leaf.value, bool) and bool not in where.types and {int, float} & set(where.types):
        report.add(leaf.mark, f"`{path[-1]}`: `{leaf.text}` is no number{about(where)}")
    if not isinstance(leaf.value, str):
        return
    login = _LOGIN_IN_URL.search(leaf.text)
    if where.secret:
        harmless = "://" in leaf.text or (where.named_by_file and not _SECRET_NAME.search(str(path[-1])))
        if leaf.value and not has_reference(leaf.text) and (login or not harmless):
            report.add(
                leaf.mark,
                f"`{path[-1]}`: a secret does not belong in this file; write ${{env:NAME}} or ${{file:path}}",
            )
    elif login:
        report.add(
            leaf.mark, f"`{path[-1]}`: a password does not belong in an address; use the keys for user and password"
        )


def unknown(key: str, keys: Collection[str]) -> str:
    """Say that a key is not known, and which is."""
    return f"the key `{key}` is not known here{did_you_mean(key, keys)}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """How far a path leads through the nodes; what follows names a missing key or a member of a union."""

    mark: Mark
    node: Node
    path: tuple[str | int, ...]


def _find(node: Node, path: tuple[str | int, ...]) -> _Spot:
    mark = node.mark
    for depth, step in enumerate(path):
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            entry = node.entries[step]
            if path[depth + 1 :] == ("[key]",):
                return _Spot(entry.mark, Scalar(entry.mark, step, step), tuple(path))
            node = entry.node
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return _Spot(mark, node, tuple(path[:depth]))
        mark = node.mark
    return _Spot(mark, node, tuple(path))


def _tell_missing(path: tuple[str | int, ...], spot: _Spot, model: type[BaseModel], report: Report) -> None:
    report.add(spot.mark, f"`{path[-1]}` is missing; write it{about(place(model, path))}")


def _tell_unknown(
    path: tuple[str | int, ...], node: Mapping, model: type[BaseModel], keys: Collection[str], report: Report
) -> None:
    key = str(path[-1])
    parent = _find(node, path[:-1]).node
    mark = parent.entries[key].mark if isinstance(parent, Mapping) else parent.mark
    owner = place(model, path[:-1]).model
    report.add(mark, unknown(key, keys if len(path) == 1 or owner is None else list(owner.model_fields)))


def _tell_wrong(finding: ErrorDetails, spot: _Spot, model: type[BaseModel], report: Report) -> None:
    where = place(model, spot.path)
    key = next((step for step in reversed(spot.path) if isinstance(step, str) and step != "[key]"), None)
    prefix = "" if key is None else f"`{key}`: "
    node = spot.node
    if isinstance(node, Scalar) and node.value is None:
        report.add(spot.mark, f"{prefix}nothing is written here; write a value or take the key out{about(where)}")
        return
    shown = node.text if isinstance(node, Scalar) and not node.secret and not where.secret else None
    report.add(spot.mark, prefix + _without_secrets(explain(finding, where, shown=shown), node))


def _without_secrets(message: str, node: Node) -> str:
    """Give a message without what came from references: a model's own validator may have repeated it."""
    for _, leaf in _leaves(node):
        if leaf.secret:
            message = message.replace(str(leaf.value), leaf.text)
    return message
