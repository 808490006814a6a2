"""What a model expects at a path into its values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a model."""

    types: tuple[Any, ...]
    """What may stand there: the members of a union, without None."""

    secret: bool = field(init=False)
    """Whether a secret stands there."""

    info: FieldInfo | None
    """The field that it is or lies in; None for the model itself."""

    named_by_file: bool = False
    """Whether it is one of many in a dict whose keys the file chooses."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", any(kind in {SecretStr, SecretBytes} for kind in self.types))

    @property
    def model(self) -> type[BaseModel] | None:
        """The model that stands there, if one does."""
        return next((kind for kind in self.types if _is_model(kind)), None)

    @property
    def sentence(self) -> str:
        """The first sentence of the field's docstring; empty where it has none."""
        told = (self.info.description or "") if self.info is not None else ""
        return re.split(r"\.(?:\s|$)", told.replace("\n", " "), maxsplit=1)[0].strip()


@lru_cache(maxsize=4096)
def place(model: type[BaseModel], path: tuple[str | int, ...]) -> Place:
    """Give the place at `path`, as deep as the model tells it."""
    here = Place((model,), None)
    for step in path:
        here = next(_steps(here, step), here)
    return here


def _steps(here: Place, step: str | int) -> Iterator[Place]:
    for kind in here.types:
        arguments = get_args(kind)
        if _is_model(kind):
            info = kind.model_fields.get(step) if isinstance(step, str) else None
            if info is not None:
                yield Place(tuple(_members(info.annotation)), info)
        elif get_origin(kind) is dict:
            yield Place(tuple(_members(arguments[1])), here.info, named_by_file=True)
        elif arguments and isinstance(step, int):
            yield Place(tuple(_members(arguments[0])), here.info)


def _members(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _members(member)
    elif annotation is not type(None):
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
