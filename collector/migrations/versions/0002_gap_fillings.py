"""Gaps that are filled: by what, with how much, in which part; their changes are numbered."""

import json
from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is told of filling; number the changes so far by the gaps themselves."""
    # SQLite makes the table anew, to give no number of a gap twice; others do that anyway.
    anew: Literal["always", "auto"] = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    with op.batch_alter_table("gaps", recreate=anew, table_kwargs={"sqlite_autoincrement": True}) as gaps:
        gaps.add_column(sa.Column("kind", sa.String(16), nullable=False, server_default="outage"))
        gaps.add_column(sa.Column("filled_by", sa.String(16)))
        gaps.add_column(sa.Column("resolved", sa.BigInteger))
        gaps.add_column(sa.Column("samples", sa.BigInteger))
        gaps.add_column(sa.Column("reason", sa.Text, nullable=False, server_default=""))
        gaps.add_column(sa.Column("part_of", sa.Integer))
        gaps.add_column(sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"))
        gaps.add_column(sa.Column("key", sa.String(200)))
    op.create_index("ix_gaps_part_of", "gaps", ["part_of"])
    op.create_index("ix_gaps_changed", "gaps", ["changed"])
    op.create_index("ix_gaps_key", "gaps", ["key"], unique=True)
    op.create_table(
        "gap_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "gap_fillings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("signals", sa.JSON, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("filled_by", sa.String(16), nullable=False),
        sa.Column("samples", sa.BigInteger, nullable=False),
        sa.Column("log", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
    )
    op.execute("UPDATE gaps SET changed = id")
    op.execute("UPDATE gaps SET filled_by = 'redelivery' WHERE state = 'filled'")
    op.execute("INSERT INTO gap_changes (id, number) SELECT 1, coalesce(max(id), 0) FROM gaps")
    _reread_lasting()
    with op.batch_alter_table("progress") as progress:
        progress.drop_column("lasting")


def _reread_lasting() -> None:
    """Have the engine look again at gaps that lasted when it looked last: they may have ended since."""
    connection = op.get_bind()
    for gap, lasting in connection.execute(sa.text("SELECT gap, lasting FROM progress")).all():
        known = json.loads(lasting) if isinstance(lasting, str) else lasting
        connection.execute(sa.text("UPDATE progress SET gap = :gap"), {"gap": min([gap, *(one - 1 for one in known)])})
