"""What everybody can rely on in a model of settings."""

import importlib
from collections.abc import Iterator

from adapters.settings import Settings
from tests.architecture.product import modules


def models() -> list[type[Settings]]:
    """Give every model of settings of the product."""
    for module in modules():
        importlib.import_module(module)
    found = (model for model in set(below(Settings)) if not model.__module__.startswith("tests."))
    return sorted(found, key=lambda model: (model.__module__, model.__qualname__))


def below(model: type[Settings]) -> Iterator[type[Settings]]:
    for heir in model.__subclasses__():
        yield heir
        yield from below(heir)


def name(model: type[Settings]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def test_every_model_is_frozen_and_strict() -> None:
    found = models()
    assert found
    assert [name(model) for model in found if not model.model_config.get("frozen")] == []
    assert [name(model) for model in found if model.model_config.get("extra") != "forbid"] == []


def test_every_field_is_documented() -> None:
    undocumented = [
        f"{name(model)}.{field}"
        for model in models()
        for field, info in model.model_fields.items()
        if not (info.description or "").strip()
    ]
    assert undocumented == []
