"""Exports: who makes one, until when it is its maker's alone, and how often it was begun."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns; what is half made is nobody's, and begun once more."""
    op.add_column("exports", sa.Column("maker", sa.String(16), nullable=False, server_default=""))
    op.add_column("exports", sa.Column("until", sa.BigInteger))
    op.add_column("exports", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE exports SET until = 0 WHERE state = 'running'")
