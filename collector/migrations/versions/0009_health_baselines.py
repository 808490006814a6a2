"""How well machines are, hour by hour and now, and what detectors have learned to be normal."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "health",
        sa.Column("equipment", sa.String(200), primary_key=True),
        sa.Column("score", sa.Float),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("parts", sa.JSON, nullable=False),
        sa.Column("carried", sa.JSON, nullable=False),
    )
    op.create_table(
        "health_hours",
        sa.Column("equipment", sa.String(200), primary_key=True),
        sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("lowest", sa.Float, nullable=False),
        sa.Column("newest", sa.Float, nullable=False),
        sa.Column("parts", sa.JSON, nullable=False),
    )
    op.create_index("health_hours_by_hour", "health_hours", ["hour"])
    op.create_table(
        "baselines",
        sa.Column("detector", sa.String(32), primary_key=True),
        sa.Column("subject", sa.String(265), primary_key=True),
        sa.Column("mode", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("learned", sa.BigInteger, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("model", sa.JSON, nullable=False),
    )
    op.create_index("baselines_by_subject", "baselines", ["subject"])
