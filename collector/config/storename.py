"""A store as it is named on the command line: `lake:FOLDER`, `influxdb:URL` or `KIND:key=value,…`."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from adapters.registry import STORES, store_kind
from collector.config.marks import Scalar
from collector.config.problems import ConfigError, Mark, Problem, Report, did_you_mean
from collector.config.secrets import resolve
from collector.settings import StoreSettings

_MAIN_KEY: Final = {"lake": "folder", "influxdb": "url"}
"""What stands after the kind where nothing but a place is written."""


def named_store(name: str, asked: str, like: StoreSettings) -> StoreSettings:
    """Give the settings of a store that is named on the command line.

    Args:
        name: the store, `${env:NAME}` and `${file:path}` in it resolved, relative to the working folder.
        asked: the option or argument that names it, for errors.
        like: what holds where the name says nothing: `flush` and `batch`.

    Raises:
        ConfigError: it names no store.
    """
    kind, _, place = name.partition(":")
    if kind not in STORES:
        reason = f"there is no store {kind!r}{did_you_mean(kind, STORES)}; write lake:FOLDER or influxdb:URL"
        raise ConfigError([Problem(asked, 1, 1, reason)])
    return like.model_copy(update={"kind": kind, "settings": _settings(kind, place, asked)})


def _settings(kind: str, place: str, asked: str) -> BaseModel:
    plain = "=" not in place.partition("://")[0].partition(",")[0]
    pairs = [(_MAIN_KEY[kind], place)] if plain else [pair.split("=", 1) for pair in place.split(",") if "=" in pair]
    report = Report()
    values = {}
    for key, text in pairs:
        node = resolve(Scalar(Mark(asked), text, text), Path.cwd(), report)
        values[key] = node.value if isinstance(node, Scalar) else text
    if report.problems:
        raise ConfigError(report.problems)
    try:
        return store_kind(kind).settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(
            Problem(asked, 1, 1, f"`{'.'.join(map(str, one['loc']))}`: {one['msg']}") for one in error.errors()
        ) from None
