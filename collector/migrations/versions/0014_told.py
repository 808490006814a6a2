"""What the feed has told of machines, and which windows it has still to tell."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "machine_states",
        sa.Column("path", sa.String(200), primary_key=True),
        sa.Column("spans", sa.JSON, nullable=False),
    )
    op.create_table(
        "windows_untold",
        sa.Column("path", sa.String(200), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("look", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_windows_untold_look", "windows_untold", ["look"])
