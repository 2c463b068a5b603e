"""Looking into the books by plain SQL, apart from the code under test."""

import uuid
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.journal import AccountKey
from ledger_web.models.base import session_of
from ledger_web.services import cached_balances
from ledger_web.services.document_checks import DOCUMENTS
from ledger_web.services.posting import account_id
from tests.shops import Shop

_BALANCES = text("""
    SELECT a.kind, coalesce(p.name, d.name, a.code, '') AS holder, a.currency,
           coalesce(sum(CASE WHEN e.debit_account_id = a.id THEN e.amount ELSE -e.amount END), 0)
               * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS balance
      FROM accounts AS a
      LEFT JOIN parties AS p ON p.tenant_id = :tenant_id AND p.id = a.party_id
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = a.drawer_id
      LEFT JOIN entries AS e ON e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
     WHERE a.tenant_id = :tenant_id
     GROUP BY a.id, a.kind, holder, a.currency, a.normal_side
""")

_DRIFT = text("""
    SELECT count(*)
      FROM accounts AS a
      LEFT JOIN LATERAL (
            SELECT coalesce(sum(e.amount) FILTER (WHERE e.debit_account_id = a.id), 0) AS debits,
                   coalesce(sum(e.amount) FILTER (WHERE e.credit_account_id = a.id), 0) AS credits, count(*) AS entries
              FROM entries AS e
             WHERE e.tenant_id = :tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)) AS b ON true
     WHERE a.tenant_id = :tenant_id
       AND a.cached
       AND (a.debits, a.credits, a.version) IS DISTINCT FROM (b.debits, b.credits, b.entries)
""")

_STOCK_DRIFT = text("""
    SELECT count(*)
      FROM stock_levels AS s
      LEFT JOIN LATERAL (
            SELECT coalesce(sum(m.quantity), 0) AS quantity, coalesce(sum(m.value), 0) AS value
              FROM stock_moves AS m
             WHERE m.tenant_id = :tenant_id AND m.product_id = s.product_id) AS b ON true
     WHERE s.tenant_id = :tenant_id AND (s.quantity, s.value) IS DISTINCT FROM (b.quantity, b.value)
""")

_ALLOCATION_DRIFT = text("""
    SELECT count(*)
      FROM open_items AS i
      LEFT JOIN LATERAL (
            SELECT coalesce(sum(a.amount), 0) AS settled,
                   coalesce(sum(CASE WHEN a.credit_id = i.id THEN a.credit_base ELSE a.charge_base END), 0) AS base
              FROM allocations AS a
             WHERE a.tenant_id = :tenant_id AND i.id IN (a.credit_id, a.charge_id)
               AND a.released_in IS NULL) AS b ON true
     WHERE i.tenant_id = :tenant_id AND (i.settled, i.base_settled) IS DISTINCT FROM (b.settled, b.base)
""")

_INVENTORY = text("""
    SELECT coalesce((SELECT sum(value) FROM stock_levels WHERE tenant_id = :tenant_id), 0)
         - coalesce((SELECT sum(CASE WHEN d.kind = 'inventory' THEN e.amount ELSE -e.amount END)
                       FROM entries AS e
                       JOIN accounts AS d ON d.tenant_id = :tenant_id AND d.id = e.debit_account_id
                       JOIN accounts AS c ON c.tenant_id = :tenant_id AND c.id = e.credit_account_id
                      WHERE e.tenant_id = :tenant_id AND 'inventory' IN (d.kind, c.kind)), 0)
""")


_NAME = "{0}.kind || coalesce(':' || coalesce({0}p.name, {0}d.name, {0}b.name, {0}.code), '')"
_WRITTEN = text(f"""
    SELECT {_NAME.format("d")}, {_NAME.format("c")}, e.currency, e.amount
      FROM entries AS e
      JOIN accounts AS d ON d.tenant_id = :tenant_id AND d.id = e.debit_account_id
      LEFT JOIN parties AS dp ON dp.tenant_id = :tenant_id AND dp.id = d.party_id
      LEFT JOIN cash_drawers AS dd ON dd.tenant_id = :tenant_id AND dd.id = d.drawer_id
      LEFT JOIN bank_accounts AS db ON db.tenant_id = :tenant_id AND db.code = d.code
      JOIN accounts AS c ON c.tenant_id = :tenant_id AND c.id = e.credit_account_id
      LEFT JOIN parties AS cp ON cp.tenant_id = :tenant_id AND cp.id = c.party_id
      LEFT JOIN cash_drawers AS cd ON cd.tenant_id = :tenant_id AND cd.id = c.drawer_id
      LEFT JOIN bank_accounts AS cb ON cb.tenant_id = :tenant_id AND cb.code = c.code
     WHERE e.tenant_id = :tenant_id AND e.transaction_id = :id
     ORDER BY e.line
""")


def balances(shop: Shop) -> dict[tuple[str, str], int]:
    """Return what the entries come to, per (kind, holder), on the account's normal side, without the settled ones."""
    rows = session_of(shop.tenant_id).execute(_BALANCES, {"tenant_id": shop.tenant_id})
    return {(row.kind, row.holder): int(row.balance) for row in rows if row.balance}


def cached_balance(shop: Shop, key: AccountKey) -> int:
    """Return the cached balance of an account; 0 where none was opened."""
    found = session_of(shop.tenant_id).execute(
        text("SELECT balance FROM accounts WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": shop.tenant_id, "id": account_id(shop.tenant_id, key)},
    )
    return found.scalar_one_or_none() or 0


def stock_of(shop: Shop, product_id: uuid.UUID) -> tuple[Decimal | int, int]:
    """Return (quantity, value) on hand."""
    found = session_of(shop.tenant_id).execute(
        text("SELECT quantity, value FROM stock_levels WHERE tenant_id = :tenant_id AND product_id = :id"),
        {"tenant_id": shop.tenant_id, "id": product_id},
    )
    row = found.one()
    return row.quantity, row.value


def count(shop: Shop, table: str) -> int:
    """Count the shop's rows of a table."""
    found = session_of(shop.tenant_id).execute(
        text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant_id"),
        {"tenant_id": shop.tenant_id},
    )
    return int(found.scalar_one())


def written(shop: Shop, transaction_id: uuid.UUID) -> list[tuple[str, str, str, int]]:
    """Return the entries of a transaction as an accountant reads them: (debit, credit, currency, amount)."""
    rows = session_of(shop.tenant_id).execute(_WRITTEN, {"tenant_id": shop.tenant_id, "id": transaction_id})
    return [tuple(row) for row in rows]


def assert_the_books_agree(shop: Shop) -> None:
    """Every cached figure equals what explains it, the stock what the inventory account says, and every document."""
    assert_the_balances_agree(shop)
    assert_documents_agree(shop)


def assert_the_balances_agree(shop: Shop) -> None:
    """The same without documents, for tests that post what no service would."""
    session, values = session_of(shop.tenant_id), {"tenant_id": shop.tenant_id}
    session.rollback()
    assert session.execute(_DRIFT, values).scalar_one() == 0
    assert session.execute(_STOCK_DRIFT, values).scalar_one() == 0
    assert session.execute(_ALLOCATION_DRIFT, values).scalar_one() == 0
    assert session.execute(_INVENTORY, values).scalar_one() == 0


def assert_documents_agree(shop: Shop) -> None:
    """Every document is what its entries say, and every transaction has the document it needs (L6)."""
    with shop.act() as uow:
        wrong = cached_balances.look_at_batch(uow, DOCUMENTS, (), None, 100_000).wrong
    told = [(each.holder, each.figures, each.cached, each.computed) for each in wrong]
    assert not told, told
