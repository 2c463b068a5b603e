"""Builders for what comes back: returns, closed shifts, sales that were paid in several ways."""

import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from ledger_web.domain.ids import new_id
from ledger_web.models.base import session_of
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.payments import RecordPayment, record_payment
from ledger_web.services.sale_returns import RecordReturn, ReturnedQuantity, record_return
from ledger_web.services.sales import RecordSale, SoldLine, record_sale
from ledger_web.services.shifts import CloseShift, Count, OpenShift, close_shift, open_shift
from tests.shops import Shop


def ask(shop: Shop, sql: str, **values: Any) -> list[Any]:
    """Return rows of the shop, read by plain SQL."""
    session = session_of(shop.tenant_id)
    session.rollback()
    return list(session.execute(text(sql), {"tenant_id": shop.tenant_id, **values}))


def reason_of(shop: Shop, code: str = "mistake") -> uuid.UUID:
    """Return the id of a reason the shop began with."""
    found = ask(shop, "SELECT id FROM return_reasons WHERE tenant_id = :tenant_id AND code = :code", code=code)
    return uuid.UUID(str(found[0].id))


def command_of(shop: Shop, sale_id: uuid.UUID, *lines: tuple[Any, ...], **how: Any) -> RecordReturn:
    """Say that lines of (line, quantity, disposition) of a sale come back; goods that can be sold, unless told."""
    returned = tuple(
        ReturnedQuantity(line=line, quantity=Decimal(quantity), **({"disposition": rest[0]} if rest else {}))
        for line, quantity, *rest in lines
    )
    usual = {
        "id": new_id(),
        "sale_id": sale_id,
        "drawer_id": shop.drawer_id,
        "lines": returned,
        "reason_id": None,
    }
    command: dict[str, Any] = usual | how
    command["reason_id"] = command["reason_id"] or reason_of(shop)
    return RecordReturn(**command)


def give_back(shop: Shop, sale_id: uuid.UUID, *lines: tuple[Any, ...], **how: Any) -> uuid.UUID:
    """Take lines of a sale back."""
    return record_return(command_of(shop, sale_id, *lines, **how), shop.act()).id


def close_the_shift(shop: Shop, *, reopens: bool = True) -> None:
    """Close the till with what is in it and open it again: what was sold before is of a closed shift."""
    shift_id = ask(shop, "SELECT id FROM shifts WHERE tenant_id = :tenant_id AND closed_at IS NULL")[0].id
    money = ask(
        shop,
        "SELECT currency, balance FROM accounts WHERE tenant_id = :tenant_id AND kind = 'cash' AND balance > 0",
    )
    counts = tuple(Count(currency=row.currency, counted=row.balance) for row in money)
    close_shift(CloseShift(id=new_id(), shift_id=shift_id, counts=counts, may_approve=True), shop.act())
    if reopens:
        open_with(shop, *((row.currency, row.balance) for row in money))


def open_with(shop: Shop, *counts: tuple[str, int]) -> None:
    """Open the till with what is counted in it."""
    counted = tuple(Count(currency=currency, counted=amount) for currency, amount in counts)
    open_shift(OpenShift(id=new_id(), drawer_id=shop.drawer_id, counts=counted), shop.act())


def record(shop: Shop, *lines: tuple[uuid.UUID, int | str, int], by: uuid.UUID | None = None, **how: Any) -> uuid.UUID:
    """Sell lines as `sell` does, with anything else a sale may say: tenders, discounts, who rings it up."""
    sold = tuple(SoldLine(product_id=id, quantity=Decimal(quantity), unit_price=price) for id, quantity, price in lines)
    usual = {"id": new_id(), "drawer_id": shop.drawer_id, "currency": shop.currency, "lines": sold}
    command: dict[str, Any] = usual | how
    return record_sale(RecordSale(**command), shop.act(by)).id


def add_bank(shop: Shop, name: str = "HBL") -> uuid.UUID:
    """Add a bank account that cards pay into."""
    return create_bank(CreateBank(id=new_id(), name=name, currency=shop.currency), shop.act()).id


def pay(shop: Shop, party_id: uuid.UUID, amount: int) -> uuid.UUID:
    """Take cash of a customer for the oldest of what they owe."""
    command = RecordPayment(
        id=new_id(),
        party_id=party_id,
        direction="in",
        drawer_id=shop.drawer_id,
        currency=shop.currency,
        amount=amount,
    )
    return record_payment(command, shop.act()).id


def open_of(shop: Shop, party_id: uuid.UUID) -> dict[str, int]:
    """Return what is still open of a party's charges and credits."""
    rows = ask(
        shop,
        """
        SELECT side, sum(amount - settled)::bigint AS open FROM open_items
         WHERE tenant_id = :tenant_id AND party_id = :party_id AND cancelled_in IS NULL
         GROUP BY side
        """,
        party_id=party_id,
    )
    return {"charge": 0, "credit": 0} | {row.side: row.open for row in rows}


def ways_of(shop: Shop, sale_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """Return the ids of the payments of a sale: those of cards, then those in cash."""
    rows = ask(
        shop,
        "SELECT id FROM payments WHERE tenant_id = :tenant_id AND sale_id = :sale_id ORDER BY method = 'cash', id",
        sale_id=sale_id,
    )
    return tuple(row.id for row in rows)
