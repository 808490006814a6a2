"""From a node to a model: an instance, or problems at the marks of what is wrong.

pydantic says what is wrong as a path into the values; the same path through the nodes gives the mark. A key
that is not known is told at the key, a key that is missing at the mapping, anything else at the value.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapters.settings import Settings
from collector.config.marks import Mapping, Node, Scalar, Sequence, plain
from collector.config.problems import Mark, Report, did_you_mean
from collector.config.secrets import has_reference
from collector.config.shape import place
from collector.config.wording import about, explain, shortened

M = TypeVar("M", bound=BaseModel)

_Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

_LOGIN_IN_URL: Final = re.compile(r"://[^/\s@:]*:[^/\s@]+@")
_SECRET_NAME: Final = re.compile(r"secret|password|token|key|credential", re.IGNORECASE)


class Unread(Settings):
    """Stands where something could not be read; the problem is reported, and the whole is not used."""


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
    told = {path for path, leaf in _leaves(own) if _slips_through(path, leaf, model, report)}
    try:
        made = model.model_validate(plain(own) | given)
    except ValidationError as error:
        _tell(error.errors(include_url=False), model, own, keys, told, report)
        return None
    return None if told else made


def _keys_hint(model: type[BaseModel], given: dict[str, object] | None) -> str:
    keys = [name for name in model.model_fields if name not in (given or {})]
    return f", with {', '.join(f'`{key}`' for key in keys)}"


def _leaves(node: Node, path: _Path = ()) -> Iterator[tuple[_Path, Scalar]]:
    if isinstance(node, Scalar):
        yield path, node
        return
    parts: Iterable[tuple[str | int, Node]] = (
        enumerate(node.items)
        if isinstance(node, Sequence)
        else ((key, entry.node) for key, entry in node.entries.items())
    )
    for step, part in parts:
        if isinstance(part, Scalar):
            yield (*path, step), part
        else:
            yield from _leaves(part, (*path, step))


def _slips_through(path: _Path, leaf: Scalar, model: type[BaseModel], report: Report) -> bool:
    """Tell what pydantic would let pass: a secret written out, and `true` taken for 1."""
    where = place(model, path)
    text = leaf.text
    if leaf.value is None or not (where.secret or isinstance(leaf.value, bool) or "://" in text or "${" in text):
        return False
    login = _LOGIN_IN_URL.search(text) is not None
    if has_reference(text) and not leaf.secret:
        wrong = True
        message = f"{text[:40]} is not looked up here; secrets stand in parkline.yaml and in the settings of a source"
    elif where.secret:
        harmless = "://" in text or (where.named_by_file and not _SECRET_NAME.search(str(path[-1])))
        wrong = text != "" and not has_reference(text) and (login or not harmless)
        message = "a secret does not belong in this file; write ${env:NAME} or ${file:path}"
    elif isinstance(leaf.value, bool):
        wrong = bool not in where.types and bool({int, float} & set(where.types))
        message = f"`{text}` is no number{about(where)}"
    else:
        wrong = login
        message = "a password does not belong in an address; write it with the keys for user and password"
    if wrong:
        report.add(leaf.mark, f"`{path[-1]}`: {message}")
    return wrong


def unknown(key: str, keys: Collection[str]) -> str:
    """Say that a key is not known, and which is."""
    return f"the key `{key}` is not known here{did_you_mean(key, keys)}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """How far a path leads through the nodes; what follows names a missing key or a member of a union."""

    mark: Mark
    node: Node
    path: _Path


def _find(node: Node, path: _Path) -> _Spot:
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


def _tell(
    findings: list[ErrorDetails],
    model: type[BaseModel],
    node: Mapping,
    keys: Collection[str],
    told: set[_Path],
    report: Report,
) -> None:
    strange: dict[_Path, list[str]] = {}
    for finding in findings:
        if finding["type"] == "extra_forbidden":
            *parent, key = finding["loc"]
            strange.setdefault(tuple(parent), []).append(str(key))
            _tell_unknown(finding["loc"], node, model, keys, report)
    for finding in findings:
        path = finding["loc"]
        spot = _find(node, path)
        if finding["type"] == "missing":
            if not get_close_matches(str(path[-1]), strange.get(path[:-1], [])):  # else it is there, misspelt
                report.add(spot.mark, f"`{path[-1]}` is missing; write it{about(place(model, path))}")
        elif finding["type"] != "extra_forbidden" and spot.path not in told:
            told.add(spot.path)  # a union reports once for each of its members
            _tell_wrong(finding, spot, model, report)


def _tell_unknown(path: _Path, node: Mapping, model: type[BaseModel], keys: Collection[str], report: Report) -> None:
    key = str(path[-1])
    parent = _find(node, path[:-1]).node
    mark = parent.entries[key].mark if isinstance(parent, Mapping) else parent.mark
    owner = place(model, path[:-1]).model
    report.add(mark, unknown(key, keys if len(path) == 1 or owner is None else list(owner.model_fields)))


def _tell_wrong(finding: ErrorDetails, spot: _Spot, model: type[BaseModel], report: Report) -> None:
    where = place(model, spot.path)
    keys = [step for step in spot.path if isinstance(step, str) and step != "[key]"]
    key = keys[-2 if where.named_by_file and len(keys) > 1 else -1] if keys else None
    prefix = "" if key is None else f"`{key}`: "
    node = spot.node
    if isinstance(node, Scalar) and node.value is None:
        report.add(spot.mark, f"{prefix}nothing is written here; write a value or take the key out{about(where)}")
        return
    if isinstance(node, Scalar) and node.secret:
        if node.value != node.text:  # else it could not be looked up, and that is told
            report.add(spot.mark, f"{prefix}what {shortened(node.text)} gives does not fit{about(where)}")
        return
    shown = node.text if isinstance(node, Scalar) and not where.secret else None
    report.add(spot.mark, prefix + _without_secrets(explain(finding, where, shown=shown), node))


def _without_secrets(message: str, node: Node) -> str:
    """Give a message without what came from references: a model's own validator may have repeated it."""
    for _, leaf in _leaves(node):
        if leaf.secret and leaf.value:
            for form in (str(leaf.value), repr(leaf.value)[1:-1]):
                message = message.replace(form, leaf.text)
    return message
