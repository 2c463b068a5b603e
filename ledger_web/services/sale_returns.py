"""Goods that come back of a sale: a document of today, at the price, tax and cost of that day."""

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import (
    ConflictError,
    InvalidQuantityError,
    NotFoundError,
    RuleViolationError,
)
from ledger_web.domain.gift_cards import store_credit_of
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, Entry, bank, cash, store_credit
from ledger_web.domain.languages import gettext
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.open_items import Item, Share
from ledger_web.domain.returns import (
    AS_PAID,
    DISPOSITIONS,
    LOSSES,
    NOT_RETURNED,
    NOTHING,
    SELLABLE,
    PaidBy,
    RefundPlan,
    loss_entries,
    plan_refund,
    portion,
    quantity_portion,
    refund_entries,
    usual_disposition,
    way_name,
)
from ledger_web.domain.sales import cost_entries
from ledger_web.domain.taxes import TaxPart
from ledger_web.domain.tenders import BANK, CASH, GIFT_CARD, STORE_CREDIT, carried_over, cash_step
from ledger_web.services import open_items, stock
from ledger_web.services.effects import balance_effects
from ledger_web.services.numbering import next_number
from ledger_web.services.open_items import Released
from ledger_web.services.posting import Act, account_id
from ledger_web.services.return_reasons import Reason, find_reason
from ledger_web.services.reversals import BalanceEffect, StockEffect, stock_effects
from ledger_web.services.sale_states import HeldSale, find_sale, must_not_be_deleted
from ledger_web.services.stock import Goods
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

# Whether goods left stock with a line `l`, whatever the product's policy is today.
_KEEPS_STOCK = """EXISTS (SELECT FROM stock_moves AS m
                        WHERE m.tenant_id = %(tenant_id)s AND m.transaction_id = l.sale_id
                          AND m.product_id = l.product_id)"""


@dataclass(frozen=True, kw_only=True)
class ReturnedQuantity:
    """So much of one line comes back."""

    line: int
    quantity: Decimal  # in the line's unit, > 0
    disposition: str = ""  # a key of DISPOSITIONS; "" is what the reason says


@dataclass(frozen=True, kw_only=True)
class RecordReturn:
    """Take goods of a sale back."""

    id: uuid.UUID
    sale_id: uuid.UUID
    drawer_id: uuid.UUID  # whose shift it belongs to, and that pays cash back
    lines: tuple[ReturnedQuantity, ...]
    reason_id: uuid.UUID
    note: str = ""
    way: str = AS_PAID  # a key of REFUNDS
    chosen: tuple[tuple[uuid.UUID, int], ...] = ()  # of each payment, what goes back by it, base currency
    customer_id: uuid.UUID | None = None  # whose store credit it becomes, where the sale has no customer
    approved_by: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class ComingBack:
    """Some of one line, with what it was sold, taxed and bought for."""

    line: int
    product_id: uuid.UUID
    name: str
    unit_name: str
    quantity: Decimal
    base_quantity: Decimal
    unit_price: int
    total: int
    tax: int
    taxes: tuple[TaxPart, ...]
    cost: int
    disposition: str
    sold: Decimal
    keeps_stock: bool
    card: AccountKey | None  # the gift card this line sold
    card_id: uuid.UUID | None

    @property
    def is_restocked(self) -> bool:
        return self.keeps_stock and self.disposition == SELLABLE


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """What a return will do: made for the preview, and once more behind the lock when it is recorded."""

    sale: HeldSale
    reason: Reason
    customer_id: uuid.UUID | None
    lines: tuple[ComingBack, ...]
    refund: RefundPlan
    entries: tuple[Entry, ...]  # without what goods cost: that is known when they are in stock again

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def cost(self) -> int:
        return sum(line.cost for line in self.lines)

    @property
    def goods(self) -> list[Goods]:
        """What goes back on the shelf, each product once."""
        sums: dict[uuid.UUID, tuple[Decimal, int]] = {}
        for line in self.lines:
            if line.is_restocked:
                quantity, value = sums.get(line.product_id, (Decimal(0), 0))
                sums[line.product_id] = (quantity + line.base_quantity, value + line.cost)
        return [Goods(id, quantity, value) for id, (quantity, value) in sums.items()]

    @property
    def losses(self) -> dict[str, int]:
        """What the goods cost that came back and cannot be sold, by what is the matter with them."""
        sums: dict[str, int] = defaultdict(int)
        for line in self.lines:
            if line.disposition in LOSSES:
                sums[line.disposition] += line.cost
        return dict(sums)


@dataclass(frozen=True, slots=True)
class LeftOfLine:
    """A line of a sale, and how much of it can still come back."""

    line: int
    name: str
    unit_name: str
    sold: Decimal
    left: Decimal
    unit_price: int
    total: int
    keeps_stock: bool
    is_card: bool


@dataclass(frozen=True, slots=True)
class Returnable:
    """What a form of a return is made of."""

    sale: HeldSale
    lines: tuple[LeftOfLine, ...]
    ways: tuple[PaidBy, ...]


@dataclass(frozen=True, slots=True)
class ReturnPreview:
    """What a return will change."""

    plan: ReturnPlan
    balances: list[BalanceEffect]
    stock: list[StockEffect]
    released: list[Released]


@whole_act
def record_return(command: RecordReturn, uow: UnitOfWork) -> Recorded:
    """Take goods back: into stock at the cost they left with, the money back the way it came, the debt first.

    Raises:
        NotFoundError: The sale, a line of it, the drawer or the reason is not this shop's.
        SaleAlreadyDeletedError: Nothing of it can come back any more.
        RuleViolationError: More comes back than is left, by a way that did not pay so much, or a sold gift card is
            used.
        InsufficientFundsError, DrawerNotOpenError: The drawer cannot pay the cash back.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="sale_return", memo=command.note):
            return Recorded(command.id, replayed=True)
        plan = plan_return(uow, command, hold_sale(uow, command.sale_id))
        uow.post(take_back(uow, command, plan), in_open_shift=True)
    return Recorded(command.id)


def hold_sale(act: Act, sale_id: uuid.UUID) -> HeldSale:
    """Hold a sale and whoever owes for it: what is planned of the debt is true until the commit.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    sale = find_sale(act, sale_id, lock=True)
    debtor, _ = _debt_of(act, sale.id)
    if debtor is not None:
        open_items.hold_parties(act, {debtor})
    return sale


def preview_return(command: RecordReturn, uow: UnitOfWork) -> ReturnPreview:
    """Say what a return will change, by the same code that does it. Writes and locks nothing.

    Raises:
        NotFoundError, SaleAlreadyDeletedError, RuleViolationError: As recording it would, but for what only the
            balances themselves refuse.
    """
    with uow:
        return effects_of(uow, plan_return(uow, command, find_sale(uow, command.sale_id)))


def effects_of(act: Act, plan: ReturnPlan) -> ReturnPreview:
    """Say what a plan will change. What is only carried over to another sale changes nothing by itself."""
    released = open_items.settled_by(act, plan.sale.id) if plan.refund.to_account else []
    passing = carried_over(plan.sale.currency)
    entries = [entry for entry in plan.entries if passing not in (entry.debit, entry.credit)]
    return ReturnPreview(plan, balance_effects(act, entries), stock_effects(act, plan.goods), released)


def take_back(uow: UnitOfWork, command: RecordReturn, plan: ReturnPlan) -> list[Entry]:
    """Do the story of a return inside an act whose header stands; return what is to be posted, last of all."""
    _count_what_is_gone(uow, plan)
    if plan.customer_id:
        open_items.hold_parties(uow, {plan.customer_id})
        open_items.must_not_be_merged(uow, plan.customer_id)
    kept = stock.put(uow, plan.goods)
    moves = [Goods(goods.product_id, goods.quantity, kept[goods.product_id]) for goods in plan.goods]
    if moves:
        stock.insert_moves(uow, moves)
    number = next_number(uow, "sale_return", command.drawer_id).replace("-", "-R")
    _insert_return(uow, command, plan, number)
    _insert_lines(uow, command.id, plan.lines)
    _insert_refunds(uow, command, plan)
    _settle(uow, command.id, plan)
    _block_cards(uow, plan)
    uow.audit(
        "sale.return",
        holder=command.sale_id,
        after={"return": number, "total": plan.total, "reason": plan.reason.in_words(command.note)},
        approved_by=command.approved_by,
    )
    currency = plan.sale.currency
    return [
        *plan.entries,
        *cost_entries(currency, -sum(goods.value for goods in moves)),
        *loss_entries(currency, plan.losses),
    ]


def look_at_return(sale_id: uuid.UUID, drawer_id: uuid.UUID, uow: UnitOfWork) -> Returnable:
    """Say what of a sale can still come back, and how it was paid. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such sale.
    """
    with uow:
        sale = find_sale(uow, sale_id)
        rows = uow.execute(
            f"""
            SELECT l.line, l.name, l.unit_name, l.quantity AS sold, l.quantity - coalesce(r.returned, 0) AS left,
                   l.unit_price, l.total, {_KEEPS_STOCK} AS keeps_stock, l.gift_card_id IS NOT NULL AS is_card
              FROM sale_lines AS l
              LEFT JOIN returned_lines AS r
                ON r.tenant_id = %(tenant_id)s AND r.sale_id = l.sale_id AND r.line = l.line
             WHERE l.tenant_id = %(tenant_id)s AND l.sale_id = %(sale_id)s
             ORDER BY l.line
            """,
            {"sale_id": sale_id},
        )
        lines = tuple(LeftOfLine(**row._mapping) for row in rows)
        return Returnable(sale, lines, tuple(list_ways(uow, sale, drawer_id)))


def list_ways(act: Act, sale: HeldSale, drawer_id: uuid.UUID) -> list[PaidBy]:
    """Return how a sale was paid, and what of each has gone back, in the order it was paid.

    Cash comes out of the drawer of the return, not of the sale. What an exchange carried over counts as what it once
    was paid with, foreign cash by its worth.
    """
    rows = act.execute(
        """
        SELECT p.id, coalesce(o.method, p.method) AS method, p.carried_from, p.applied_base, p.other_change,
               p.settled_amount, coalesce(p.party_id, o.party_id) AS party_id,
               CASE WHEN o.method = 'bank' THEN o.currency ELSE p.currency END AS currency,
               CASE WHEN o.method = 'bank' AND o.applied_base > 0
                    THEN round(o.applied::numeric * p.applied_base / o.applied_base)::bigint
                    ELSE p.applied END AS applied,
               coalesce(b.code, ob.code) AS bank_code, coalesce(b.name, ob.name) AS bank_name,
               coalesce(c.code, oc.code) AS card_code,
               coalesce(r.refunded, 0) AS refunded, coalesce(r.paid_back, 0) AS paid_back
          FROM payments AS p
          LEFT JOIN payments AS o ON o.tenant_id = %(tenant_id)s AND o.id = p.carried_from
          LEFT JOIN bank_accounts AS b ON b.tenant_id = %(tenant_id)s AND b.id = p.bank_id
          LEFT JOIN bank_accounts AS ob ON ob.tenant_id = %(tenant_id)s AND ob.id = o.bank_id
          LEFT JOIN gift_cards AS c ON c.tenant_id = %(tenant_id)s AND c.id = p.gift_card_id
          LEFT JOIN gift_cards AS oc ON oc.tenant_id = %(tenant_id)s AND oc.id = o.gift_card_id
          LEFT JOIN refunded_payments AS r ON r.tenant_id = %(tenant_id)s AND r.payment_id = p.id
         WHERE p.tenant_id = %(tenant_id)s AND p.sale_id = %(sale_id)s AND p.return_id IS NULL
         ORDER BY p.id
        """,
        {"sale_id": sale.id},
    ).all()
    in_cash = (row.id for row in reversed(rows) if row.method == CASH and not row.carried_from)
    rounded = next(in_cash, None) if sale.rounding else None
    return [_way(row, sale, drawer_id, sale.rounding if row.id == rounded else 0) for row in rows]


def _way(row: Row[Any], sale: HeldSale, drawer_id: uuid.UUID, rounding: int) -> PaidBy:
    account, holder = _account_of(row, sale, drawer_id)
    is_foreign = row.currency != sale.currency
    applied = row.applied if is_foreign else row.applied_base
    if is_foreign and row.other_change and row.settled_amount:
        applied = round_half_up(Decimal(row.applied) * row.applied_base / row.settled_amount)
    name = way_name(row.method, f"{row.currency} {holder}".strip() if is_foreign else holder)
    value = max(row.applied_base - rounding, 0)
    return PaidBy(row.id, row.method, name, account, value, row.refunded, row.applied_base, applied, row.paid_back)


def _account_of(row: Row[Any], sale: HeldSale, drawer_id: uuid.UUID) -> tuple[AccountKey, str]:
    if row.method == BANK:
        return bank(row.currency, row.bank_code), row.bank_name
    if row.method == GIFT_CARD:
        return store_credit_of(row.card_code, row.currency), f"…{row.card_code[-4:]}"
    if row.method == STORE_CREDIT:
        return store_credit(row.currency, row.party_id or sale.customer_id), ""
    return cash(drawer_id, row.currency), ""


def plan_return(act: Act, command: RecordReturn, sale: HeldSale, *, carry_max: int = 0) -> ReturnPlan:
    """Say what a return will do.

    Args:
        carry_max: What goes out in exchange costs so much.

    Raises:
        As `record_return`, but for what only the balances refuse.
    """
    must_not_be_deleted(sale)
    if sale.fate.kind == NOTHING:
        raise RuleViolationError(sale.fate.why)
    reason = find_reason(act, command.reason_id, command.note)
    lines = _coming_back(act, command, sale.currency, usual_disposition(reason.code, restocks=reason.restocks))
    debtor, debt = _debt_of(act, sale.id)
    total = sum(line.total for line in lines)
    refund = plan_refund(
        total,
        debt,
        list_ways(act, sale, command.drawer_id),
        sale.currency,
        way=command.way,
        chosen=dict(command.chosen),
        step=cash_step(sale.currency, sale.cash_step),
        carry_max=carry_max,
    )
    customer_id = debtor or sale.customer_id or (_customer(act, command.customer_id) if refund.to_credit else None)
    if refund.to_credit and customer_id is None:
        raise RuleViolationError("Choose the customer whose store credit it becomes, or give it back as it was paid.")
    entries = refund_entries(
        sale.currency,
        refund,
        total=total,
        tax=sum(line.tax for line in lines),
        cards=[(line.card, line.total) for line in lines if line.card],
        customer_id=customer_id,
    )
    return ReturnPlan(sale, reason, customer_id, tuple(lines), refund, tuple(entries))


def _coming_back(act: Act, command: RecordReturn, currency: str, usual: str) -> list[ComingBack]:
    """Read the lines that come back, with what is left of them."""
    wanted = {each.line: each for each in command.lines}
    if not wanted:
        raise RuleViolationError("Enter how much of which line comes back.")
    if len(wanted) < len(command.lines):
        raise RuleViolationError("A line comes back twice. Enter it once, with all of its quantity.")
    rows = act.execute(
        f"""
        SELECT l.line, l.product_id, l.name, l.unit_name, l.quantity, l.base_quantity, l.unit_price, l.total, l.tax,
               l.taxes, l.cost, l.gift_card_id, c.code AS card_code, coalesce(r.returned, 0) AS returned,
               {_KEEPS_STOCK} AS keeps_stock
          FROM sale_lines AS l
          LEFT JOIN returned_lines AS r
            ON r.tenant_id = %(tenant_id)s AND r.sale_id = l.sale_id AND r.line = l.line
          LEFT JOIN gift_cards AS c ON c.tenant_id = %(tenant_id)s AND c.id = l.gift_card_id
         WHERE l.tenant_id = %(tenant_id)s AND l.sale_id = %(sale_id)s AND l.line = ANY(%(lines)s)
         ORDER BY l.line
        """,
        {"sale_id": command.sale_id, "lines": list(wanted)},
    ).all()
    if len(rows) != len(wanted):
        raise NotFoundError("This sale has no such line. Open the return once more.")
    return [_line(act, row, wanted[row.line], currency, usual) for row in rows]


def _line(act: Act, row: Row[Any], wanted: ReturnedQuantity, currency: str, usual: str) -> ComingBack:
    left = row.quantity - row.returned
    now = wanted.quantity
    if not now.is_finite() or not 0 < now < 10**9 or now != round(now, 6):
        raise InvalidQuantityError
    if now > left:
        raise RuleViolationError(
            gettext(
                "%(name)s: %(left)s of %(quantity)s can still come back. Enter less.",
                name=row.name,
                left=f"{left.normalize():f}",
                quantity=f"{row.quantity.normalize():f}",
            )
        )
    disposition = wanted.disposition or usual
    if disposition not in DISPOSITIONS:
        raise RuleViolationError(gettext("%(name)s: Choose what becomes of it.", name=row.name))
    if row.gift_card_id is not None:
        card_must_be_unused(act, row.card_code, row.total, currency)
    whole, before = row.quantity, row.returned
    parts = [
        TaxPart(part["name"], Decimal(part["percent"]), portion(part["amount"], whole, before, now))
        for part in row.taxes
    ]
    return ComingBack(
        line=row.line,
        product_id=row.product_id,
        name=row.name,
        unit_name=row.unit_name,
        quantity=now,
        base_quantity=quantity_portion(row.base_quantity, whole, before, now),
        unit_price=row.unit_price,
        total=portion(row.total, whole, before, now),
        tax=sum(part.amount for part in parts) if row.taxes else portion(row.tax, whole, before, now),
        taxes=tuple(parts),
        cost=portion(row.cost, whole, before, now),
        disposition=disposition if row.keeps_stock else NOT_RETURNED,
        sold=row.quantity,
        keeps_stock=row.keeps_stock,
        card=store_credit_of(row.card_code, currency) if row.gift_card_id else None,
        card_id=row.gift_card_id,
    )


def card_must_be_unused(act: Act, code: str, sold_for: int, currency: str) -> None:
    """Refuse to take back a gift card of which something was used: its money has gone."""
    found = act.execute(
        "SELECT balance FROM accounts WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
        {"id": account_id(act.tenant_id, store_credit_of(code, currency))},
    ).scalar_one_or_none()
    left = found or 0
    if left < sold_for:
        raise RuleViolationError(
            gettext(
                "The gift card %(code)s was used: %(left)s is left on it, so it cannot come back.",
                code=code,
                left=plain(left, currency),
            )
        )


def _debt_of(act: Act, sale_id: uuid.UUID) -> tuple[uuid.UUID | None, int]:
    """Return who owes for a sale, and what is still owed: a merged customer's debts are the other's."""
    row = act.execute(
        """
        SELECT party_id, amount - settled AS open FROM open_items
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND cancelled_in IS NULL
        """,
        {"id": sale_id},
    ).one_or_none()
    return (row.party_id, row.open) if row else (None, 0)


def _customer(act: Act, customer_id: uuid.UUID | None) -> uuid.UUID | None:
    if customer_id is None:
        return None
    holder = open_items.hold_party(act, customer_id, lock=False)
    if holder.kind != "customer":
        raise NotFoundError("There is no such customer in this shop. Choose the customer again.")
    return holder.id


def _count_what_is_gone(uow: UnitOfWork, plan: ReturnPlan) -> None:
    """Raise what has gone back of the sale, of each line and of each payment; the guards are in the statements."""
    sale = uow.execute(
        """
        UPDATE sales
           SET returned_total = returned_total + %(total)s, return_count = return_count + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND deleted_at IS NULL
           AND returned_total + %(total)s <= total
        """,
        {"id": plan.sale.id, "total": plan.total},
    )
    lines = uow.execute(
        """
        INSERT INTO returned_lines AS r (tenant_id, sale_id, line, sold, returned)
        SELECT s.tenant_id, s.id, n.line, n.sold, n.returned
          FROM sales AS s
         CROSS JOIN unnest(%(lines)s::integer[], %(sold)s::numeric[], %(returned)s::numeric[])
               AS n(line, sold, returned)
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(id)s
        ON CONFLICT (tenant_id, sale_id, line) DO UPDATE SET returned = r.returned + excluded.returned
         WHERE r.returned + excluded.returned <= r.sold
        """,
        {
            "id": plan.sale.id,
            "lines": [line.line for line in plan.lines],
            "sold": [line.sold for line in plan.lines],
            "returned": [line.quantity for line in plan.lines],
        },
    )
    if sale.rowcount != 1 or lines.rowcount != len(plan.lines) or not _count_refunds(uow, plan):
        raise ConflictError("More of this sale has come back meanwhile. Look at what is left and try again.")


def _count_refunds(uow: UnitOfWork, plan: ReturnPlan) -> bool:
    gone: dict[uuid.UUID, tuple[PaidBy, int, int]] = {}
    for refund in (*plan.refund.carried, *plan.refund.refunds):
        _, value, amount = gone.get(refund.paid.payment_id, (refund.paid, 0, 0))
        gone[refund.paid.payment_id] = (refund.paid, value + refund.value, amount + refund.amount)
    if not gone:
        return True
    done = uow.execute(
        """
        INSERT INTO refunded_payments AS r (tenant_id, payment_id, value, refunded, applied, paid_back)
        SELECT t.tenant_id, n.payment_id, n.value, n.refunded, n.applied, n.paid_back
          FROM tenants AS t
         CROSS JOIN unnest(%(payments)s::uuid[], %(values)s::bigint[], %(refunded)s::bigint[], %(applied)s::bigint[],
                           %(paid_back)s::bigint[])
               AS n(payment_id, value, refunded, applied, paid_back)
         WHERE t.tenant_id = %(tenant_id)s
        ON CONFLICT (tenant_id, payment_id) DO UPDATE
           SET refunded = r.refunded + excluded.refunded, paid_back = r.paid_back + excluded.paid_back
         WHERE r.refunded + excluded.refunded <= r.value AND r.paid_back + excluded.paid_back <= r.applied
        """,
        {
            "payments": list(gone),
            "values": [paid.value for paid, _, _ in gone.values()],
            "refunded": [value for _, value, _ in gone.values()],
            "applied": [paid.applied for paid, _, _ in gone.values()],
            "paid_back": [amount for _, _, amount in gone.values()],
        },
    )
    return done.rowcount == len(gone)


def _insert_return(uow: UnitOfWork, command: RecordReturn, plan: ReturnPlan, number: str) -> None:
    uow.execute(
        """
        INSERT INTO sale_returns (tenant_id, id, number, sale_id, drawer_id, customer_id, cashier_id, returned_on,
                                  returned_at, currency, total, tax_total, cost_total, to_debt, to_account, to_credit,
                                  to_exchange, rounding, reason_id, note, approved_by)
        VALUES (%(tenant_id)s, %(id)s, %(number)s, %(sale_id)s, %(drawer_id)s, %(customer_id)s, %(cashier_id)s,
                %(returned_on)s, now(), %(currency)s, %(total)s, %(tax)s, %(cost)s, %(to_debt)s, %(to_account)s,
                %(to_credit)s, %(to_exchange)s, %(rounding)s, %(reason_id)s, %(note)s, %(approved_by)s)
        """,
        {
            "id": command.id,
            "number": number,
            "sale_id": command.sale_id,
            "drawer_id": command.drawer_id,
            "customer_id": plan.customer_id,
            "cashier_id": uow.actor_id,
            "returned_on": uow.occurred_on,
            "currency": plan.sale.currency,
            "total": plan.total,
            "tax": plan.tax,
            "cost": plan.cost,
            "to_debt": plan.refund.to_debt,
            "to_account": plan.refund.to_account,
            "to_credit": plan.refund.to_credit,
            "to_exchange": plan.refund.to_exchange,
            "rounding": plan.refund.rounding,
            "reason_id": command.reason_id,
            "note": command.note,
            "approved_by": command.approved_by,
        },
    )


def _insert_lines(uow: UnitOfWork, return_id: uuid.UUID, lines: Sequence[ComingBack]) -> None:
    uow.execute(
        """
        INSERT INTO sale_return_lines AS l
               (tenant_id, return_id, line, sale_line, product_id, name, unit_name, quantity, base_quantity,
                unit_price, total, tax, taxes, cost, disposition)
        SELECT r.tenant_id, r.id, n.line, n.sale_line, n.product_id, n.name, n.unit_name, n.quantity,
               n.base_quantity, n.unit_price, n.total, n.tax, n.taxes::jsonb, n.cost, n.disposition
          FROM sale_returns AS r
         CROSS JOIN unnest(%(sale_lines)s::integer[], %(products)s::uuid[], %(names)s::text[], %(units)s::text[],
                           %(quantities)s::numeric[], %(base_quantities)s::numeric[], %(prices)s::bigint[],
                           %(totals)s::bigint[], %(taxes)s::bigint[], %(parts)s::text[], %(costs)s::bigint[],
                           %(dispositions)s::text[])
               WITH ORDINALITY
               AS n(sale_line, product_id, name, unit_name, quantity, base_quantity, unit_price, total, tax, taxes,
                    cost, disposition, line)
         WHERE r.tenant_id = %(tenant_id)s AND r.id = %(id)s
        """,
        {
            "id": return_id,
            "sale_lines": [line.line for line in lines],
            "products": [line.product_id for line in lines],
            "names": [line.name for line in lines],
            "units": [line.unit_name for line in lines],
            "quantities": [line.quantity for line in lines],
            "base_quantities": [line.base_quantity for line in lines],
            "prices": [line.unit_price for line in lines],
            "totals": [line.total for line in lines],
            "taxes": [line.tax for line in lines],
            "parts": [json.dumps([_written(part) for part in line.taxes]) for line in lines],
            "costs": [line.cost for line in lines],
            "dispositions": [line.disposition for line in lines],
        },
    )


def _written(part: TaxPart) -> Mapping[str, object]:
    return {"name": part.name, "percent": f"{part.percent:f}", "amount": part.amount}


def _insert_refunds(uow: UnitOfWork, command: RecordReturn, plan: ReturnPlan) -> None:
    refunds = [refund for refund in plan.refund.refunds if refund.amount]
    if not refunds:
        return
    uow.execute(
        """
        INSERT INTO payments AS m
               (tenant_id, id, transaction_id, direction, party_id, return_id, refunds_id, drawer_id, bank_id,
                gift_card_id, method, currency, tendered, applied, change, applied_base)
        SELECT p.tenant_id, n.id, %(return_id)s::uuid, 'out', coalesce(p.party_id, o.party_id), %(return_id)s::uuid,
               p.id, CASE WHEN coalesce(o.method, p.method) = 'cash' THEN %(drawer_id)s::uuid END,
               coalesce(p.bank_id, o.bank_id), coalesce(p.gift_card_id, o.gift_card_id),
               coalesce(o.method, p.method), CASE WHEN o.method = 'bank' THEN o.currency ELSE p.currency END,
               n.amount, n.amount, 0, n.worth
          FROM unnest(%(ids)s::uuid[], %(payments)s::uuid[], %(amounts)s::bigint[], %(worths)s::bigint[])
               AS n(id, payment_id, amount, worth)
          JOIN payments AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.payment_id
          LEFT JOIN payments AS o ON o.tenant_id = %(tenant_id)s AND o.id = p.carried_from
        """,
        {
            "return_id": command.id,
            "drawer_id": command.drawer_id,
            "ids": [new_id() for _ in refunds],
            "payments": [refund.paid.payment_id for refund in refunds],
            "amounts": [refund.amount for refund in refunds],
            "worths": [refund.worth for refund in refunds],
        },
    )


def _settle(uow: UnitOfWork, return_id: uuid.UUID, plan: ReturnPlan) -> None:
    """Settle what is owed for the sale with what came back; a payment that settled it before becomes credit again."""
    amount = plan.refund.to_debt + plan.refund.to_account
    if not amount or plan.customer_id is None:
        return
    sale_id, currency = plan.sale.id, plan.sale.currency
    credit = open_items.new_item(return_id, "credit", currency, amount, uow.occurred_on)
    open_items.add_item(uow, plan.customer_id, credit)
    freed = open_items.free(uow, sale_id, plan.refund.to_account)
    _, charge = open_items.find_item(uow, sale_id)
    settled = min(amount, charge.open)
    again = [Share(share.credit_id, share.charge_id, share.amount, None, None) for share in freed]
    open_items.settle(uow, [_share(credit, charge, settled), *again])


def _share(credit: Item, charge: Item, amount: int) -> Share:
    return Share(credit.id, charge.id, amount, None, None)


def _block_cards(uow: UnitOfWork, plan: ReturnPlan) -> None:
    cards = [line.card_id for line in plan.lines if line.card_id]
    if cards:
        uow.execute(
            """
            UPDATE gift_cards SET blocked_at = now(), version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s) AND blocked_at IS NULL
            """,
            {"ids": cards},
        )
