"""What all tests share: how Hypothesis searches, loggers that can be listened to, and records."""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from collector.migrations import migrate
from tests.databases import (
    database,
    engine,
    laid_out,
    laid_out_as_the_first,
    ledger,
    parametrize,
    records,
    records_url,
    unmade_url,
)
from tests.servers.postgresql import postgres

__all__ = ["database", "engine", "laid_out", "ledger", "postgres", "records", "records_url", "unmade_url"]

# A machine that is busy with something else is no defect of the code: no deadlines. On a build server the same examples
# are tried every time, so that a change is judged by what it changed.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("build", settings.get_profile("here"), derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one of several processes begin with the tests that wait for real servers, beside others that compute."""
    items.sort(key=lambda item: "system" not in item.path.parts)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let tests of records run on every database, where their module asks for it."""
    parametrize(metafunc)


@pytest.fixture(autouse=True, scope="session")
def loggers_that_can_be_captured() -> Iterator[None]:
    """Keep a verb that a test runs from binding the loggers for good: `capture_logs` would hear nothing afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        configure = structlog.configure
        patch.setattr(
            structlog, "configure", lambda **given: configure(**{**given, "cache_logger_on_first_use": False})
        )
        yield


@pytest.fixture(autouse=True, scope="session")
def records_laid_out_as_the_first() -> Iterator[None]:
    """Spare thousands of tests the steps to today's layout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collector.records.migrate", laid_out_as_the_first(migrate))
        yield


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Let no test leave the others without logs."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
