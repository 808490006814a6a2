"""Schemathesis: what the description allows is answered as the description says, and what it forbids is refused."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from tests.api.plant import Plant
from tests.api.server import serving

load_all_checks()

NOT_HELD = {
    "ignored_auth",  # it looks at the key that it made up, which ours replaces; test_access holds what it would
    "positive_data_acceptance",  # a window must not end before it starts, which no schema can say
    "unsupported_method",  # asked once per route in test_errors; here it would be asked with every example
}
"""Checks that do not fit this API."""

EXAMPLES = 12
"""Requests per operation and mode."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_as_described(plant: Plant, mode: GenerationMode) -> None:
    checks: Any = CHECKS.get_by_names([name for name in CHECKS.get_all_names() if name not in NOT_HELD])
    asked = []
    with serving(plant) as address:
        for found in schemathesis.openapi.from_url(f"{address}/openapi.json").get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            queried = any(one["in"] == "query" for one in operation.definition.raw.get("parameters", ()))
            if mode is GenerationMode.NEGATIVE and not queried:
                continue  # there is nothing to get wrong

            @given(operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def hold(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate(headers={"X-API-Key": plant.key}, checks=checks)

            hold()
            asked.append(operation.label)
    assert len(asked) >= 7
