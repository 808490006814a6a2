"""Webhooks of the API: what callers subscribe to, how their deliveries fared, and which process delivers."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(300), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("topics", sa.JSON),
        sa.Column("paths", sa.JSON),
        sa.Column("severities", sa.JSON),
        sa.Column("secret", sa.String(120), nullable=False),
        sa.Column("old_secret", sa.String(120), nullable=False),
        sa.Column("old_until", sa.BigInteger),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("failing", sa.BigInteger),
        sa.Column("delivered", sa.BigInteger),
    )
    op.create_index("ix_webhooks_owner", "webhooks", ["owner"])
    op.create_table(
        "webhook_callers",
        sa.Column("caller", sa.String(300), primary_key=True),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("factories", sa.JSON),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("webhook", sa.String(32), nullable=False),
        sa.Column("message", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.Column("tried", sa.BigInteger),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("duration_us", sa.BigInteger),
        sa.Column("due", sa.BigInteger),
        sa.UniqueConstraint("webhook", "message"),
        sqlite_autoincrement=True,
    )
    op.create_index("webhook_deliveries_by_state", "webhook_deliveries", ["webhook", "state"])
    op.create_index("ix_webhook_deliveries_begun", "webhook_deliveries", ["begun"])
    op.create_table(
        "webhook_lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
