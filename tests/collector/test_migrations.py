"""The steps to today's layout: together they give what the modules declare, and they leave what was there."""

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

import analytics
import api
import collector
from collector.links import Link, read_links
from collector.migrations import newest, versions
from collector.records import METADATA, Instant, Records, RecordsError
from tests.collector.fakes import NOON


def declared() -> sa.MetaData:
    """Give all tables, whichever module declares them."""
    for folder in (collector, analytics, api):
        for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
            if not module.name.startswith("collector.migrations.") and not module.name.endswith("__main__"):
                import_module(module.name)
    return METADATA


def kind(type_: sa.types.TypeEngine[object]) -> sa.types.TypeEngine[object]:
    return type_.impl_instance if isinstance(type_, Instant) else type_


async def test_the_steps_give_what_the_modules_declare(tmp_path: Path) -> None:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:

        def differences(connection: sa.Connection) -> list[object]:
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": lambda _c, _i, _m, found, wanted: str(found) != wanted.compile(connection.dialect),
                },
            )
            return list(compare_metadata(context, declared()))

        assert await records.run(differences) == []


async def test_a_database_made_before_there_were_steps_keeps_its_rows(tmp_path: Path) -> None:
    link = Link("press", "up", NOON, NOON, None, None, 3, 0, "")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/records.db")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        import_module("collector.migrations.versions.0001_links_gaps_letters_alerts_keys").upgrade()
        columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("links"))
        noon = Instant().process_bind_param(NOON, connection.dialect)
        row = sa.text(f"INSERT INTO links ({columns}) VALUES ('press', 'up', :noon, :noon, NULL, NULL, 3, 0, '')")  # noqa: S608 - our own words
        connection.execute(row, {"noon": noon})
    engine.dispose()
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        assert await records.run(read_links) == {"press": link}


async def test_what_is_still_to_be_computed_stays_so(tmp_path: Path) -> None:
    steps = sorted(module.name for module in pkgutil.iter_modules(versions.__path__))[:4]
    engine = sa.create_engine(f"sqlite:///{tmp_path}/records.db")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        for step in steps:
            import_module(f"collector.migrations.versions.{step}").upgrade()
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0004')"))
        connection.execute(sa.text("INSERT INTO touches VALUES ('works/line/press', '2024-05-17', 1, 2, 3, 4)"))
        connection.execute(sa.text("INSERT INTO progress VALUES (1, 'log', 7, NULL, 9)"))
    engine.dispose()
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        touch = await records.run(lambda c: c.execute(sa.text("SELECT * FROM touches")).one())
        progress = await records.run(lambda c: c.execute(sa.text("SELECT * FROM progress")).one())
    assert tuple(touch) == ("works/line/press", "2024-05-17", 1, 2, 3, 4, "", "")
    assert progress.reason == 0


async def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    async with Records(url) as records:
        newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
        await records.run(lambda connection: connection.execute(newer))
    with pytest.raises(RecordsError, match=f"newer parkline .layout 9999; this one knows {newest()}"):
        async with Records(url):
            pass
