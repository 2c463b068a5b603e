"""Commands: `python3 app.py <command>`, or `flask <command>` inside the environment."""

from collections.abc import Callable
from typing import TypeVar

import click
from flask import Flask

from ledger_web.commands.audit import audit
from ledger_web.commands.indexes import indexes
from ledger_web.commands.isolation import isolation
from ledger_web.commands.recalculation import recalculate
from ledger_web.demo import CASHIER, MANAGER, OWNER, make_demo
from ledger_web.domain.errors import LedgerError
from ledger_web.queries.tenants import find_tenant, get_place, list_tenants
from ledger_web.services.shop_lifecycle import (
    DeleteShop,
    MoveShop,
    ResumeShop,
    SuspendShop,
    TakeShopBack,
    delete_shop,
    move_shop,
    resume_shop,
    suspend_shop,
    take_shop_back,
)
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import ResetPassword, reset_password

Outcome = TypeVar("Outcome")


def init_app(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
    app.cli.add_command(recalculate, "recalculate_balances")  # the name it is asked for by, too


@click.group()
def tenants() -> None:
    """Open shops, list them, and see to what becomes of them."""


@tenants.command("create")
@click.argument("slug")
@click.option("--name", help="Name of the shop; the address, if left out.")
@click.option("--currency", required=True, help="Base currency, for example PKR. It cannot be changed later.")
@click.option("--time-zone", default="UTC", show_default=True, help="For example Asia/Karachi.")
@click.option("--locale", default="en", show_default=True, help="How numbers and days are written, for example ur.")
@click.option("--owner", default="owner", show_default=True, help="Name the owner signs in with.")
@click.option("--owner-name", help="Name of the owner as it is shown.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Of the owner; asked for.")
def create_tenant(
    slug: str,
    name: str | None,
    currency: str,
    time_zone: str,
    locale: str,
    owner: str,
    owner_name: str | None,
    password: str,
) -> None:
    """Open the shop SLUG with its owner, the built-in roles and a first cash drawer."""
    command = OpenShop(
        slug=slug,
        name=name or slug,
        base_currency=currency.upper(),
        owner_login=owner,
        owner_name=owner_name or owner,
        owner_password=password,
        time_zone=time_zone,
        locale=locale,
    )
    try:
        opened = open_shop(command, UnitOfWork(new_tenant_id()))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{opened.slug} is open. Its owner signs in as {owner}.")


@tenants.command("list")
def list_all_tenants() -> None:
    """List every shop: address, id and status."""
    for tenant in list_tenants():
        click.echo(f"{tenant.slug}\t{tenant.tenant_id}\t{tenant.status}")


@tenants.command("rename")
@click.argument("slug")
@click.argument("new_slug")
def rename_tenant(slug: str, new_slug: str) -> None:
    """Give the shop SLUG the address NEW_SLUG. The old one leads there for 90 days and is nobody else's for a year."""
    moved = _said(lambda shop: move_shop(MoveShop(slug=new_slug), shop), slug)
    click.echo(f"{slug} is at {moved} now.")


@tenants.command("suspend")
@click.argument("slug")
def suspend_tenant(slug: str) -> None:
    """Let the shop SLUG read and export everything, and change nothing."""
    _said(lambda shop: suspend_shop(SuspendShop(), shop), slug)
    click.echo(f"{slug} is suspended.")


@tenants.command("resume")
@click.argument("slug")
def resume_tenant(slug: str) -> None:
    """Let the suspended shop SLUG go on."""
    _said(lambda shop: resume_shop(ResumeShop(), shop), slug)
    click.echo(f"{slug} goes on.")


@tenants.command("delete")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_tenant(slug: str, yes: bool) -> None:
    """Close the shop SLUG to everybody at once. It can be had back for 30 days; `purge` erases it after that."""
    if not yes and click.prompt(f"Type {slug} to delete it") != slug:
        raise click.ClickException("That is another address. Nothing was deleted.")
    until = _said(lambda shop: delete_shop(DeleteShop(), shop), slug)
    click.echo(f"{slug} is deleted. Until {until} it can be had back: tenants restore {slug}")


@tenants.command("restore")
@click.argument("slug")
def restore_tenant(slug: str) -> None:
    """Undo the deletion of the shop SLUG."""
    _said(lambda shop: take_shop_back(TakeShopBack(), shop), slug)
    click.echo(f"{slug} is back.")


def _said(act: Callable[[UnitOfWork], Outcome], slug: str) -> Outcome:
    """Do something to a shop, whatever its status; a refusal is said in its own words."""
    try:
        return act(UnitOfWork(get_place(slug).tenant_id))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal


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


COMMANDS: list[click.Command] = [tenants, users, audit, demo, recalculate, indexes, isolation]
