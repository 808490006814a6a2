"""The command `parkline`: finds its verbs by entry points and loads only the one in use.

A verb is a module named under `parkline.commands`, with `app: typer.Typer`; the first line of its docstring is
its help, read without importing it.
"""

import ast
import sys
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from collector.log import LogFormat, LogLevel

GROUP = "parkline.commands"
"""The entry point group that verbs are found in."""


class Verbs(TyperGroup):
    """Verbs by name, each imported when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Give the verbs' names, in alphabetical order."""
        del ctx
        return sorted(_verbs())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the verb; for the list of verbs, a stand-in that knows its help is enough."""
        verb = _verbs().get(cmd_name)
        if verb is None:
            return None
        if ctx.resilient_parsing or not _runs(cmd_name):
            return TyperCommand(cmd_name, help=_first_line(verb))
        command = typer.main.get_command(verb.load().app)
        command.name = cmd_name
        return command


def _verbs() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _runs(verb: str) -> bool:
    """Tell whether `verb` stands on the command line: if not, only its help line is wanted."""
    return verb in sys.argv[1:]


def _first_line(verb: EntryPoint) -> str:
    spec = find_spec(verb.module)
    if spec is None or spec.origin is None:
        return ""
    return (ast.get_docstring(ast.parse(Path(spec.origin).read_bytes())) or "").partition("\n")[0]


app = typer.Typer(cls=Verbs, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
"""The root of all verbs."""


@app.callback()
def root(
    log_format: Annotated[LogFormat, typer.Option(help="How log lines on stderr are written.")] = LogFormat.CONSOLE,
    log_level: Annotated[LogLevel, typer.Option(help="What is logged: this and what is graver.")] = LogLevel.INFO,
) -> None:
    """Telemetry collector for manufacturing parks: OPC UA and MQTT in, utilisation and faults out."""
    from collector import log

    log.configure(log_format, log_level)


def main() -> Any:
    """Run the command line; exit codes are 0 done, 1 failed, 2 wrong call or configuration."""
    return app(prog_name="parkline")
