"""Whose document is to blame: of all that should have moved a wrong row, the one that disagrees with its entries."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ledger_web.services import cached_balances
from ledger_web.services.cached_balances import ACCOUNTS, DAILY_TOTALS, OPEN_ITEMS, STOCK, Source, Wrong
from ledger_web.services.document_checks import DOCUMENTS
from ledger_web.services.posting import Act

COUNTS: Final = frozenset({"version", "entries", "days", "headers", "documents", "reversals", "accounts"})
DOCUMENTS_MAX: Final = 20_000  # looked through in one step, the newest first

# Rows (id, transaction_id): what moved a row by its entries, and what should have by its documents.
_OF_ACCOUNTS: Final = """
    SELECT e.debit_account_id AS id, e.transaction_id FROM entries AS e
     WHERE e.tenant_id = %(tenant_id)s AND e.debit_account_id = ANY(%(ids)s::uuid[])
     UNION
    SELECT e.credit_account_id, e.transaction_id FROM entries AS e
     WHERE e.tenant_id = %(tenant_id)s AND e.credit_account_id = ANY(%(ids)s::uuid[])
     UNION
    SELECT a.id, i.transaction_id
      FROM accounts AS a
      JOIN open_items AS i ON i.tenant_id = %(tenant_id)s AND i.party_id = a.party_id AND i.currency = a.currency
     WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s::uuid[]) AND a.party_id IS NOT NULL
     UNION
    SELECT a.id, p.transaction_id
      FROM accounts AS a
      JOIN payments AS p ON p.tenant_id = %(tenant_id)s AND p.drawer_id = a.drawer_id AND p.currency = a.currency
     WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s::uuid[]) AND a.drawer_id IS NOT NULL
     UNION
    SELECT a.id, p.transaction_id
      FROM accounts AS a
      JOIN bank_accounts AS k ON k.tenant_id = %(tenant_id)s AND k.code = a.code
      JOIN payments AS p ON p.tenant_id = %(tenant_id)s AND p.bank_id = k.id
     WHERE a.tenant_id = %(tenant_id)s AND a.id = ANY(%(ids)s::uuid[]) AND a.kind = 'bank'
"""
_OF_GOODS: Final = """
    SELECT m.product_id AS id, m.transaction_id FROM stock_moves AS m
     WHERE m.tenant_id = %(tenant_id)s AND m.product_id = ANY(%(ids)s::uuid[])
     UNION
    SELECT l.product_id, l.sale_id FROM sale_lines AS l
     WHERE l.tenant_id = %(tenant_id)s AND l.product_id = ANY(%(ids)s::uuid[])
     UNION
    SELECT l.product_id, l.purchase_id FROM purchase_lines AS l
     WHERE l.tenant_id = %(tenant_id)s AND l.product_id = ANY(%(ids)s::uuid[])
"""
_OF_ITEMS: Final = """
    SELECT i.id, i.transaction_id FROM open_items AS i
     WHERE i.tenant_id = %(tenant_id)s AND i.id = ANY(%(ids)s::uuid[])
"""


def find_suspects(act: Act, source: Source, wrong: Sequence[Wrong]) -> dict[uuid.UUID, uuid.UUID]:
    """Name for each wrong row the newest transaction of its own that is off by as much as the row is.

    An open item stands for its own document. Next comes one whose amounts are right and whose entries stand where they
    do not belong. Where there is none of either, none is suspected: the figure may have been written over.
    """
    movers = _movers_of(source)
    if not wrong or not movers:
        return {}
    rows = act.execute(
        f"SELECT m.id, m.transaction_id FROM ({movers}) AS m ORDER BY m.transaction_id DESC LIMIT %(limit)s",  # nosec B608
        {"ids": [each.id for each in wrong], "limit": DOCUMENTS_MAX},
    ).all()
    if source is OPEN_ITEMS:
        return {row.id: row.transaction_id for row in rows}
    guilty = {
        each.id: _differences(each)
        for each in cached_balances.look_at(act, DOCUMENTS, list({row.transaction_id for row in rows}))
    }
    gaps = {each.id: _differences(each) for each in wrong}
    suspects: dict[uuid.UUID, uuid.UUID] = {}
    for row in rows:
        if gaps[row.id] & guilty.get(row.transaction_id, set()):
            suspects.setdefault(row.id, row.transaction_id)
    for row in rows:
        if gaps[row.id] and guilty.get(row.transaction_id) == set():
            suspects.setdefault(row.id, row.transaction_id)
    return suspects


def _differences(wrong: Wrong) -> set[Decimal]:
    """How far the amounts of a row are off, whichever way; counts of entries say too little."""
    return {
        abs(computed - cached)
        for figure, cached, computed in zip(wrong.figures, wrong.cached, wrong.computed, strict=True)
        if figure.partition(" ")[0] not in COUNTS and computed != cached
    }


def _movers_of(source: Source) -> str:
    if source in (ACCOUNTS, DAILY_TOTALS):
        return _OF_ACCOUNTS
    if source is STOCK:
        return _OF_GOODS
    return _OF_ITEMS if source is OPEN_ITEMS else ""
