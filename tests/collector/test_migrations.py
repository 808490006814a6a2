"""The steps to today's layout: together they give what the modules declare, and they leave what was there."""

import pkgutil
from collections.abc import Callable
from importlib import import_module

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

import analytics
import api
import collector
from analytics.alertlog import act, fold, read_detectors, read_standings
from analytics.lifecycle import Action, AlarmState, EventKind
from analytics.progress import read_owed
from collector.deadletters import count_dead_letters
from collector.gaps import begin_gap, read_news
from collector.links import Link, read_links
from collector.migrations import newest, versions
from collector.park import Severity
from collector.postgresql import engine_of
from collector.records import METADATA, Instant, Records, RecordsError
from tests.collector.fakes import NOON

pytestmark = pytest.mark.every_database


def declared() -> sa.MetaData:
    """Give all tables, whichever module declares them."""
    for folder in (collector, analytics, api):
        for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
            if not module.name.startswith("collector.migrations.") and not module.name.endswith("__main__"):
                import_module(module.name)
    return METADATA


def kind(type_: sa.types.TypeEngine[object]) -> sa.types.TypeEngine[object]:
    return type_.impl_instance if isinstance(type_, Instant) else type_


def steps_by_hand(url: str, count: int, then: Callable[[sa.Connection], None]) -> None:
    """Take the first steps alone, and do something then."""
    made = engine_of(sa.make_url(url)) if url.startswith("postgresql") else sa.create_engine(url)
    with made.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        for step in sorted(module.name for module in pkgutil.iter_modules(versions.__path__))[:count]:
            import_module(f"collector.migrations.versions.{step}").upgrade()
        then(connection)
    made.dispose()


async def test_the_steps_give_what_the_modules_declare(unmade_url: str) -> None:
    async with Records(unmade_url) as records:

        def differences(connection: sa.Connection) -> list[object]:
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": lambda _c, _i, _m, found, wanted: (
                        found.compile(connection.dialect).replace("DOUBLE PRECISION", "FLOAT")  # two words for one
                        != wanted.compile(connection.dialect)
                    ),
                },
            )
            return list(compare_metadata(context, declared()))

        assert await records.run(differences) == []


async def test_a_database_made_before_there_were_steps_keeps_its_rows(unmade_url: str) -> None:
    link = Link("press", "up", NOON, NOON, None, None, 3, 0, "")

    def enter(connection: sa.Connection) -> None:
        columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("links"))
        noon = Instant().process_bind_param(NOON, connection.dialect)
        row = sa.text(f"INSERT INTO links ({columns}) VALUES ('press', 'up', :noon, :noon, NULL, NULL, 3, 0, '')")  # noqa: S608 - our own words
        connection.execute(row, {"noon": noon})

    steps_by_hand(unmade_url, 1, enter)
    async with Records(unmade_url) as records:
        assert await records.run(read_links) == {"press": link}


async def test_what_is_still_to_be_computed_stays_so(unmade_url: str) -> None:
    def enter(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0004')"))
        connection.execute(sa.text("INSERT INTO touches VALUES ('works/line/press', '2024-05-17', 1, 2, 3, 4)"))
        connection.execute(sa.text("INSERT INTO progress VALUES (1, 'log', 7, NULL, 9)"))

    steps_by_hand(unmade_url, 4, enter)
    async with Records(unmade_url) as records:
        touch = await records.run(lambda c: c.execute(sa.text("SELECT * FROM touches")).one())
        progress = await records.run(lambda c: c.execute(sa.text("SELECT * FROM progress")).one())
    assert tuple(touch) == ("works/line/press", "2024-05-17", 1, 2, 3, 4, "", "")
    assert progress.reason == 0


async def test_what_gaps_and_letters_there_were_is_counted(unmade_url: str) -> None:
    def enter(connection: sa.Connection) -> None:
        gap = sa.text(
            'INSERT INTO gaps (source, signals, start, "end", cause, state)'
            " VALUES ('plc', '[]', 1, :end, 'cable pulled', :state)"
        )
        connection.execute(gap, [{"end": 2, "state": "filled"}, {"end": None, "state": "open"}])
        letter = (
            "INSERT INTO dead_letters (digest, source, address, signal, payload, reason, first, last, count)"
            " VALUES (:digest, 'plc', 'Füllstand', NULL, :payload, 'no', 1, 2, 3)"
        )
        connection.execute(sa.text(letter), {"digest": b"d" * 16, "payload": b"\x00\xff"})
        connection.execute(sa.text("INSERT INTO dead_letter_totals (source, refused, dropped) VALUES ('plc', 3, 0)"))
        connection.execute(sa.text("INSERT INTO progress VALUES (1, 'log', 7, NULL, 9, '[2]')"))

    steps_by_hand(unmade_url, 1, enter)
    async with Records(unmade_url) as records:
        gaps = await records.run(lambda c: read_news(c, after=0))
        [total] = await records.run(count_dead_letters)
        owed = await records.run(read_owed)
        number = await records.run(lambda c: begin_gap(c, "other", NOON, "away"))
    assert [(gap.id, gap.changed, gap.filled_by) for gap in gaps] == [(1, 1, "redelivery"), (2, 2, None)]
    assert (total.kept, total.bytes) == (1, len(b"\x00\xff" + "Füllstandno".encode()))
    assert owed.progress.gap == 1  # the gap that lasted is looked at again
    assert number == 3


async def test_alerts_get_their_place_in_the_life_cycle_and_detectors_begin_anew(unmade_url: str) -> None:
    def enter(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0006')"))
        alert = sa.text(
            "INSERT INTO alerts VALUES (:id, 'works/line/press', 'works/line/press/force', 'limit', :key, 'high',"
            " 'limit.high', '81', 1000000, :ended, '{}')"
        )
        connection.execute(alert, [{"id": "over", "key": "high:80", "ended": 2000000}])
        connection.execute(alert, [{"id": "lasting", "key": "low:1", "ended": None}])
        connection.execute(sa.text("INSERT INTO detectors VALUES ('limit', 'works/line/press/force', '{}')"))

    steps_by_hand(unmade_url, 6, enter)
    async with Records(unmade_url) as records:
        lasting, over = await records.run(lambda c: sorted(read_standings(c), key=lambda one: one.id))
        carried = await records.run(lambda c: read_detectors(c, "limit"))
        again = await records.run(lambda c: fold(c, [lasting.alert], now=NOON, suppressed=lambda _: ""))
        action = Action(EventKind.ACKNOWLEDGED, "li", lasting.id)
        events = await records.run(lambda c: act(c, action, now=NOON))
    assert (lasting.state, lasting.closed, lasting.told) == (AlarmState.UNACKNOWLEDGED, None, lasting.began)
    assert (over.state, over.closed, over.priority) == (AlarmState.NORMAL, over.alert.ended, Severity.HIGH)
    assert (carried, again) == ({}, [])
    assert [event.id for event in events] == ["lasting-2"]


async def test_a_newer_database_is_left_alone(unmade_url: str) -> None:
    async with Records(unmade_url) as records:
        newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
        await records.run(lambda connection: connection.execute(newer))
    with pytest.raises(RecordsError, match=f"newer parkline .layout 9999; this one knows {newest()}"):
        async with Records(unmade_url):
            pass
