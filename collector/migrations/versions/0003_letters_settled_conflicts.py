"""Dead letters that are settled, with their form and size; two values at one instant, counted per source."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is told of letters, and count what is kept of them; make the table of conflicts."""
    for column in (
        sa.Column("form", sa.String(16), nullable=False, server_default="input"),
        sa.Column("first_time", sa.BigInteger),
        sa.Column("last_time", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("state", sa.String(16), nullable=False, server_default="open"),
        sa.Column("settled", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("dead_letters", column)
    op.drop_index("ix_dead_letters_source", "dead_letters")
    op.create_index("ix_dead_letters_oldest", "dead_letters", ["source", "state", "id"])
    for name in ("replayed", "discarded", "kept", "bytes"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("dead_letter_totals", column)
    size = "length(CAST({} AS BLOB))" if op.get_bind().dialect.name == "sqlite" else "octet_length({})"
    parts = [size.format(name) for name in ("payload", "address", "reason", "coalesce(signal, '')")]
    op.execute("UPDATE dead_letters SET bytes = " + " + ".join(parts))  # noqa: S608 - names of our own columns
    op.execute(
        "UPDATE dead_letter_totals SET"
        " kept = (SELECT count(*) FROM dead_letters WHERE source = dead_letter_totals.source),"
        " bytes = (SELECT coalesce(sum(letter.bytes), 0) FROM dead_letters AS letter"
        " WHERE letter.source = dead_letter_totals.source)"
    )
    op.create_table(
        "conflicts",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("conflicts", sa.BigInteger, nullable=False),
        sa.Column("duplicates", sa.BigInteger, nullable=False),
        sa.Column("signal", sa.Text),
        sa.Column("time", sa.BigInteger),
        sa.Column("earlier", sa.Text),
        sa.Column("later", sa.Text),
    )
