"""Secrets stay out of the files: `${env:NAME}` and `${file:path}` stand for them.

A reference may be a whole value or a part of one (`postgresql://parkline:${env:DB_PASSWORD}@db/parkline`). They
are resolved in parkline.yaml and in the settings of a source, and are a problem anywhere else: ids and names are
never secret. A relative path starts at the file it is written in, and the line end at the end of a secret's file is no
part of the secret. What came from a reference is marked as secret in its node, and no message repeats it.
"""

import os
import re
from pathlib import Path
from typing import Final

from collector.config.marks import Entry, Mapping, Node, Scalar, Sequence
from collector.config.problems import Mark, Report

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")
_LARGEST: Final = 64 * 1024
"""Bytes a secret's file may have."""


def resolve(node: Node, folder: Path, report: Report) -> Node:
    """Give the tree with its references resolved.

    One that cannot be resolved is a problem, told here once: it counts as secret and stays as it is written.
    """
    match node:
        case Scalar(value=str() as value) if "${" in value:
            return _resolved(node, value, folder, report)
        case Sequence(mark=mark, items=items):
            changed = tuple(resolve(item, folder, report) for item in items)
            return node if all(a is b for a, b in zip(items, changed, strict=True)) else Sequence(mark, changed)
        case Mapping(mark=mark, entries=entries):
            resolved = {key: Entry(e.mark, resolve(e.node, folder, report)) for key, e in entries.items()}
            same = all(resolved[key].node is entry.node for key, entry in entries.items())
            return node if same else Mapping(mark, resolved)
        case _:
            return node


def has_reference(text: str) -> bool:
    """Tell whether a value refers to a secret."""
    return _REFERENCE.search(text) is not None


def _resolved(node: Scalar, value: str, folder: Path, report: Report) -> Scalar:
    def looked_up(match: re.Match[str]) -> str:
        found = _look_up(match[1], node.mark, folder, report)
        return match[0] if found is None else found

    return Scalar(node.mark, _REFERENCE.sub(looked_up, value), node.text, secret=has_reference(value))


def _look_up(reference: str, mark: Mark, folder: Path, report: Report) -> str | None:
    kind, colon, name = reference.partition(":")
    if colon and kind == "env" and name:
        secret = os.environ.get(name)
        if not secret:
            report.add(mark, f"the environment variable {name} is not set; set it before parkline starts")
        return secret or None
    if colon and kind == "file" and name:
        return _from_file(name, mark, folder, report)
    report.add(mark, f"`${{{reference}}}` refers to nothing; write ${{env:NAME}} or ${{file:path}}")
    return None


def _from_file(name: str, mark: Mark, folder: Path, report: Report) -> str | None:
    try:
        with (folder / name).open("rb") as file:
            data = file.read(_LARGEST + 1)
        secret = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        why = (error.strerror or "cannot be read") if isinstance(error, OSError) else "is no UTF-8 text"
        report.add(mark, f"the secret's file {name}: {why}; give a file that parkline may read")
        return None
    if not secret or len(data) > _LARGEST:
        report.add(mark, f"the secret's file {name} is {'too large' if secret else 'empty'}; it holds the secret alone")
        return None
    return secret
