"""Make, list, rotate and revoke the keys of the API."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TypeVar

import typer

from api.roles import Role
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from sqlalchemy import Connection

    from api.auth import Key
    from collector.load import Config

T = TypeVar("T")

_WHOLE_PARK: Final = "*"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make, list, rotate and revoke the keys of the API."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who gets it, such as `park platform`.")],
    config: ConfigFile = DEFAULT_CONFIG,
    expires: Annotated[str, typer.Option(help="How long it is valid, such as 90d or 12h; for ever without it.")] = "",
    role: Annotated[
        list[Role] | None,
        typer.Option(
            help="What its holder is, which decides what they may do; may be repeated. "
            "Without it a viewer, or with --view somebody who reads these views alone."
        ),
    ] = None,
    factory: Annotated[
        list[str] | None,
        typer.Option(help="Id of a factory whose data it opens; may be repeated. Without it the whole park."),
    ] = None,
    view: Annotated[
        list[str] | None, typer.Option(help="Name of a view of open data that it opens; may be repeated.")
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Make a key and show it, this once."""
    from api.auth import LONGEST_NAME, create_key

    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        told = f"NAME: write who gets the key, in 1 to {LONGEST_NAME} characters without line breaks and the like"
        fail(told, code=2)
    now = datetime.now(UTC)
    until = _until(now, expires)
    loaded = _load(config)
    views = _views(loaded, view or ())
    factories = _factories(loaded, factory or ())
    roles = role or ([] if views else [Role.VIEWER])
    key, text = _run(
        loaded,
        lambda connection: create_key(
            connection, name, now=now, expires=until, roles=list(dict.fromkeys(roles)), factories=factories, views=views
        ),
    )
    if output is OutputFormat.JSON:
        show_json({**_row(key, now), "key": text})
        return
    _show_once(key, text)


@app.command("list")
def list_(config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE) -> None:
    """List the keys, without their secrets."""
    from api.auth import read_keys

    now = datetime.now(UTC)
    show([_row(key, now) for key in _run(_load(config), read_keys)], output, title="API keys")


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(metavar="ID", help="The old key's id, as `parkline key list` shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    grace: Annotated[
        str, typer.Option(help="How long the old key stays valid beside the new one, such as 7d or 12h.")
    ] = "7d",
    expires: Annotated[
        str,
        typer.Option(help="How long the new key is valid, such as 90d; without it, as long as the old one was."),
    ] = "",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Make a key in place of another and show it, this once; both are valid for a while, so that nobody is cut off.

    It has the holder, the name, the roles, the factories and the views of the old one.
    """
    from api.auth import KeyWorthlessError, rotate_key

    now = datetime.now(UTC)
    until, lasting = _until(now, expires), _after(now, "--grace", grace) - now
    try:
        rotated = _run(
            _load(config),
            lambda connection: rotate_key(connection, key, now=now, grace=lasting, expires=until),
        )
    except KeyWorthlessError as error:
        fail(f"{error}; make a new one with `parkline key create`")
    if rotated is None:
        _fail_unknown(key)
    old, new, text = rotated
    if output is OutputFormat.JSON:
        show_json({**_row(new, now), "key": text, "old": _row(old, now)})
        return
    _show_once(new, text)
    typer.echo(f"the old key {old.id} stays valid until {_time(old.expires)}; put the new one in its place", err=True)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `parkline key list` shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Revoke a key; within a second it is refused everywhere."""
    from api.auth import revoke_key

    now = datetime.now(UTC)
    revoked = _run(_load(config), lambda connection: revoke_key(connection, key, now=now))
    if revoked is None:
        _fail_unknown(key)
    show([_row(revoked, now)], output, title="API keys")


def _load(config: "Path") -> "Config":
    """Read the installation, or end."""
    from collector.load import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error, code=2)


def _run(config: "Config", work: "Callable[[Connection], T]") -> T:
    """Do something in the installation's records."""
    import asyncio

    from collector.assembly import open_records
    from collector.records import RecordsError

    async def run() -> T:
        async with open_records(config) as records:
            return await records.run(work)

    try:
        return asyncio.run(run())
    except RecordsError as error:
        fail(error)


def _after(now: datetime, option: str, written: str) -> datetime:
    """Read a span of time, and give when it is over."""
    from pydantic import TypeAdapter, ValidationError

    from adapters.settings import Duration

    try:
        return now + TypeAdapter[timedelta](Duration).validate_python(written)
    except (ValidationError, OverflowError):
        fail(f"{option}: {written!r} is no duration; write a number and a unit, like 90d or 12h", code=2)


def _until(now: datetime, expires: str) -> datetime | None:
    """Read how long a key is valid; None for ever."""
    if not expires:
        return None
    until = _after(now, "--expires", expires)
    if until <= now:
        fail("--expires: the key would be worthless at once; write a time longer than nothing", code=2)
    return until


def _factories(config: "Config", written: "Collection[str]") -> frozenset[str] | None:
    """Check that the park has these factories; None, the whole park, where none is named."""
    from collector.config.problems import did_you_mean

    known = [factory.id for factory in config.park.factories]
    for factory in written:
        if factory not in known:
            fail(f"--factory: the park has no factory {factory!r}{did_you_mean(factory, known)}", code=2)
    return frozenset(written) or None


def _views(config: "Config", written: "Collection[str]") -> frozenset[str]:
    """Check that these views are configured, and may be read together."""
    from analytics.openrows import readable
    from collector.config.problems import did_you_mean

    settings = config.installation.open_data
    for view in written:
        if view not in settings.views:
            hint = did_you_mean(view, settings.views) or "; write one under `open_data: views:` in parkline.yaml"
            fail(f"--view: there is no view {view!r}{hint}", code=2)
    for view in sorted(set(written) - set(readable(settings, written))):
        fail(
            f"--view: {view!r} cannot be read beside a view with a contract about the same numbers: together they tell "
            "which pseudonym is of which class; make a key for one of them",
            code=2,
        )
    return frozenset(written)


def _show_once(key: "Key", text: str) -> None:
    typer.echo(text)
    typer.echo(f"key {key.id} for {key.name!r}; it is shown this once only, keep it safe", err=True)


def _fail_unknown(key: str) -> NoReturn:
    fail(f"there is no key with the id {key!r}; `parkline key list` shows those there are")


def _row(key: "Key", now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now),
        "roles": " ".join(key.roles),
        "factories": _WHOLE_PARK if key.factories is None else " ".join(sorted(key.factories)),
        "views": " ".join(sorted(key.views)),
        "holder": key.holder,
        "created": _time(key.created),
        "expires": _time(key.expires),
        "revoked": _time(key.revoked),
        "used": _time(key.used),
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
