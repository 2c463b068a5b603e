"""Returns as pages ask for them: one of them, those of a sale, and the reasons to choose from."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.returns import DISPOSITIONS, way_name
from ledger_web.domain.search_words import ranges
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within
from ledger_web.queries.search import bounds, every_word


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A reason for which sales are undone."""

    id: uuid.UUID
    code: str | None
    name: str
    restocks: bool
    needs_approval: bool
    version: int
    is_archived: bool
    used: int  # how often


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return in a list."""

    id: uuid.UUID
    number: str
    returned_at: dt.datetime
    currency: str
    total: int
    cashier: str
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class ReturnLineRow:
    """Some of one product that came back."""

    line: int
    product_id: uuid.UUID
    name: str
    unit_name: str
    quantity: Decimal
    unit_price: int
    total: int
    tax: int
    cost: int
    disposition: str

    @property
    def becomes(self) -> str:
        return DISPOSITIONS[self.disposition]


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money that went back."""

    method: str
    holder: str
    currency: str
    amount: int

    @property
    def name(self) -> str:
        return way_name(self.method, self.holder)


@dataclass(frozen=True, slots=True)
class ReturnDetails:
    """A return with all that its page and its slip show. Amounts are minor units of `currency`."""

    id: uuid.UUID
    number: str
    sale_id: uuid.UUID | None
    sale_number: str
    returned_at: dt.datetime
    drawer: str
    customer: str
    cashier: str
    approver: str
    currency: str
    total: int
    tax_total: int
    cost_total: int
    to_debt: int
    to_account: int
    to_credit: int
    to_exchange: int
    exchanged_for: uuid.UUID | None
    exchanged_number: str
    reason: str
    note: str
    lines: Sequence[ReturnLineRow]
    refunds: Sequence[RefundRow]


_RETURN = """
    SELECT r.id, r.number, r.sale_id, coalesce(s.number, '') AS sale_number, r.returned_at, d.name AS drawer,
           coalesce(k.name, '') AS customer, coalesce(u.name, '') AS cashier, coalesce(x.name, '') AS approver,
           r.currency, r.total, r.tax_total, r.cost_total, r.to_debt, r.to_account, r.to_credit, r.to_exchange,
           r.exchanged_for, coalesce(n.number, '') AS exchanged_number, e.name AS reason, r.note
      FROM sale_returns AS r
      JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = r.drawer_id
      JOIN return_reasons AS e ON e.tenant_id = :tenant_id AND e.id = r.reason_id
      LEFT JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = r.sale_id
      LEFT JOIN sales AS n ON n.tenant_id = :tenant_id AND n.id = r.exchanged_for
      LEFT JOIN parties AS k ON k.tenant_id = :tenant_id AND k.id = r.customer_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = r.cashier_id
      LEFT JOIN users AS x ON x.tenant_id = :tenant_id AND x.id = r.approved_by
     WHERE r.tenant_id = :tenant_id AND r.id = :id
"""

_LINES = text("""
    SELECT line, product_id, name, unit_name, quantity, unit_price, total, tax, cost, disposition
      FROM sale_return_lines
     WHERE tenant_id = :tenant_id AND return_id = :id
     ORDER BY line
""")

_REFUNDS = text("""
    SELECT p.method, coalesce(b.name, d.name, '') AS holder, p.currency, p.applied AS amount
      FROM payments AS p
      LEFT JOIN bank_accounts AS b ON b.tenant_id = :tenant_id AND b.id = p.bank_id
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = p.drawer_id
     WHERE p.tenant_id = :tenant_id AND p.return_id = :id
     ORDER BY p.id
""")

_OF_SALE = """
    SELECT r.id, r.number, r.returned_at, r.currency, r.total, coalesce(u.name, '') AS cashier, e.name AS reason, r.note
      FROM sale_returns AS r
      JOIN return_reasons AS e ON e.tenant_id = :tenant_id AND e.id = r.reason_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = r.cashier_id
     WHERE r.tenant_id = :tenant_id AND r.sale_id = :sale_id {seen}
     ORDER BY r.id
"""

_REASONS = text("""
    SELECT e.id, e.code, e.name, e.restocks, e.needs_approval, e.version, e.archived_at IS NOT NULL AS is_archived,
           (SELECT count(*) FROM sale_returns AS r WHERE r.tenant_id = :tenant_id AND r.reason_id = e.id)
         + (SELECT count(*) FROM sales AS s WHERE s.tenant_id = :tenant_id AND s.reason_id = e.id) AS used
      FROM return_reasons AS e
     WHERE e.tenant_id = :tenant_id AND (:archived OR e.archived_at IS NULL)
     ORDER BY e.archived_at IS NOT NULL, e.position, e.name
""")


def get_return(tenant_id: int, return_id: uuid.UUID) -> ReturnDetails:
    """Return a return with its lines and what was paid back.

    Raises:
        NotFoundError: The shop has no such return.
    """
    session, values = session_of(tenant_id), {"tenant_id": tenant_id, "id": return_id}
    seen = within(person="r.cashier_id", drawer="r.drawer_id")
    found = session.execute(text(_RETURN + seen), values | reach()).one_or_none()
    if found is None:
        raise NotFoundError("There is no such return in this shop.")
    return ReturnDetails(
        **found._mapping,
        lines=tuple(ReturnLineRow(**row._mapping) for row in session.execute(_LINES, values)),
        refunds=tuple(RefundRow(**row._mapping) for row in session.execute(_REFUNDS, values)),
    )


def list_returns_of(tenant_id: int, sale_id: uuid.UUID) -> list[ReturnRow]:
    """Return what came back of a sale, in order."""
    seen = within(person="r.cashier_id", drawer="r.drawer_id")
    rows = session_of(tenant_id).execute(
        text(_OF_SALE.format(seen=seen)), {"tenant_id": tenant_id, "sale_id": sale_id, **reach()}
    )
    return [ReturnRow(**row._mapping) for row in rows]


def list_reasons(tenant_id: int, *, archived: bool = False) -> list[ReasonRow]:
    """Return the reasons of the shop in their order, those no longer in use last."""
    rows = session_of(tenant_id).execute(_REASONS, {"tenant_id": tenant_id, "archived": archived})
    return [ReasonRow(**row._mapping) for row in rows]


def find_customers(tenant_id: int, words: str) -> list[tuple[uuid.UUID, str]]:
    """Return customers in use by words of their names, three at most; first the one who is called just so."""
    typed = ranges(words)
    if not typed:
        return []
    rows = session_of(tenant_id).execute(
        text(
            f"""
            SELECT p.id, p.name FROM parties AS p
             WHERE p.tenant_id = :tenant_id AND p.kind = 'customer' AND p.archived_at IS NULL
               AND {every_word("party_words", "party_id", "p.id", len(typed))}
             ORDER BY p.name <> :name, p.name, p.id
             LIMIT 3
            """
        ),
        {"tenant_id": tenant_id, "name": words.strip(), **bounds(typed)},
    )
    found = [(row.id, row.name) for row in rows]
    exact = [each for each in found if each[1] == words.strip()]
    return exact if len(exact) == 1 else found
