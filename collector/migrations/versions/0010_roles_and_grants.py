"""Keys with roles and grants: what their holder is, and whose data they open."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Give every key the role that allows what its scopes did."""
    op.add_column("api_keys", sa.Column("roles", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("api_keys", sa.Column("factories", sa.JSON))
    op.add_column("api_keys", sa.Column("views", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("api_keys", sa.Column("holder", sa.String(16), nullable=False, server_default=""))
    connection = op.get_bind()
    keys = sa.table("api_keys", sa.column("id"), sa.column("scopes"), sa.column("roles", sa.JSON), sa.column("holder"))
    for key, scopes in connection.execute(sa.select(keys.c.id, keys.c.scopes)).all():
        had = set(json.loads(scopes) if isinstance(scopes, str) else scopes)
        roles = ["engineer"] if "operate" in had else ["viewer"] if "read" in had else []
        connection.execute(sa.update(keys).where(keys.c.id == key).values(roles=roles, holder=key))
    op.drop_column("api_keys", "scopes")
