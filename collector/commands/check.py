"""Check a configuration: every mistake, with file, line, column and what to write instead."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.output import DEFAULT_CONFIG, Output, OutputFormat, fail, show, show_json

if TYPE_CHECKING:
    from collector.load import Config

app = typer.Typer()


@app.command()
def check(
    config: Annotated[
        Path, typer.Argument(envvar="PARKLINE_CONFIG", help="The installation: parkline.yaml, or its folder.")
    ] = DEFAULT_CONFIG,
    output: Output = OutputFormat.TABLE,
    write_schemas: Annotated[
        Path | None,
        typer.Option(help="Write the JSON Schemas for editors into this folder, and check nothing."),
    ] = None,
) -> None:
    """Check a configuration: every mistake, with file, line, column and what to write instead.

    Also whether the files of `api: tls:` are there, belong together and are in their time.

    Exit code 0: nothing is wrong; 2: there are mistakes, all of them told.
    """
    from collector.load import ConfigError, load

    if write_schemas is not None:
        from collector.config.schema import write_schemas as write

        show([{"file": str(file)} for file in write(write_schemas)], output)
        return
    try:
        loaded = load(config)
        _check_tls(loaded)
    except ConfigError as error:
        if output is OutputFormat.JSON:
            show_json([{key: getattr(one, key) for key in one.__slots__} for one in error.problems])
            raise typer.Exit(2) from error
        count = len(error.problems)
        fail(f"{error}\n{count} mistake{'s' if count > 1 else ''}; mend them and run `parkline check` again", code=2)
    park = loaded.park
    counts = {
        "factories": len(park.factories),
        "lines": sum(len(factory.lines) for factory in park.factories),
        "sources": len(park.sources),
        "equipment": len(park.equipment),
        "signals": len(park.signals),
    }
    if output is OutputFormat.JSON:
        show_json([])
    else:
        show([{"park": park.id, **counts}], output, title="nothing is wrong")


def _check_tls(config: "Config") -> None:
    """Look at what the API serves TLS with; the other roles do without, so loading does not. Raises ConfigError."""
    from collector.load import ConfigError, Problem

    settings = config.installation.api.tls
    if settings is None:
        return
    from datetime import UTC, datetime

    from collector.tlsfiles import TlsError, check_files

    try:
        check_files(settings, datetime.now(UTC))
    except TlsError as error:
        raise ConfigError([Problem(str(error.file), 1, 1, error.problem)]) from error
