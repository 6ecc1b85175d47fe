"""Alembic's environment: runs on the connection that :mod:`csdomain_adapters.sql.migrate` gives it."""

from alembic import context

from csdomain_adapters.sql.tables import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
