"""The first layout: links, drains, gaps, dead letters; alerts and the progress of the jobs; keys.

Databases made before there were steps have these tables and no revision; so what is there is left as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that are missing."""
    _links()
    _gaps()
    _letters()
    _alerts()
    _progress()
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("used", sa.BigInteger),
        if_not_exists=True,
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("last_time", sa.BigInteger),
        sa.Column("last_received", sa.BigInteger),
        sa.Column("samples", sa.BigInteger, nullable=False),
        sa.Column("refusals", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "drains",
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        if_not_exists=True,
    )


def _gaps() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("signals", sa.JSON, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_gaps_source", "gaps", ["source"], if_not_exists=True)
    op.create_index("ix_gaps_start", "gaps", ["start"], if_not_exists=True)


def _letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("signal", sa.Text),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_dead_letters_source", "dead_letters", ["source"], if_not_exists=True)
    op.create_table(
        "dead_letter_totals",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("dropped", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("equipment", sa.String(200), nullable=False),
        sa.Column("signal", sa.String(265), nullable=False),
        sa.Column("detector", sa.String(32), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("parameters", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_index("alerts_by_began", "alerts", ["began", "id"], if_not_exists=True)
    op.create_index("alerts_by_equipment", "alerts", ["equipment", "began"], if_not_exists=True)
    op.create_index("alerts_active", "alerts", ["ended"], if_not_exists=True)
    op.create_table(
        "detectors",
        sa.Column("detector", sa.String(32), primary_key=True),
        sa.Column("signal", sa.String(265), primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        if_not_exists=True,
    )


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("log", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger),
        sa.Column("gap", sa.BigInteger, nullable=False),
        sa.Column("lasting", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "touches",
        sa.Column("equipment", sa.String(200), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "computed",
        sa.Column("equipment", sa.String(200), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
