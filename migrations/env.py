"""How Alembic runs our migrations: on the connection it is given, each in a transaction of its own."""

from alembic import context

connection = context.config.attributes["connection"]
# A migration that cannot get its lock at once gives up and is tried again: waiting would stop every page behind it.
connection.exec_driver_sql("SET lock_timeout = '1s'")
connection.exec_driver_sql("SET statement_timeout = '10min'")
connection.commit()
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
