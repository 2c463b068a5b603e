"""Commands: `python3 app.py <command>`, or `flask <command>` inside the environment."""

from typing import TypeVar

import click
from flask import Flask

from ledger_web.commands.audit import audit
from ledger_web.commands.backup import backup
from ledger_web.commands.cluster import cluster
from ledger_web.commands.indexes import indexes
from ledger_web.commands.isolation import isolation
from ledger_web.commands.languages import languages
from ledger_web.commands.operators import operators
from ledger_web.commands.recalculation import recalculate
from ledger_web.commands.tenants import tenants
from ledger_web.demo import CASHIER, MANAGER, OWNER, make_demo
from ledger_web.domain.errors import LedgerError
from ledger_web.queries.tenants import find_tenant
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import ResetPassword, reset_password

Outcome = TypeVar("Outcome")


def init_app(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
    app.cli.add_command(recalculate, "recalculate_balances")  # the name it is asked for by, too


@click.group()
def users() -> None:
    """Help people who cannot sign in."""


@users.command("reset-password")
@click.argument("slug")
@click.argument("login")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="The new one; asked for.")
def give_new_password(slug: str, login: str, password: str) -> None:
    """Give LOGIN of the shop SLUG another password, and end all their sessions."""
    shop = find_tenant(slug)
    if shop is None:
        raise click.ClickException(f"There is no shop at {slug}.")
    try:
        reset_password(ResetPassword(login=login, password=password), UnitOfWork(shop.tenant_id))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{login} signs in at {slug} with the new password from now on.")


@click.command("demo")
def demo() -> None:
    """Make the demo shop, with three months of trade in two currencies."""
    try:
        made = make_demo()
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    if made.password is None:
        click.echo(f"The shop {made.slug} is there already. Nothing was changed.")
    else:
        click.echo(f"The shop {made.slug} is open.\nSign in as {OWNER}, {MANAGER} or {CASHIER}: {made.password}")


COMMANDS: list[click.Command] = [
    tenants,
    users,
    operators,
    audit,
    demo,
    recalculate,
    indexes,
    isolation,
    backup,
    cluster,
    languages,
]
