"""Run by alembic: takes the steps on the connection that `migrate` gives, within its transaction."""

from alembic import context

# SQLite changes a column by making its table anew; "batch" does that where a step asks for it.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
