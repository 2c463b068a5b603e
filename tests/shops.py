"""The cast: `corner`, the shop most tests are about, and `rival`, which must never see anything of corner's.

Builders go through the services, as the pages do.
"""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.ids import new_id
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.shifts import OpenShift, open_shift
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import CreateUser, create_user

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop of the cast."""

    tenant_id: int
    slug: str
    owner_id: uuid.UUID
    drawer_id: uuid.UUID
    currency: str = "PKR"

    def act(self, actor_id: uuid.UUID | None = None) -> UnitOfWork:
        """Begin an act of the owner, or of whoever is named."""
        return UnitOfWork(self.tenant_id, actor_id or self.owner_id)


def open_a_shop(slug: str, currency: str = "PKR", *, sells: bool = True) -> Shop:
    """Open a shop; its owner signs in as "owner". Its drawer is empty, and open for sales unless told otherwise."""
    opened = open_shop(
        OpenShop(
            slug=slug,
            name=slug.capitalize(),
            base_currency=currency,
            owner_login="owner",
            owner_name="Olga Owner",
            owner_password=PASSWORD,
            time_zone="Asia/Karachi",
        ),
        UnitOfWork(new_tenant_id()),
    )
    shop = Shop(opened.tenant_id, opened.slug, opened.owner_id, opened.drawer_id, currency)
    if sells:
        open_shift(OpenShift(id=new_id(), drawer_id=shop.drawer_id, counts=()), shop.act())
    return shop


def person(shop: Shop, role: str) -> uuid.UUID:
    """Return the owner, or the one manager or cashier of the shop, who comes to work when first asked for."""
    if role == "owner":
        return shop.owner_id
    with shop.act() as uow:
        found: uuid.UUID | None = uow.execute(
            "SELECT id FROM users WHERE tenant_id = %(tenant_id)s AND login = %(login)s", {"login": role}
        ).scalar()
    return found or add_user(shop, role, role)


def add_user(shop: Shop, login: str, role: str) -> uuid.UUID:
    """Let somebody sign in with PASSWORD."""
    command = CreateUser(id=new_id(), login=login, name=f"{login.capitalize()} Smith", password=PASSWORD, role=role)
    return create_user(command, shop.act()).id


def add_product(
    shop: Shop,
    name: str = "Milk",
    *,
    price: int = 115_00,
    cost: int = 60_00,
    quantity: int | str = 100,
    tax: int | str = 15,
    policy: str = "block",
) -> uuid.UUID:
    """Add a product with an opening stock; amounts in minor units."""
    command = CreateProduct(
        id=new_id(),
        name=name,
        unit_price=price,
        tax_percent=Decimal(tax),
        stock_policy=policy,
        currency=shop.currency,
        opening_quantity=Decimal(quantity),
        opening_unit_cost=cost,
    )
    return create_product(command, shop.act()).id


def add_customer(shop: Shop, name: str = "Alice", *, credit_limit: int | None = None) -> uuid.UUID:
    """Add a customer whose account is in the shop's currency."""
    command = CreateParty(id=new_id(), kind="customer", name=name, currency=shop.currency, credit_limit=credit_limit)
    return create_party(command, shop.act()).id


def sell(
    shop: Shop,
    *lines: tuple[uuid.UUID, int | str, int],
    customer_id: uuid.UUID | None = None,
    tendered: int | None = None,
    rest_on_account: bool = False,
    id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Sell lines of (product, quantity, unit price in minor units) for cash, unless told otherwise."""
    command = RecordSale(
        id=id or new_id(),
        drawer_id=shop.drawer_id,
        currency=shop.currency,
        lines=tuple(
            SoldLine(product_id=product_id, quantity=Decimal(quantity), unit_price=price)
            for product_id, quantity, price in lines
        ),
        customer_id=customer_id,
        tendered=tendered,
        rest_on_account=rest_on_account,
    )
    return record_sale(command, shop.act()).id
