"""Ask everything that the description of the API allows and forbids, as somebody who has nothing but the description.

    operations, cases   asked, by schemathesis with all of its checks on
    statuses            how often each was answered
    failures            answers that are not as described: a 5xx, a status or a body that nobody told of, a key that is
                        not looked at, nonsense that is taken, sense that is not

The API is served on a made-up park, as `tests.api.fuzzed` tells.
"""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.api.fuzzed import EACH, LINKED, fuzz, open_to_all
from tests.api.plant import build
from tests.prove.scene import tell

EXAMPLES = 25
"""Requests that are made up per operation, where nobody says how many."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give how much was asked, and what is wrong; `rounds`: requests that are made up per operation."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with TemporaryDirectory(prefix="parkline-prove-") as folder, open_to_all(build(Path(folder))) as (address, key):
        outcome = fuzz(address, key, phases=(*EACH, *LINKED), examples=rounds or EXAMPLES)
    for failure in outcome.failures:
        tell(failure)
    return {
        "operations": len(outcome.operations),
        "cases": outcome.cases,
        "statuses": {str(status): count for status, count in sorted(outcome.statuses.items())},
        "failures": len(outcome.failures),
    }
