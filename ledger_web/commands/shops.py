"""Which shops a command is for."""

import click

from ledger_web.queries.tenants import DirectoryRow, list_tenants


def shops_at(slug: str | None) -> list[DirectoryRow]:
    """Return the shop of an address, or without one every shop that is not deleted.

    Raises:
        click.BadParameter: There is none at the address.
    """
    shops = [shop for shop in list_tenants() if shop.status != "deleted" and slug in (None, shop.slug)]
    if slug and not shops:
        raise click.BadParameter(f"There is no shop at {slug}.", param_hint="--tenant")
    return shops
