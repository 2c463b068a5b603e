"""Customers, vendors, employees and members with what is owed, one way or the other."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.languages import gettext
from ledger_web.domain.search_words import ranges
from ledger_web.models.base import session_of
from ledger_web.queries.search import bounds, every_word

ROWS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class PartyBalance:
    """One currency of a party. Minor units, positive on the normal side; `credit_limit` None: no limit."""

    account_id: uuid.UUID | None  # None: never used
    currency: str
    balance: int
    credit_limit: int | None

    @property
    def credit_left(self) -> int | None:
        """What may still be added to the debt, never below zero."""
        return None if self.credit_limit is None else max(self.credit_limit - self.balance, 0)


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A party in a list, with its balance in its own currency first and then every other that is not zero."""

    id: uuid.UUID
    name: str
    phone: str
    is_archived: bool
    balances: tuple[PartyBalance, ...]


@dataclass(frozen=True, slots=True)
class PartyPage:
    """A page of a list in the order of names."""

    rows: tuple[PartyRow, ...]
    before: uuid.UUID | None  # the page before ends before this party
    after: uuid.UUID | None  # the page behind begins after this party


@dataclass(frozen=True, slots=True)
class PartyDetails:
    """All that is known of a party."""

    id: uuid.UUID
    kind: str
    name: str
    phone: str
    note: str
    currency: str
    version: int
    created_at: dt.datetime
    archived_at: dt.datetime | None
    merged_into: uuid.UUID | None
    expires_on: dt.date | None  # of a membership
    balances: tuple[PartyBalance, ...]  # its own currency first

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_settled(self) -> bool:
        return not any(each.balance for each in self.balances)

    @property
    def own(self) -> PartyBalance:
        """The balance in the party's own currency."""
        return self.balances[0]

    def in_currency(self, currency: str) -> PartyBalance:
        """Return the balance in a currency; zero where there is none."""
        found = next((each for each in self.balances if each.currency == currency), None)
        return found or PartyBalance(None, currency, 0, None)


# Balances change with every sale and have no index: an index on them would make each change of one a change of the
# index, too. The walk goes along the names and looks at each party's accounts; a page is full after few of them.
_OWED: Final = """
           AND {exists} (SELECT 1 FROM accounts AS a
                          WHERE a.tenant_id = :tenant_id AND a.party_id = p.id AND a.kind = :kind
                            AND a.balance {sign} 0)
"""
STANDINGS: Final = ("", "owes_us", "we_owe", "settled", "archived")


def list_parties(
    tenant_id: int,
    kind: str,
    *,
    search: str = "",
    standing: str = "",
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    rows_max: int = ROWS_MAX,
) -> PartyPage:
    """Return a page of the parties of a kind in the order of their names.

    Args:
        search: Words of the name or phone, each perhaps only begun.
        standing: One of STANDINGS; "" is everybody who is not archived.
        after, before: A party of the list; the page behind it, or the page before it.
    """
    place = _place(tenant_id, kind, after or before)
    backwards = place is not None and after is None
    typed = ranges(search)
    if search.strip() and not typed:
        return PartyPage((), None, None)  # only signs, no letter or digit: nothing is found by them
    order = "DESC" if backwards else "ASC"
    sql = f"""
        SELECT p.id, p.name, p.phone, p.currency, p.archived_at IS NOT NULL AS is_archived
          FROM parties AS p
         WHERE p.tenant_id = :tenant_id
           AND p.kind = :kind
           {_stands(kind, standing)}
           {"AND " + every_word("party_words", "party_id", "p.id", len(typed)) if typed else ""}
           {f"AND (p.name_key, p.id) {'<' if backwards else '>'} (:name_key, :id)" if place else ""}
         ORDER BY p.name_key {order}, p.id {order}
         LIMIT :rows
    """
    values: dict[str, object] = {"tenant_id": tenant_id, "kind": kind, "rows": rows_max + 1, **bounds(typed)}
    if place:
        values |= {"name_key": place[0], "id": place[1]}
    found = session_of(tenant_id).execute(text(sql), values).all()
    shown = found[:rows_max]
    if backwards:
        shown = shown[::-1]
    has_more = len(found) > rows_max
    has_before, has_behind = (has_more, True) if backwards else (place is not None, has_more)
    return PartyPage(
        rows=_with_balances(tenant_id, kind, shown),
        before=shown[0].id if has_before and shown else None,
        after=shown[-1].id if has_behind and shown else None,
    )


def get_party(tenant_id: int, party_id: uuid.UUID, kind: str | None = None) -> PartyDetails:
    """Return a party; of one kind if it is said.

    Raises:
        NotFoundError: The shop has no such party.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                """
                SELECT p.id, p.kind, p.name, p.phone, p.note, p.currency, p.version, p.created_at, p.archived_at,
                       p.merged_into, p.expires_on
                  FROM parties AS p
                 WHERE p.tenant_id = :tenant_id
                   AND p.id = :id
                   AND p.kind = coalesce(CAST(:kind AS text), p.kind)
                """
            ),
            {"tenant_id": tenant_id, "id": party_id, "kind": kind},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError(
            gettext("There is no such %(kind)s in this shop.", kind=kind or "customer, vendor, employee or member")
        )
    balances = _balances_of(tenant_id, row.kind, [row.id]).get(row.id, [])
    return PartyDetails(*[*row, _own_first(row.currency, balances)])


def _stands(kind: str, standing: str) -> str:
    """Write the condition of a standing; it is about any currency of the party."""
    if standing == "archived":
        return "AND p.archived_at IS NOT NULL"
    in_use = "AND p.archived_at IS NULL"
    if standing == "settled":
        return in_use + _OWED.format(exists="NOT EXISTS", sign="<>")
    if standing:
        above = (standing == "owes_us") == (NORMAL_SIDE[kind] == "debit")
        return in_use + _OWED.format(exists="EXISTS", sign=">" if above else "<")
    return in_use


def _place(tenant_id: int, kind: str, party_id: uuid.UUID | None) -> tuple[str, uuid.UUID] | None:
    """Return where a party stands in the order of names; None where there is no such party: then it is page one."""
    if party_id is None:
        return None
    row = (
        session_of(tenant_id)
        .execute(
            text("SELECT name_key, id FROM parties WHERE tenant_id = :tenant_id AND id = :id AND kind = :kind"),
            {"tenant_id": tenant_id, "id": party_id, "kind": kind},
        )
        .one_or_none()
    )
    return (row.name_key, row.id) if row else None


def _with_balances(tenant_id: int, kind: str, rows: Sequence[Row[Any]]) -> tuple[PartyRow, ...]:
    balances = _balances_of(tenant_id, kind, [row.id for row in rows])
    return tuple(
        PartyRow(row.id, row.name, row.phone, row.is_archived, _own_first(row.currency, balances.get(row.id, [])))
        for row in rows
    )


def _balances_of(tenant_id: int, kind: str, party_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[PartyBalance]]:
    """Return the balances of some parties, all in one statement."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT a.party_id, a.id, a.currency, a.balance, a.ceiling
              FROM accounts AS a
             WHERE a.tenant_id = :tenant_id
               AND a.party_id = ANY(:party_ids)
               AND a.kind = :kind
             ORDER BY a.currency
            """
        ),
        {"tenant_id": tenant_id, "kind": kind, "party_ids": party_ids},
    )
    balances: dict[uuid.UUID, list[PartyBalance]] = {}
    for row in rows:
        balances.setdefault(row.party_id, []).append(PartyBalance(row.id, row.currency, row.balance, row.ceiling))
    return balances


def _own_first(currency: str, balances: Sequence[PartyBalance]) -> tuple[PartyBalance, ...]:
    own = next((each for each in balances if each.currency == currency), PartyBalance(None, currency, 0, None))
    return (own, *(each for each in balances if each.currency != currency))
