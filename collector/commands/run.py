"""Run the roles: collector, analytics and API, each supervised in a process of its own."""

from typing import Annotated

import typer

from collector.allocator import give_back_memory
from collector.output import DEFAULT_CONFIG, ConfigFile, fail

app = typer.Typer()


@app.command()
def run(
    context: typer.Context,
    config: ConfigFile = DEFAULT_CONFIG,
    role: Annotated[
        str, typer.Option(help="Which roles, by comma; all without it. A single one runs in the foreground.")
    ] = "",
    *,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Run the roles: collector, analytics and API, each supervised in a process of its own.

    Ends on SIGTERM or Ctrl-C, after what has arrived is safe. Which role ends by itself is started again.
    """
    give_back_memory()  # before Polars is loaded
    from adapters.stores.contract import StoreError
    from collector.alone import OtherCollectorError
    from collector.load import ConfigError, load
    from collector.records import RecordsError
    from collector.run import roles, run_role, supervise
    from collector.spool.contract import SpoolError

    known = roles()
    names = [name.strip() for name in role.split(",") if name.strip()] or known
    for name in names:
        if name not in known:
            fail(f"--role: there is no role {name!r}; there are {', '.join(known)}", code=2)
    try:
        if len(names) == 1:
            run_role(names[0], config, supervised=supervised)
            return
        load(config)
    except ConfigError as error:
        fail(error, code=2)
    except (SpoolError, RecordsError, StoreError, OtherCollectorError, OSError) as error:
        fail(error)
    options = context.find_root().params
    killed = supervise(names, config, log_format=options["log_format"], log_level=options["log_level"])
    if killed:
        fail(f"did not stop in time and had to be killed: {', '.join(killed)}")
