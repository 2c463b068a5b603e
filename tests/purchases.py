"""Builders of purchases: vendors, drafts and what is received of them, through the services."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from ledger_web.domain.ids import new_id
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.purchase_draft_charges import AddDraftCharge, add_draft_charge
from ledger_web.services.purchase_draft_lines import AddDraftLine, ChangeDraftLine, add_draft_line, change_draft_line
from ledger_web.services.purchase_draft_rates import SetRate, set_rate
from ledger_web.services.purchase_drafts import ChangeDraft, StartDraft, change_draft, start_draft
from ledger_web.services.purchase_parts import SplitDraft, split_draft
from ledger_web.services.purchases import ReceivePurchase, receive_purchase
from tests.shops import Shop

Line = tuple[uuid.UUID, int | str, int | str | None]  # product, quantity, unit cost in whole units of the currency


def add_vendor(shop: Shop, name: str = "Karim Traders", currency: str = "USD") -> uuid.UUID:
    return create_party(CreateParty(id=new_id(), kind="vendor", name=name, currency=currency), shop.act()).id


def add_goods(
    shop: Shop,
    name: str = "Rice",
    *,
    policy: str = "block",
    price: int = 100,
    tax_class_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Add a product of which nothing is there yet."""
    command = CreateProduct(
        id=new_id(),
        name=name,
        unit_price=price,
        stock_policy=policy,
        currency=shop.currency,
        tax_percent=Decimal(0),
        tax_class_id=tax_class_id,
    )
    return create_product(command, shop.act()).id


def begin(
    shop: Shop,
    vendor_id: uuid.UUID | None,
    *lines: Line,
    currency: str | None = None,
    rate: str | None = None,
    unit: str | None = None,
) -> uuid.UUID:
    """Begin a draft with lines; the rate is for one of the document's currency unless told otherwise."""
    draft_id = start_draft(StartDraft(id=new_id(), vendor_id=vendor_id, currency=currency), shop.act()).id
    if rate is not None:
        say_rate(shop, draft_id, rate, unit or currency or "USD")
    for product_id, quantity, cost in lines:
        add_line(shop, draft_id, product_id, quantity, cost)
    return draft_id


def add_line(
    shop: Shop,
    draft_id: uuid.UUID,
    product_id: uuid.UUID,
    quantity: int | str,
    cost: int | str | None,
    **said: Any,
) -> uuid.UUID:
    unit_id = said.pop("unit_id", None)
    line = AddDraftLine(
        id=new_id(), draft_id=draft_id, product_id=product_id, unit_id=unit_id, quantity=Decimal(quantity)
    )
    line_id = add_draft_line(line, shop.act()).line_id
    change = ChangeDraftLine(
        op_id=new_id(),
        draft_id=draft_id,
        line_id=line_id,
        quantity=Decimal(quantity),
        unit_id=unit_id,
        unit_cost=None if cost is None else Decimal(cost),
        **{name: Decimal(value) for name, value in said.items()},
    )
    return change_draft_line(change, shop.act()).line_id


def say_rate(shop: Shop, draft_id: uuid.UUID, value: str, unit: str) -> None:
    set_rate(SetRate(op_id=new_id(), draft_id=draft_id, source="typed", value=Decimal(value), unit=unit), shop.act())


def say_head(shop: Shop, draft_id: uuid.UUID, vendor_id: uuid.UUID | None, currency: str = "USD", **said: Any) -> None:
    """Change the head of a draft; what is not said is left empty, and the invoice is of today."""
    head = {"invoice_number": "", "invoice_on": dt.datetime.now(dt.UTC).date(), "received_on": None, "due_on": None}
    command = ChangeDraft(op_id=new_id(), draft_id=draft_id, vendor_id=vendor_id, currency=currency, **{**head, **said})
    change_draft(command, shop.act())


def add_charge(
    shop: Shop,
    draft_id: uuid.UUID,
    net: int,
    spread_by: str,
    *,
    payee_id: uuid.UUID | None = None,
    currency: str = "USD",
    rate: str | None = None,
    tax: int | str = 0,
    name: str = "Freight",
) -> uuid.UUID:
    command = AddDraftCharge(
        id=new_id(),
        draft_id=draft_id,
        name=name,
        payee_id=payee_id,
        currency=currency,
        net=net,
        tax_percent=Decimal(tax),
        rate=None if rate is None else Decimal(rate),
        rate_unit=None if rate is None else currency,
        spread_by=spread_by,
    )
    add_draft_charge(command, shop.act())
    return command.id


def version_of(shop: Shop, draft_id: uuid.UUID) -> int:
    with shop.act() as uow:
        return int(
            uow.execute(
                "SELECT version FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": draft_id}
            ).scalar_one()
        )


def split(shop: Shop, draft_id: uuid.UUID, *came: int | str) -> uuid.UUID:
    """Say how much came of each line, in their order; return the draft of the rest."""
    with shop.act() as uow:
        sql = """
            SELECT id FROM purchase_draft_lines WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s
             ORDER BY position, id
        """
        lines = list(uow.execute(sql, {"id": draft_id}).scalars())
    parts = tuple((id, Decimal(quantity)) for id, quantity in zip(lines, came, strict=True))
    command = SplitDraft(id=new_id(), draft_id=draft_id, version=version_of(shop, draft_id), came=parts)
    return split_draft(command, shop.act()).id


def receive(shop: Shop, draft_id: uuid.UUID, **said: Any) -> uuid.UUID:
    """Receive a draft as it stands."""
    command = ReceivePurchase(id=draft_id, version=version_of(shop, draft_id), **said)
    return receive_purchase(command, shop.act()).id


def buy(shop: Shop, vendor_id: uuid.UUID, *lines: Line, **said: Any) -> uuid.UUID:
    """Begin a draft and receive it at once."""
    received = {name: said.pop(name) for name in list(said) if name not in ("currency", "rate", "unit")}
    return receive(shop, begin(shop, vendor_id, *lines, **said), **received)
