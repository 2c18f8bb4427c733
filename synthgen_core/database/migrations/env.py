"""Alembic's entry: runs the migrations on the connection that ``engine.migrate`` hands over."""

from alembic import context

from synthgen_core.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
