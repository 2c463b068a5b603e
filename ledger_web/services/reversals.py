"""Undoing what was posted: the opposite of a transaction's entries and moves, for the preview and for the books."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.journal import AccountKey, Entry, deltas
from ledger_web.domain.numbers import round_half_up
from ledger_web.domain.sales import cost_entries
from ledger_web.services import open_items, stock
from ledger_web.services.open_items import Released
from ledger_web.services.posting import Act, account_id, net
from ledger_web.services.stock import Goods


@dataclass(frozen=True, slots=True)
class Reversal:
    """What undoing a transaction does: its entries turned round, its goods put back at the cost they left with."""

    transaction_id: uuid.UUID
    entries: tuple[Entry, ...]
    goods: tuple[Goods, ...]


@dataclass(frozen=True, slots=True)
class BalanceEffect:
    """What a reversal does to one cached balance, minor units, positive on its normal side."""

    kind: str
    holder: str
    currency: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class StockEffect:
    """What a reversal does to one stock level."""

    product: str
    quantity_before: object
    quantity_after: object
    value: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reversal will change, by the same code that does it."""

    transaction_id: uuid.UUID
    entries: tuple[Entry, ...]
    balances: list[BalanceEffect]
    stock: list[StockEffect]
    released: list[Released]  # what was settled and is open again afterwards


def preview(act: Act, transaction_id: uuid.UUID) -> Preview:
    """Say what reversing a transaction will change. Writes and locks nothing.

    Raises:
        NotFoundError: The shop has no such transaction.
    """
    reversal = load_reversal(act, transaction_id)
    return Preview(
        transaction_id,
        reversal.entries,
        balance_effects(act, reversal.entries),
        stock_effects(act, reversal.goods),
        open_items.settled_by(act, transaction_id),
    )


def load_reversal(act: Act, transaction_id: uuid.UUID) -> Reversal:
    """Read a transaction and turn it round. Whoever was merged since stands for nothing more: it is the other's now.

    Raises:
        NotFoundError: The shop has no such transaction.
    """
    rows = act.execute(
        """
        SELECT e.amount, e.currency,
               d.kind AS debit_kind, coalesce(o.merged_into, d.party_id) AS debit_party,
               d.drawer_id AS debit_drawer, d.code AS debit_code,
               c.kind AS credit_kind, coalesce(p.merged_into, c.party_id) AS credit_party,
               c.drawer_id AS credit_drawer, c.code AS credit_code
          FROM transactions AS t
          LEFT JOIN entries AS e ON e.tenant_id = %(tenant_id)s AND e.transaction_id = t.id
          LEFT JOIN accounts AS d ON d.tenant_id = %(tenant_id)s AND d.id = e.debit_account_id
          LEFT JOIN accounts AS c ON c.tenant_id = %(tenant_id)s AND c.id = e.credit_account_id
          LEFT JOIN parties AS o ON o.tenant_id = %(tenant_id)s AND o.id = d.party_id
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = c.party_id
         WHERE t.tenant_id = %(tenant_id)s AND t.id = %(transaction_id)s
         ORDER BY e.line
        """,
        {"transaction_id": transaction_id},
    ).all()
    if not rows:
        raise NotFoundError
    entries = tuple(
        Entry(
            debit=AccountKey(row.credit_kind, row.currency, row.credit_party, row.credit_drawer, row.credit_code),
            credit=AccountKey(row.debit_kind, row.currency, row.debit_party, row.debit_drawer, row.debit_code),
            amount=row.amount,
        )
        for row in rows
        if row.amount is not None
    )
    return Reversal(transaction_id, entries, _goods_of(act, transaction_id))


def put_back(
    act: Act, reversal: Reversal, currency: str, *, there: Mapping[uuid.UUID, Decimal] | None = None
) -> list[Entry]:
    """Put the goods back and return the entries to post: those of the reversal, and what stock could not keep.

    Where a product was oversold meanwhile, part of the cost belongs to the cost of sales for good. Goods that had come
    leave at the value they came with.

    Args:
        there: How many of each product were there before other goods took the place of those that leave: what is
            missing was sold, and leaves at what those others cost. None: all of them are there.
    """
    coming = [goods for goods in reversal.goods if goods.quantity > 0]
    going = [Goods(goods.product_id, -goods.quantity, -goods.value) for goods in reversal.goods if goods.quantity < 0]
    kept = stock.put(act, coming)
    left = _take_back(act, going, there)
    worth = {goods.product_id: goods.value for goods in reversal.goods if not goods.quantity}
    moved = [
        *(Goods(product_id, Decimal(0), value) for product_id, value in stock.revalue(act, worth).items()),
        *(Goods(goods.product_id, goods.quantity, kept[goods.product_id]) for goods in coming),
        *(Goods(goods.product_id, -goods.quantity, -left[goods.product_id]) for goods in going),
    ]
    if moved:
        stock.insert_moves(act, moved)
    expected = sum(goods.value for goods in reversal.goods)
    return [*reversal.entries, *cost_entries(currency, expected - sum(goods.value for goods in moved))]


def _take_back(act: Act, going: Sequence[Goods], there: Mapping[uuid.UUID, Decimal] | None) -> dict[uuid.UUID, int]:
    """Take goods out that had come; return the value that left with each product."""
    if there is None:
        return stock.give_back(act, going)
    whole, replaced = [], dict[uuid.UUID, Decimal]()
    for goods in going:
        found = min(max(there.get(goods.product_id, Decimal(0)), Decimal(0)), goods.quantity)
        if found:
            value = round_half_up(Fraction(goods.value) * Fraction(found) / Fraction(goods.quantity))
            whole.append(Goods(goods.product_id, found, value))
        if found < goods.quantity:
            replaced[goods.product_id] = goods.quantity - found
    left = stock.give_back(act, whole)
    for product_id, value in stock.take(act, replaced).items():
        left[product_id] = left.get(product_id, 0) + value
    return left


def balance_effects(act: Act, entries: Sequence[Entry]) -> list[BalanceEffect]:
    """Say what entries will do to the cached balances, from what is in them now. Locks nothing."""
    sums = {key: amounts for key, amounts in deltas(entries).items() if key.cached}
    keys = {account_id(act.tenant_id, key): key for key in sums}
    rows = act.execute(
        """
        SELECT a.id, a.kind, a.currency, a.balance, coalesce(p.name, d.name, a.code, '') AS holder
          FROM accounts AS a
          LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.party_id
          LEFT JOIN cash_drawers AS d ON d.tenant_id = %(tenant_id)s AND d.id = a.drawer_id
         WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s)
         ORDER BY a.kind, holder, a.currency
        """,
        {"ids": list(keys)},
    )
    return [
        BalanceEffect(
            row.kind, row.holder, row.currency, row.balance, row.balance + net(keys[row.id], sums[keys[row.id]])
        )
        for row in rows
    ]


def stock_effects(act: Act, goods: Sequence[Goods]) -> list[StockEffect]:
    """Say what putting goods back will do to stock, from what is there now. Locks nothing."""
    rows = act.execute(
        """
        SELECT p.id, p.name, s.quantity
          FROM products AS p
          JOIN stock_levels AS s ON s.tenant_id = %(tenant_id)s AND s.product_id = p.id
         WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s)
         ORDER BY p.name, p.id
        """,
        {"ids": [each.product_id for each in goods]},
    )
    coming = {each.product_id: each for each in goods}
    return [
        StockEffect(row.name, row.quantity, row.quantity + coming[row.id].quantity, coming[row.id].value)
        for row in rows
    ]


def _goods_of(act: Act, transaction_id: uuid.UUID) -> tuple[Goods, ...]:
    rows = act.execute(
        """
        SELECT m.product_id, -sum(m.quantity) AS quantity, -sum(m.value)::bigint AS value
          FROM stock_moves AS m
         WHERE m.tenant_id = %(tenant_id)s AND m.transaction_id = %(transaction_id)s
         GROUP BY m.product_id
         ORDER BY m.product_id
        """,
        {"transaction_id": transaction_id},
    )
    return tuple(Goods(row.product_id, row.quantity, row.value) for row in rows)
