"""How Alembic runs the steps: on the connection, and in the transaction, that it is handed."""

from alembic import context

from tollhouse.store import revision

context.configure(
    connection=context.config.attributes["connection"],
    version_table=revision.TABLE,
    transactional_ddl=True,
)
context.run_migrations()
