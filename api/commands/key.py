"""Make, list and revoke the keys of the API."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.roles import Role
from collector.output import DEFAULT_CONFIG, ConfigFile, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from api.auth import Key

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make, list and revoke the keys of the API."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who gets it, such as `park platform`.")],
    config: ConfigFile = DEFAULT_CONFIG,
    expires: Annotated[str, typer.Option(help="How long it is valid, such as 90d or 12h; for ever without it.")] = "",
    role: Annotated[
        list[Role] | None, typer.Option(help="What its holder is, which decides what they may do; may be repeated.")
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Make a key, of a viewer if nothing else is said, and show it, this once."""
    from api.auth import LONGEST_NAME, create_key

    if not name.strip() or len(name) > LONGEST_NAME:
        fail(f"NAME: write who gets the key, in 1 to {LONGEST_NAME} characters", code=2)
    now = datetime.now(UTC)
    until = _until(now, expires)
    roles = role or [Role.VIEWER]
    key, text = _run(config, lambda connection: create_key(connection, name, now=now, expires=until, roles=roles))
    if output is OutputFormat.JSON:
        show_json({**_row(key, now), "key": text})
        return
    typer.echo(text)
    typer.echo(f"key {key.id} for {name!r}; it is shown this once only, keep it safe", err=True)


@app.command("list")
def list_(config: ConfigFile = DEFAULT_CONFIG, output: Output = OutputFormat.TABLE) -> None:
    """List the keys, without their secrets."""
    from api.auth import read_keys

    now = datetime.now(UTC)
    show([_row(key, now) for key in _run(config, read_keys)], output, title="API keys")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `parkline key list` shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Revoke a key; from now on it is refused."""
    from api.auth import revoke_key

    now = datetime.now(UTC)
    revoked = _run(config, lambda connection: revoke_key(connection, key, now=now))
    if revoked is None:
        fail(f"there is no key with the id {key!r}; `parkline key list` shows those there are")
    show([_row(revoked, now)], output, title="API keys")


def _run(config: "Path", work: "Callable[[Connection], T]") -> T:
    """Do something in the installation's records."""
    import asyncio

    from collector.assembly import open_records
    from collector.load import ConfigError, load
    from collector.records import RecordsError

    async def run() -> T:
        async with open_records(load(config)) as records:
            return await records.run(work)

    try:
        return asyncio.run(run())
    except ConfigError as error:
        fail(error, code=2)
    except RecordsError as error:
        fail(error)


def _until(now: datetime, expires: str) -> datetime | None:
    """Read how long a key is valid; None for ever."""
    from pydantic import TypeAdapter, ValidationError

    from adapters.settings import Duration

    if not expires:
        return None
    try:
        until = now + TypeAdapter(Duration).validate_python(expires)
    except (ValidationError, OverflowError):
        fail(f"--expires: {expires!r} is no duration; write a number and a unit, like 90d or 12h", code=2)
    if until <= now:
        fail("--expires: the key would be worthless at once; write a time longer than nothing", code=2)
    return until


def _row(key: "Key", now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now),
        "roles": " ".join(key.roles),
        "created": _time(key.created),
        "expires": _time(key.expires),
        "revoked": _time(key.revoked),
        "used": _time(key.used),
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
