"""`cluster distribute`: spread the shops over the nodes of a Citus cluster."""

import click
import psycopg
from flask import current_app

from ledger_web.services.clusters import citus_version, distribute
from ledger_web.services.provisioning import DatabaseAccess

COULD_NOT_FINISH = 3


@click.group()
def cluster() -> None:
    """More than one machine for the database."""


@cluster.command("distribute")
@click.pass_context
def distribute_shops(context: click.Context) -> None:
    """Turn the tables of shops into distributed ones. It may be run again; nothing else may write meanwhile.

    Exit code: 0 done, or there is nothing to do; 3 could not finish.
    """
    access: DatabaseAccess = current_app.extensions["database_access"]
    version = citus_version(access.application)
    if version is None:
        click.echo("This database has no Citus extension: all shops are on this one machine, and nothing was changed.")
        return
    if access.administrator is None:
        raise click.ClickException("Set DATABASE_OWNER_URL to a superuser of the coordinator: no other moves rows.")
    try:
        done = distribute(access.administrator)
    except psycopg.Error as error:
        click.echo(f"Could not finish. {error}", err=True)
        context.exit(COULD_NOT_FINISH)
    click.echo(f"Citus {version}: {len(done.tables)} tables were distributed, {done.already} were already.")
