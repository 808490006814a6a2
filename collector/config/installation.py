"""`parkline.yaml` as an `Installation`."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr

from adapters.registry import STORES, store_kind
from collector.alerting import AlertSettings
from collector.config.build import Unread, build
from collector.config.channels import read_alerts
from collector.config.marks import Mapping, Node, text_of
from collector.config.problems import Report, did_you_mean
from collector.config.secrets import resolve
from collector.settings import Installation, RecordsSettings, StoreSettings

M = TypeVar("M", bound=BaseModel)

STORE_KEYS = frozenset(StoreSettings.model_fields) - {"settings"}
"""Keys of `store:` that are not the adapter's."""

_SQLITE = "sqlite:///"


def read_installation(root: Node, folder: Path, report: Report) -> Installation | None:
    """Make the installation, its relative paths made absolute against `folder`."""
    root = resolve(root, folder, report)
    store, alerts = StoreSettings(settings=Unread()), AlertSettings()
    if isinstance(root, Mapping):
        store = _store(root.get("store") or Mapping(root.mark, {}), report) or store
        alerts = read_alerts(root.get("alerts") or Mapping(root.mark, {}), report) or alerts
    given: dict[str, object] = {"store": store, "alerts": alerts}
    installation = build(Installation, root, report, given=given, also=tuple(given))
    if installation is None:
        return None
    return anchored(installation.model_copy(update={"records": _records(installation.records, folder)}), folder)


def _store(node: Node, report: Report) -> StoreSettings | None:
    if not isinstance(node, Mapping):
        return build(StoreSettings, node, report, given={"settings": Unread()})
    settings: BaseModel | None = Unread()
    kind_node = node.get("kind")
    kind = text_of(kind_node) if kind_node is not None else StoreSettings.model_fields["kind"].default
    if kind in STORES:
        settings = build(store_kind(kind).settings, node.without(*STORE_KEYS), report, beside=sorted(STORE_KEYS))
    elif kind_node is not None and kind is not None:
        report.add(kind_node.mark, f"`kind`: there is no store `{kind}`{did_you_mean(kind, STORES)}")
    own = node.only(*STORE_KEYS)
    return build(StoreSettings, own, report, given={"settings": settings or Unread()})


def _records(records: RecordsSettings, folder: Path) -> RecordsSettings:
    url = records.url.get_secret_value()
    path = url.removeprefix(_SQLITE)
    if path == url or path.startswith(("/", ":memory:")) or not path:
        return records
    return records.model_copy(update={"url": SecretStr(f"{_SQLITE}{folder / path}")})


def anchored(model: M, folder: Path) -> M:
    """Give a model with every relative path in it made absolute against `folder`."""
    return model.model_copy(update={name: _anchored(getattr(model, name), folder) for name in type(model).model_fields})


def _anchored(value: Any, folder: Path) -> Any:
    match value:
        case Path():
            return folder / value.expanduser()
        case BaseModel():
            return anchored(value, folder)
        case tuple():
            return tuple(_anchored(item, folder) for item in value)
        case dict():
            return {key: _anchored(item, folder) for key, item in value.items()}
        case _:
            return value
