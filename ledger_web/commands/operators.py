"""`operators`: who may come to the operators' page, which is there once somebody may."""

import click
from flask import current_app

from ledger_web.domain.days import time_zones
from ledger_web.domain.errors import LastOwnerError, LedgerError
from ledger_web.domain.ids import new_id
from ledger_web.domain.passwords import check_password
from ledger_web.domain.slugs import OPERATORS
from ledger_web.queries.operators import find_room, list_operators
from ledger_web.services.operators import (
    DismissOperator,
    OpenRoom,
    ReadmitOperator,
    dismiss_operator,
    open_room,
    readmit_operator,
)
from ledger_web.services.tenants import new_tenant_id
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import CreateUser, create_user, fold_login


@click.group()
def operators() -> None:
    """Let people in who look after all shops, at an address of their own, and end their access."""


@operators.command("create")
@click.argument("login")
@click.option("--name", help="Their name as it is shown; LOGIN, if left out.")
@click.option("--time-zone", default="UTC", show_default=True, help="Of the page's times; counts for the first one.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="The first one; asked for.")
def create_operator(login: str, name: str | None, time_zone: str, password: str) -> None:
    """Let LOGIN in. The first one opens the page; a code from the phone is set up at the first sign-in."""
    if time_zone not in time_zones():
        raise click.BadParameter(f"{time_zone} is not a time zone.", param_hint="--time-zone")
    command = CreateUser(id=new_id(), login=login, name=name or login, password=password, role="owner")
    try:
        check_password(password, [fold_login(login), command.name])
        room = find_room()
        if room is None:
            room = new_tenant_id()
            open_room(OpenRoom(time_zone=time_zone), UnitOfWork(room))
        create_user(command, UnitOfWork(room))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{login} signs in at {OPERATORS}.{current_app.config['BASE_DOMAIN']}.")


@operators.command("list")
def list_all_operators() -> None:
    """List everybody who was let in: name, whether they may come, whether they have codes, when they last came."""
    for each in list_operators(_room()):
        said = "may come" if each.active else "no access"
        codes = "with codes" if each.has_codes else "no codes yet"
        click.echo(f"{each.login}\t{said}\t{codes}\t{each.last_seen_at or 'never'}")


@operators.command("dismiss")
@click.argument("login")
def dismiss(login: str) -> None:
    """End the access of LOGIN; their sessions end at once. The last one stays."""
    try:
        dismiss_operator(DismissOperator(login), UnitOfWork(_room()))
    except LastOwnerError:
        raise click.ClickException("Nobody else runs the system. Let somebody else in first.") from None
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{login} comes in no more.")


@operators.command("reset")
@click.argument("login")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="The new one; asked for.")
def reset(login: str, password: str) -> None:
    """Give LOGIN, who lost password or phone, another password; codes are set up anew at the next sign-in."""
    try:
        readmit_operator(ReadmitOperator(login=login, password=password), UnitOfWork(_room()))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"{login} signs in with the new password from now on.")


def _room() -> int:
    room = find_room()
    if room is None:
        raise click.ClickException("Nobody was let in yet: operators create LOGIN")
    return room
