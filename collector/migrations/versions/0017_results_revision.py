"""The revision of the results, by which whoever keeps answers knows whether they still hold."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make its tables."""
    op.create_table(
        "results_revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "results_writers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("began", sa.BigInteger, nullable=False),
    )
