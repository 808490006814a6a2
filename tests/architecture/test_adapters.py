"""A new adapter is a folder, a line of the registry and a subclass of the conformance suite: no less."""

import configparser
from collections.abc import Callable

import pytest

from adapters.registry import CHANNELS, SOURCES, STORES, channel_kind, source_kind, store_kind
from adapters.settings import Settings
from tests.architecture.product import ROOT

ADAPTERS = [*CHANNELS.values(), *SOURCES.values(), *STORES.values()]


def folders(role: str) -> set[str]:
    return {f"adapters.{role}.{path.parent.name}" for path in (ROOT / "adapters" / role).glob("*/__init__.py")}


def test_every_folder_is_registered() -> None:
    assert set(SOURCES.values()) == folders("sources")
    assert set(STORES.values()) == folders("stores")
    assert set(CHANNELS.values()) == folders("channels")


def test_every_adapter_is_protected_by_the_import_law() -> None:
    law = configparser.ConfigParser()
    law.read(ROOT / ".importlinter")
    assert set(law["importlinter:contract:concretes"]["protected_modules"].split()) == set(ADAPTERS)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_explains_itself_and_keeps_the_promises_of_its_contract(adapter: str) -> None:
    folder = ROOT.joinpath(*adapter.split("."))
    assert (folder / "README.md").read_text().startswith("# ")
    role = ["channels"] if folder.parent.name == "channels" else []
    suite = ROOT.joinpath("tests", "adapters", *role, folder.name, "test_conformance.py")
    assert "Conformance)" in suite.read_text()


def test_every_kind_has_models_of_settings() -> None:
    for kind in SOURCES:
        assert issubclass(source_kind(kind).settings, Settings)
        assert issubclass(source_kind(kind).address, Settings)
    for kind in STORES:
        assert issubclass(store_kind(kind).settings, Settings)
    for kind in CHANNELS:
        assert issubclass(channel_kind(kind).settings, Settings)


@pytest.mark.parametrize("ask", [channel_kind, source_kind, store_kind])
def test_an_unknown_kind_is_told_which_there_are(ask: Callable[[str], object]) -> None:
    with pytest.raises(KeyError, match=r"there is no .* of kind 'fax'; there are "):
        ask("fax")
