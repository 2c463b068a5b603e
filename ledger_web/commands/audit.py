"""`audit`: prove that nobody touched what people did, and seal what is newest."""

import click

from ledger_web.commands.recalculation import CLEAN, DRIFT
from ledger_web.commands.shops import shops_and_room_at
from ledger_web.queries.audit import verify
from ledger_web.services.audit import seal
from ledger_web.services.unit_of_work import UnitOfWork


@click.group()
def audit() -> None:
    """Prove that nobody touched the audit, and seal it."""


@audit.command("verify")
@click.option("--tenant", "slug", help="Address of one shop; every shop, if left out.")
@click.pass_context
def verify_audit(context: click.Context, slug: str | None) -> None:
    """Walk the chain of every shop, and of the operators. Exit code: 0 whole, 1 broken, with the block."""
    found = [(shop, verify(shop.tenant_id)) for shop in shops_and_room_at(slug)]
    for shop, said in found:
        outcome = "whole" if said.is_whole else f"broken at block {said.broken}. {said.trouble}"
        young = f", {said.unsealed} not sealed yet" if said.unsealed else ""
        click.echo(f"{shop.slug}: {said.blocks} blocks, {said.events} events{young}, {outcome}\t{said.head.hex()}")
    context.exit(CLEAN if all(said.is_whole for _, said in found) else DRIFT)


@audit.command("seal")
@click.option("--tenant", "slug", help="Address of one shop; every shop, if left out.")
def seal_audit(slug: str | None) -> None:
    """Seal what is in no block yet. Keep the head that verify prints elsewhere: then nobody can shorten the chain."""
    for shop in shops_and_room_at(slug):
        sealed = 0
        while many := seal(UnitOfWork(shop.tenant_id)):
            sealed += many
        click.echo(f"{shop.slug}: {sealed} sealed")
