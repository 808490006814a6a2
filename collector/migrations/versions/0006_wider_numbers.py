"""Numbers of rows with 64 bits on PostgreSQL, as SQLite has them: one is used up each time an input comes again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Widen the columns, and what counts them."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("gaps", "gap_fillings", "dead_letters", "stop_reasons"):
        op.alter_column(table, "id", type_=sa.BigInteger)
        op.execute(f"ALTER SEQUENCE {table}_id_seq AS BIGINT")
    op.alter_column("gaps", "part_of", type_=sa.BigInteger)
