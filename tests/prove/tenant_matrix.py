"""Ask every route as every role with every grant: a factory sees nothing of another's data, in whatever form.

    routes, roles, factories   ─► cells     each answer is judged as `tests.api.matrix` tells
                                  holes     how many showed what they must not

The API is asked in this process, on parks that `tests.api.estate` makes up.
"""

import asyncio
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.api.matrix import Outcome, estates, survey
from tests.prove.scene import tell


def prove(rounds: int | None) -> dict[str, object]:
    """Give how much was asked, and what must not be; it is all asked once, however many rounds."""
    del rounds
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with TemporaryDirectory(prefix="parkline-prove-") as folder:
        outcome = asyncio.run(_surveyed(Path(folder)))
    for hole in outcome.holes:
        tell(hole)
    told: dict[str, object] = {
        "routes": outcome.routes,
        "roles": outcome.roles,
        "factories": outcome.factories,
        "cells": outcome.cells,
        "holes": len(outcome.holes),
    }
    return told


async def _surveyed(folder: Path) -> Outcome:
    return await survey(await estates(folder))
