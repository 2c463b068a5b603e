"""Which shops a command is for."""

import click

from ledger_web.domain.slugs import OPERATORS
from ledger_web.queries.tenants import DirectoryRow, find_tenant, list_tenants


def shops_at(slug: str | None) -> list[DirectoryRow]:
    """Return the shop of an address, or without one every shop that is not deleted.

    Raises:
        click.BadParameter: There is none at the address.
    """
    shops = [shop for shop in list_tenants() if shop.status != "deleted" and slug in (None, shop.slug)]
    if slug and not shops:
        raise click.BadParameter(f"There is no shop at {slug}.", param_hint="--tenant")
    return shops


def shops_and_room_at(slug: str | None) -> list[DirectoryRow]:
    """Return the same, with the room of those who run the system: what they did is sealed as it is in a shop.

    Raises:
        click.BadParameter: There is none at the address.
    """
    room = find_tenant(OPERATORS)
    if room is None or slug not in (None, OPERATORS):
        return shops_at(slug)
    return [room] if slug else [*shops_at(None), room]
