"""What is opened to others: the days that numbers are taken from, the cells that are told, and how far views are."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "open_days",
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("elements", sa.LargeBinary, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "open_cells",
        sa.Column("view", sa.String(64), primary_key=True),
        sa.Column("cut", sa.String(64), primary_key=True),
        sa.Column("first", sa.Date, primary_key=True),
        sa.Column("grouped", sa.String(200), primary_key=True),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("pool", sa.String(80), nullable=False),
        sa.Column("facets", sa.JSON, nullable=False),
        sa.Column("why", sa.JSON, nullable=False),
        sa.Column("floor", sa.JSON, nullable=False),
        sa.Column("factories", sa.BigInteger, nullable=False),
        sa.Column("machines", sa.BigInteger, nullable=False),
        sa.Column("sums", sa.JSON, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
    )
    op.create_index("open_cells_by_pool", "open_cells", ["pool", "first"])
    op.create_table(
        "open_pools",
        sa.Column("pool", sa.String(80), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
    )
