"""The life cycle of alerts, their events, and alarm points that are shelved or out of service.

Alerts that are there and last are unacknowledged from now on; those that are over are closed. What detectors carried
has another form now: they begin anew.
"""

from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Widen the table of alerts, make the others, and have detectors begin anew."""
    _widen()
    _fill()
    _tables()
    op.execute("DELETE FROM detectors")


def _widen() -> None:
    yes, no = sa.true(), sa.false()
    columns = (
        sa.Column("point", sa.String(16), nullable=False, server_default=""),
        sa.Column("occurred", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("contributions", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("latching", sa.Boolean, nullable=False, server_default=no),
        sa.Column("when", sa.String(16), nullable=False, server_default="always"),
        sa.Column("count", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("state", sa.String(32), nullable=False, server_default="normal"),
        sa.Column("priority", sa.String(16), nullable=False, server_default=""),
        sa.Column("raised", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("acknowledged", sa.BigInteger),
        sa.Column("person", sa.Text, nullable=False, server_default=""),
        sa.Column("shelved_until", sa.BigInteger),
        sa.Column("suppressed_by", sa.String(16), nullable=False, server_default=""),
        sa.Column("out_of_service", sa.Boolean, nullable=False, server_default=no),
        sa.Column("group", sa.String(16), nullable=False, server_default=""),
        sa.Column("latched", sa.Boolean, nullable=False, server_default=no),
        sa.Column("told", sa.BigInteger),
        sa.Column("closed", sa.BigInteger),
        sa.Column("recent", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("chattering", sa.Boolean, nullable=False, server_default=no),
        sa.Column("said", sa.Boolean, nullable=False, server_default=yes),
        sa.Column("abandoned", sa.Boolean, nullable=False, server_default=no),
        sa.Column("number", sa.BigInteger, nullable=False, server_default="1"),
    )
    for column in columns:
        op.add_column("alerts", column)
    op.create_index("alerts_by_state", "alerts", ["state"])
    op.create_index("alerts_by_point", "alerts", ["point", "began"])


def _fill() -> None:
    """Give the alerts that are there their place in the life cycle."""
    names = ("id", "detector", "signal", "key", "began", "ended", "severity", "point")
    numbers = ("occurred", "raised", "changed", "told", "closed", "began", "ended")
    table = sa.table(
        "alerts",
        *(sa.column(name, sa.BigInteger if name in numbers else sa.Text) for name in {*names, *numbers}),
        sa.column("state", sa.Text),
        sa.column("priority", sa.Text),
        sa.column("group", sa.Text),
    )
    ended = table.c.ended.is_not(None)
    last = sa.func.coalesce(table.c.ended, table.c.began)
    op.execute(
        sa.update(table).values(
            occurred=table.c.began,
            raised=table.c.began,
            changed=last,
            told=table.c.began,
            closed=table.c.ended,
            state=sa.case((ended, "normal"), else_="unacknowledged"),
            priority=table.c.severity,
            group=table.c.id,
        )
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c.detector, table.c.signal, table.c.key)).all()
    points = [{"of": row.id, "as": _point(row.detector, row.signal, row.key)} for row in rows]
    if points:
        change = sa.update(table).where(table.c.id == sa.bindparam("of")).values(point=sa.bindparam("as"))
        connection.execute(change, points)


def _point(detector: str, signal: str, key: str) -> str:
    return blake2b(f"{detector}\0{signal}\0{key}".encode(), digest_size=8).hexdigest()


def _tables() -> None:
    op.create_table(
        "alert_occurrences",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("alert", sa.String(16), nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "alert_events",
        sa.Column("place", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("alert", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("equipment", sa.String(200), nullable=False),
        sa.Column("standing", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("alert_events_by_alert", "alert_events", ["alert", "number"])
    op.create_table("alert_events_unrouted", sa.Column("id", sa.String(40), primary_key=True))
    op.create_table(
        "alarm_points",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("path", sa.String(265), nullable=False),
        sa.Column("detector", sa.String(32), nullable=False),
        sa.Column("signal", sa.String(265), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("shelved_until", sa.BigInteger),
        sa.Column("out_of_service", sa.Boolean, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alert_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
