"""Commands: `python3 app.py <command>`, or `flask <command>` inside the environment."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.demo import CASHIER, MANAGER, OWNER, make_demo
from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import LedgerError
from ledger_web.domain.ids import new_id
from ledger_web.queries.recalculation import MONEY, DiscrepancyRow, list_discrepancies
from ledger_web.queries.tenants import DirectoryRow, find_tenant, list_tenants
from ledger_web.services.daily_totals import drain, total_days
from ledger_web.services.recalculation import (
    BATCH,
    BATCH_MAX,
    CACHED_BALANCES,
    Run,
    StartRecalculation,
    recalculate_balances,
)
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import ResetPassword, reset_password


def init_app(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
    app.cli.add_command(recalculate, "recalculate_balances")  # the name it is asked for by, too


@click.group()
def tenants() -> None:
    """Open shops and list them."""


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


CLEAN, DRIFT, COULD_NOT_FINISH = 0, 1, 3  # exit codes of a recalculation; 2 is click's for a wrong call
SHOWN_MAX = 1000  # discrepancies of one shop


@click.command("recalculate-balances")
@click.option("--model", "models", multiple=True, type=click.Choice(list(CACHED_BALANCES)), help="What to recalculate.")
@click.option("--all", "all_models", is_flag=True, help="Recalculate everything there is.")
@click.option("--flagged", is_flag=True, help="Only add up the days that are due, and what was marked and is left.")
@click.option("--tenant", "slug", help="Address of one shop; every shop, if left out.")
@click.option("--check/--fix", "check", default=True, help="Only look, or repair what is wrong.", show_default=True)
@click.option("--force", is_flag=True, help="Repair however much is wrong, and where entries are missing.")
@click.option(
    "--batch", type=click.IntRange(1, BATCH_MAX), default=BATCH, show_default=True, help="Rows a step looks at."
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def recalculate(
    context: click.Context,
    models: tuple[str, ...],
    all_models: bool,
    flagged: bool,
    slug: str | None,
    check: bool,
    force: bool,
    batch: int,
    output: str,
) -> None:
    """Prove every cached balance from its entries, while the shops trade.

    Exit code: 0 all is right, 1 something was wrong (also when it was repaired), 2 wrong call, 3 could not finish.
    """
    if all_models + bool(models) + flagged != 1:
        raise click.UsageError("Name what to recalculate with --model, or everything with --all, or what is --flagged.")
    if flagged:
        drained = [_drain_shop(shop) for shop in _shops(slug)]
        click.echo(
            json.dumps({"shops": drained}, indent=2) if output == "json" else "\n".join(map(_told_drain, drained))
        )
        context.exit(max((shop["exit_code"] for shop in drained), default=CLEAN))
    chosen = tuple(CACHED_BALANCES) if all_models else tuple(dict.fromkeys(models))
    found = [_recalculate_shop(shop, chosen, not check, force, batch) for shop in _shops(slug)]
    click.echo(json.dumps({"shops": found}, indent=2) if output == "json" else "\n".join(map(_told, found)))
    context.exit(max((shop["exit_code"] for shop in found), default=CLEAN))


def _shops(slug: str | None) -> list[DirectoryRow]:
    shops = [shop for shop in list_tenants() if shop.status != "deleted" and slug in (None, shop.slug)]
    if slug and not shops:
        raise click.BadParameter(f"There is no shop at {slug}.", param_hint="--tenant")
    return shops


def _recalculate_shop(shop: DirectoryRow, models: Sequence[str], fix: bool, force: bool, batch: int) -> dict[str, Any]:
    """Recalculate one shop and say what came of it; one that cannot be finished does not hold up the others."""
    command = StartRecalculation(id=new_id(), models=tuple(models), fix=fix, force=force, batch=batch)
    try:
        run = recalculate_balances(command, UnitOfWork(shop.tenant_id))
        rows = list_discrepancies(shop.tenant_id, run.id, SHOWN_MAX)
    except (LedgerError, SQLAlchemyError) as error:
        return {"shop": shop.slug, "run": str(command.id), "error": str(error), "exit_code": COULD_NOT_FINISH}
    return {
        "shop": shop.slug,
        "run": str(run.id),
        "checked": run.rows_done,
        "wrong": run.rows_wrong,
        "repaired": run.rows_fixed,
        "stopped": run.phase == "stopped",
        "discrepancies": [_as_json(row) for row in rows],
        "exit_code": _exit_code(run),
    }


def _drain_shop(shop: DirectoryRow) -> dict[str, Any]:
    """Bring the daily totals of a shop up to date, also those that failed before."""
    uow = UnitOfWork(shop.tenant_id)
    try:
        while not total_days(uow):
            pass
        done = drain(uow, again=True)
    except SQLAlchemyError as error:
        return {"shop": shop.slug, "error": str(error), "exit_code": COULD_NOT_FINISH}
    return {
        "shop": shop.slug,
        "account_days": done.account_days,
        "marks": done.marks,
        "failed": done.failed,
        "exit_code": DRIFT if done.failed else CLEAN,
    }


def _told_drain(shop: dict[str, Any]) -> str:
    if "error" in shop:
        return f"{shop['shop']}: could not finish. {shop['error']}"
    failed = f" {shop['failed']} could not be: the page Admin says which." if shop["failed"] else ""
    return f"{shop['shop']}: daily totals are up to date, {shop['account_days']} were added up again.{failed}"


def _exit_code(run: Run) -> int:
    if run.phase == "stopped":
        return COULD_NOT_FINISH
    return DRIFT if run.rows_wrong else CLEAN


def _as_json(row: DiscrepancyRow) -> dict[str, Any]:
    return {
        "model": row.model,
        "holder_id": str(row.holder_id),
        "holder": row.holder,
        "currency": row.currency,
        "figures": [
            {
                "figure": figure.name,
                "cached": _number(figure.cached),
                "computed": _number(figure.computed),
                "difference": _number(figure.difference),
            }
            for figure in row.figures
        ],
        "first_transaction_id": str(row.first_transaction_id) if row.first_transaction_id else None,
        "repaired": row.fixed_at is not None,
        "refusal": row.refusal,
    }


def _number(value: Decimal) -> int | str:
    """Money in minor units and counts are whole numbers; a broken quantity is text, so that no reader rounds it."""
    return int(value) if value == value.to_integral_value() else f"{value.normalize():f}"


def _told(shop: dict[str, Any]) -> str:
    """Tell a shop's outcome in lines for people."""
    if "error" in shop:
        return f"{shop['shop']}: could not finish. {shop['error']}"
    lines = [f"{shop['shop']}: {shop['checked']} checked, {shop['wrong']} wrong, {shop['repaired']} repaired."]
    if shop["stopped"]:
        lines.append("  Nothing was repaired: too much is wrong. Look at the list; --force repairs it all the same.")
    return "\n".join([*lines, *(_told_row(row) for row in shop["discrepancies"])])


def _told_row(row: dict[str, Any]) -> str:
    figures = "; ".join(
        f"{figure['figure']} {_written(figure, 'cached', row)}, entries say {_written(figure, 'computed', row)},"
        f" difference {_written(figure, 'difference', row)}"
        for figure in row["figures"]
    )
    outcome = "repaired" if row["repaired"] else row["refusal"] or "not repaired"
    since = f" Since transaction {row['first_transaction_id']}." if row["first_transaction_id"] else ""
    return f"  {row['model']} {row['holder']}: {figures}. {outcome}.{since}"


def _written(figure: dict[str, Any], name: str, row: dict[str, Any]) -> str:
    value = figure[name]
    return plain(value, row["currency"]) if figure["figure"] in MONEY and row["currency"] else str(value)


COMMANDS: list[click.Command] = [tenants, users, demo, recalculate]
