"""What is told of alerts on which channel, floods, escalations that are waited for, and how channels stand."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "notifications",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("event", sa.String(160), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("alert", sa.String(16), nullable=False),
        sa.Column("group", sa.String(16), nullable=False),
        sa.Column("fate", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("into", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("tried", sa.BigInteger),
        sa.Column("sent", sa.BigInteger),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.UniqueConstraint("event", "channel"),
        sqlite_autoincrement=True,
    )
    op.create_index("notifications_by_fate", "notifications", ["channel", "fate"])
    op.create_index("notifications_by_alert", "notifications", ["alert"])
    op.create_index("notifications_by_group", "notifications", ["group"])
    op.create_index("notifications_by_tried", "notifications", ["channel", "tried"])
    op.create_index("notifications_by_made", "notifications", ["made"])
    op.create_table(
        "alert_floods",
        sa.Column("factory", sa.String(64), primary_key=True),
        sa.Column("began", sa.BigInteger),
        sa.Column("raised", sa.BigInteger, nullable=False),
        sa.Column("recent", sa.JSON, nullable=False),
    )
    op.create_table(
        "alert_escalations",
        sa.Column("alert", sa.String(16), primary_key=True),
        sa.Column("route", sa.String(64), primary_key=True),
        sa.Column("due", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "channels",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("failing", sa.BigInteger),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("worked", sa.BigInteger),
    )
