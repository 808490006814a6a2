"""What restatements replaced, stop reasons that people gave, and what numbers were computed with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make their tables; have ranges that are still to be computed say which signals touched them, and why."""
    op.create_table(
        "superseded",
        sa.Column("path", sa.String(200), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("computed", sa.BigInteger, nullable=False),
        sa.Column("made_for", sa.Text, nullable=False),
        sa.Column("replaced", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("coverage", sa.Float),
        sa.Column("values", sa.Text, nullable=False),
    )
    op.create_index("superseded_by_start", "superseded", ["start"])
    op.create_index("superseded_by_replaced", "superseded", ["replaced"])
    op.create_table(
        "stop_reasons",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("equipment", sa.String(200), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("stop_reasons_by_equipment", "stop_reasons", ["equipment", "start"])
    op.create_index("stop_reasons_by_change", "stop_reasons", ["changed"])
    op.create_table(
        "stop_reason_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "configured",
        sa.Column("equipment", sa.String(200), primary_key=True),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.Column("map", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.add_column("touches", sa.Column("signals", sa.Text, nullable=False, server_default=""))
    op.add_column("touches", sa.Column("causes", sa.Text, nullable=False, server_default=""))
    op.add_column("progress", sa.Column("reason", sa.BigInteger, nullable=False, server_default="0"))
