"""The cast: `corner`, the shop most tests are about, and `rival`, which must never see anything of corner's.

Builders go through the services, as the pages do.
"""

import io
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from PIL import Image

from ledger_web.domain.ids import new_id
from ledger_web.domain.variants import Option
from ledger_web.services.families import CreateFamily, create_family
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.prices import (
    ChoosePriceList,
    CreatePriceList,
    SetPrice,
    choose_price_list,
    create_price_list,
    set_price,
)
from ledger_web.services.product_pictures import SetPicture, set_picture
from ledger_web.services.products import ChangeStockRules, CreateProduct, change_stock_rules, create_product
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.shifts import OpenShift, open_shift
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.units import CreateUnit, create_unit
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


def open_a_shop(slug: str, currency: str = "PKR", *, sells: bool = True, **said: Any) -> Shop:
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
            **said,
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


def buy_below(
    shop: Shop, product_id: uuid.UUID, level: int, up_to: int | None = None, *, unit: str = "pcs", policy: str = "block"
) -> None:
    """Let a new product be bought when less than `level` is on hand."""
    command = ChangeStockRules(
        op_id=new_id(),
        product_id=product_id,
        version=1,
        unit=unit,
        stock_policy=policy,
        reorder_level=Decimal(level),
        reorder_to=None if up_to is None else Decimal(up_to),
    )
    change_stock_rules(command, shop.act())


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


def price_and_picture(shop: Shop, word: str, product_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    """Let a product have a pack, a price of a list that a customer has, a picture; and another one variants."""
    pack = CreateUnit(id=new_id(), product_id=product_id, name=f"{word} crate"[:20], factor_numerator=12)
    create_unit(pack, shop.act())
    listed = create_price_list(CreatePriceList(id=new_id(), name=f"{word[:40]} list"), shop.act()).id
    price = SetPrice(
        id=new_id(),
        product_id=product_id,
        unit_price=240_00,
        price_list_id=listed,
        quantity_from=Decimal(10),
        reason=f"{word[:100]} reason",
    )
    set_price(price, shop.act())
    choose_price_list(ChoosePriceList(op_id=new_id(), party_id=customer_id, price_list_id=listed), shop.act())
    red = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(red, "PNG")
    set_picture(SetPicture(op_id=new_id(), product_id=product_id, content=red.getvalue()), shop.act())
    shirt = CreateProduct(
        id=new_id(),
        name=f"{word} shirt",
        category=f"{word[:40]} clothes",
        unit_price=900_00,
        currency=shop.currency,
        stock_policy="warn",
    )
    create_product(shirt, shop.act())
    sizes = (Option("Size", ("M", "L")),)
    create_family(CreateFamily(id=new_id(), product_id=shirt.id, options=sizes), shop.act())
