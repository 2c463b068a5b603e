"""`tenants`: open shops, list them, and see to what becomes of them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import current_app

from ledger_web.domain.errors import LedgerError, NotFoundError
from ledger_web.domain.hosts import PROOF, proof_at
from ledger_web.domain.ids import new_id
from ledger_web.export_folder import forget_old, forget_shop
from ledger_web.name_servers import texts_at
from ledger_web.queries.domains import DomainRow, get_domain, list_domains, list_proved_domains
from ledger_web.queries.operators import find_room
from ledger_web.queries.tenants import get_place, list_tenants
from ledger_web.services.domains import (
    PROVED,
    ClaimDomain,
    ProveDomain,
    ReleaseDomain,
    claim_domain,
    prove_domain,
    release_domain,
)
from ledger_web.services.operators import NoteCheck, note_check
from ledger_web.services.provisioning import DatabaseAccess
from ledger_web.services.shop_archives import export_shop, free_addresses, import_shop, purge_shop
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

Outcome = TypeVar("Outcome")


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


@tenants.group("domain")
def domain() -> None:
    """Domains of shops' own: add one, ask the DNS whether it is proved, take it away."""


@domain.command("add")
@click.argument("slug")
@click.argument("host")
def add_domain(slug: str, host: str) -> None:
    """Let the shop SLUG claim HOST, and say what its DNS must say."""
    command = ClaimDomain(id=new_id(), host=host, base_domain=current_app.config["BASE_DOMAIN"])
    claim_id = _said(lambda shop: claim_domain(command, shop), slug).id
    claim = get_domain(get_place(slug).tenant_id, claim_id)
    click.echo(f"{proof_at(claim.host)}\tTXT\t{PROOF}{claim.token}")
    click.echo(f"{claim.host}\tCNAME\t{slug}.{current_app.config['BASE_DOMAIN']}")


@domain.command("verify")
@click.argument("slug")
@click.argument("host")
def verify_domain(slug: str, host: str) -> None:
    """Ask the DNS whether HOST is the shop SLUG's; from then on it leads there."""
    outcome = _said(lambda shop: prove_domain(_asked(shop.tenant_id, host), shop), slug)
    click.echo(f"{host}: {outcome}")
    if outcome != PROVED:
        raise SystemExit(1)


@domain.command("remove")
@click.argument("slug")
@click.argument("host")
def remove_domain(slug: str, host: str) -> None:
    """Let HOST lead to the shop SLUG no more."""

    def release(shop: UnitOfWork) -> None:
        release_domain(ReleaseDomain(op_id=new_id(), claim_id=_claim(shop.tenant_id, host).id), shop)

    _said(release, slug)
    click.echo(f"{host} leads nowhere.")


@domain.command("check")
def check_domains() -> None:
    """Ask the DNS once more about every domain that leads to a shop: run it each week, or each day.

    A domain whose record has been gone for three days leads nowhere any more. Exit code 1 if a record is gone.
    """
    failing, domains = 0, list_proved_domains()
    for host, tenant_id in domains:
        try:
            outcome = prove_domain(_asked(tenant_id, host), UnitOfWork(tenant_id))
        except LedgerError as refusal:  # nobody answered: neither a yes nor a no
            outcome = refusal.message
        failing += outcome != PROVED
        click.echo(f"{host}\t{outcome}")
    room = find_room()
    if room:
        note_check(NoteCheck(checked=len(domains), failing=failing), UnitOfWork(room))
    if failing:
        raise SystemExit(1)


def _say_how_far(done: int, of: int) -> None:
    """Say how many tables are written, on a line of its own that is written over, where somebody looks on."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of} tables", err=True, nl=done == of)


def _asked(tenant_id: int, host: str) -> ProveDomain:
    claim = _claim(tenant_id, host)
    return ProveDomain(claim_id=claim.id, found=texts_at(proof_at(claim.host)))


def _claim(tenant_id: int, host: str) -> DomainRow:
    found = [each for each in list_domains(tenant_id) if each.host == host]
    if not found:
        raise NotFoundError(f"This shop has not claimed {host}.")
    return found[0]


def _said(act: Callable[[UnitOfWork], Outcome], slug: str) -> Outcome:
    """Do something to a shop, whatever its status; a refusal is said in its own words."""
    try:
        return act(UnitOfWork(get_place(slug).tenant_id))
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal


@tenants.command("export")
@click.argument("slug")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_tenant(slug: str, file: Path) -> None:
    """Write everything of the shop SLUG into the ZIP FILE: tables as JSON and CSV, with sums and checksums.

    What is written waits in the folder FILE.parts until all of it is: interrupted, the same command goes on.
    """
    draft, parts = file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.parts")
    try:
        shop = get_place(slug)
        parts.mkdir(mode=0o700, exist_ok=True)
        with draft.open("wb") as written:
            manifest = export_shop(_access().application, shop.tenant_id, slug, written, parts=parts, told=_say_how_far)
        draft.replace(file)
        shutil.rmtree(parts)
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    finally:
        draft.unlink(missing_ok=True)
    rows = sum(table["rows"] for table in manifest["tables"])
    click.echo(f"{slug}: {rows:,} rows of {len(manifest['tables'])} tables are in {file}")


@tenants.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--slug", default="", help="Its address here; the one it had, if left out.")
def import_tenant(file: Path, slug: str) -> None:
    """Read the shop in FILE into this system: all of it, with equal sums, or nothing."""
    try:
        with file.open("rb") as written:
            manifest = import_shop(_access().owner, written, slug)
    except LedgerError as refusal:
        raise click.ClickException(refusal.message) from refusal
    rows = sum(table["rows"] for table in manifest["tables"])
    click.echo(
        f"{manifest['slug']}: {rows:,} rows were read in, and the books come to the same sums."
        f"\nNobody can sign in yet: give the owner a password with  users reset-password {manifest['slug']} LOGIN"
    )


@tenants.command("purge")
@click.argument("slug", required=False)
@click.option("--at-once", is_flag=True, help="Do not wait until SLUG can no longer be had back.")
def purge_tenants(slug: str | None, at_once: bool) -> None:
    """Erase the deleted shop SLUG, or every one whose time is over; free addresses that were held long enough.

    Files of whole shops go, too: those of deleted shops, and those that can no longer be fetched.
    """
    if at_once and not slug:
        raise click.UsageError("Name the shop that is to be erased at once.")
    folder = Path(current_app.config["EXPORT_DIR"])
    forget_old(folder)
    for shop in [get_place(slug)] if slug else [each for each in list_tenants() if each.status == "deleted"]:
        if shop.status == "deleted":
            forget_shop(folder, shop.tenant_id)
        try:
            erased = purge_shop(_access().owner, shop.tenant_id, at_once=at_once)
        except LedgerError as refusal:
            if slug:
                raise click.ClickException(refusal.message) from refusal
            continue
        rows = "".join(f"\n  {name}\t{number:,}" for name, number in sorted(erased.items()))
        click.echo(f"{shop.slug} ({shop.tenant_id}) is erased:{rows}")
    click.echo(f"{free_addresses(_access().owner)} former addresses are free again.")


def _access() -> DatabaseAccess:
    access: DatabaseAccess = current_app.extensions["database_access"]
    return access
