"""Charges and credits of parties, and what settles what: moved by the services whose acts make them.

Whoever settles, releases or cancels holds the party first: two acts about one party take turns, so what is read
behind the lock decides. The CHECKs of the table say the same once more.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import ConflictError, InvariantBrokenError, NotFoundError, RuleViolationError
from ledger_web.domain.exchange import realised_entries
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry
from ledger_web.domain.languages import gettext
from ledger_web.domain.open_items import Item, Share, Side
from ledger_web.domain.transactions import title_of
from ledger_web.services.posting import Act

# Of a charge: not what came back of the very sale, which is no payment. What came back of another sale may be one.
_SETTLED_BY_PAYMENTS = """a.charge_id = ANY(%(ids)s) AND NOT EXISTS (
                SELECT FROM sale_returns AS k WHERE k.tenant_id = %(tenant_id)s AND k.id = a.credit_id
                   AND k.sale_id = a.charge_id)"""
_ITEM = "i.id, i.side, i.currency, i.amount, i.settled, i.base_amount, i.base_settled, i.due_on"


@dataclass(frozen=True, slots=True)
class Holder:
    """A party as its acts need it."""

    id: uuid.UUID
    kind: str  # also the kind of its accounts
    name: str
    base_currency: str  # of the shop


@dataclass(frozen=True, slots=True)
class Made:
    """An allocation that is in the books."""

    id: uuid.UUID
    party_kind: str
    base_currency: str
    share: Share
    made_in: uuid.UUID
    released_in: uuid.UUID | None

    @property
    def realised(self) -> int:
        return self.share.realised(self.party_kind)


@dataclass(frozen=True, slots=True)
class Released:
    """What undoing a transaction opens again: a document or a payment, by its title."""

    title: str
    amount: int  # minor units
    currency: str


def hold_party(act: Act, party_id: uuid.UUID, *, lock: bool = True) -> Holder:
    """Return a party that can be posted to, and hold it until the commit.

    Raises:
        NotFoundError: The shop has no such party.
        RuleViolationError: It is archived, or merged into another.
    """
    row = act.execute(
        f"""
        SELECT p.id, p.kind, p.name, p.archived_at, m.name AS merged_into, t.base_currency
          FROM parties AS p
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          LEFT JOIN parties AS m ON m.tenant_id = %(tenant_id)s AND m.id = p.merged_into
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
           {"FOR NO KEY UPDATE OF p" if lock else ""}
        """,
        {"id": party_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such customer, vendor, employee or member in this shop.")
    if row.merged_into is not None:
        raise RuleViolationError(
            gettext(
                "%(name)s was merged into %(merged_into)s. Use %(merged_into)s instead.",
                name=row.name,
                merged_into=row.merged_into,
            )
        )
    if row.archived_at is not None:
        raise RuleViolationError(gettext("%(name)s is archived. Take them out of the archive first.", name=row.name))
    return Holder(row.id, row.kind, row.name, row.base_currency)


def add_item(
    act: Act,
    party_id: uuid.UUID,
    item: Item,
    *,
    transaction_id: uuid.UUID | None = None,
) -> None:
    """Write down a charge or a credit that the act's transaction posts. Nothing of it is settled yet."""
    act.execute(
        """
        INSERT INTO open_items (tenant_id, id, transaction_id, party_id, side, currency, amount, base_amount, due_on)
        VALUES (%(tenant_id)s, %(id)s, %(transaction_id)s, %(party_id)s, %(side)s, %(currency)s, %(amount)s,
                %(base_amount)s, %(due_on)s)
        """,
        {
            "id": item.id,
            "transaction_id": transaction_id or act.transaction_id,
            "party_id": party_id,
            "side": item.side,
            "currency": item.currency,
            "amount": item.amount,
            "base_amount": item.base_amount,
            "due_on": item.due_on,
        },
    )


def new_item(
    id: uuid.UUID, side: Side, currency: str, amount: int, due_on: dt.date, base_amount: int | None = None
) -> Item:
    return Item(id, side, currency, amount, 0, base_amount, 0, due_on)


def find_open(
    act: Act, party_id: uuid.UUID, currency: str, side: Side, *, up_to: int | None = None,
    ids: Collection[uuid.UUID] | None = None,
) -> list[Item]:  # fmt: skip
    """Return open items of a party, oldest due first.

    Args:
        up_to: No more of them than this amount can settle.
        ids: Only these of them.
    """
    rows = act.execute(
        f"""
        SELECT {_ITEM}
          FROM (SELECT o.*, sum(o.amount - o.settled) OVER (ORDER BY o.due_on, o.id) - (o.amount - o.settled) AS before
                  FROM open_items AS o
                 WHERE o.tenant_id = %(tenant_id)s AND o.party_id = %(party_id)s AND o.currency = %(currency)s
                   AND o.side = %(side)s AND o.settled < o.amount AND o.cancelled_in IS NULL
                   AND (%(ids)s::uuid[] IS NULL OR o.id = ANY(%(ids)s::uuid[]))) AS i
         WHERE %(up_to)s::bigint IS NULL OR i.before < %(up_to)s::bigint
         ORDER BY i.due_on, i.id
        """,
        {
            "party_id": party_id,
            "currency": currency,
            "side": side,
            "up_to": up_to,
            "ids": None if ids is None else list(ids),
        },
    )
    return [_item(row) for row in rows]


def find_item(act: Act, item_id: uuid.UUID) -> tuple[uuid.UUID, Item]:
    """Return an item that was not cancelled, and whose it is.

    Raises:
        NotFoundError: The shop has no such item.
        RuleViolationError: What it stood for was undone.
    """
    row = act.execute(
        f"""
        SELECT i.party_id, i.cancelled_in, {_ITEM}
          FROM open_items AS i
         WHERE i.tenant_id = %(tenant_id)s AND i.id = %(id)s
        """,
        {"id": item_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such document in this shop to be settled.")
    if row.cancelled_in is not None:
        raise RuleViolationError("This was undone meanwhile. Nothing of it is left to be settled.")
    return row.party_id, _item(row)


def settle(act: Act, shares: Sequence[Share]) -> None:
    """Write allocations down and move what is settled of both sides, each item once. Only while the party is held."""
    if not shares:
        return
    act.execute(
        """
        INSERT INTO allocations AS a
               (tenant_id, id, credit_id, charge_id, amount, credit_base, charge_base, made_in)
        SELECT s.tenant_id, n.id, n.credit_id, n.charge_id, n.amount, n.credit_base, n.charge_base, %(made_in)s
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(credits)s::uuid[], %(charges)s::uuid[], %(amounts)s::bigint[],
                           %(credit_bases)s::bigint[], %(charge_bases)s::bigint[])
               AS n(id, credit_id, charge_id, amount, credit_base, charge_base)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {
            "made_in": act.transaction_id,
            "ids": [new_id() for _ in shares],
            "credits": [share.credit_id for share in shares],
            "charges": [share.charge_id for share in shares],
            "amounts": [share.amount for share in shares],
            "credit_bases": [share.credit_base for share in shares],
            "charge_bases": [share.charge_base for share in shares],
        },
    )
    _move(act, shares, sign=1)


def find_allocation(act: Act, allocation_id: uuid.UUID) -> Made:
    """Return an allocation.

    Raises:
        NotFoundError: The shop has no such allocation.
    """
    found = _find_made(act, "a.id = ANY(%(ids)s)", [allocation_id])
    if not found:
        raise NotFoundError("There is no such allocation in this shop.")
    return found[0]


def release(act: Act, allocations: Sequence[Made]) -> None:
    """Take allocations back, in the act's transaction. Only while the party is held.

    Raises:
        RuleViolationError: One of them was released already.
    """
    if not allocations:
        return
    done = act.execute(
        """
        UPDATE allocations SET released_in = %(released_in)s
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s) AND released_in IS NULL
        """,
        {"released_in": act.transaction_id, "ids": [each.id for each in allocations]},
    )
    if done.rowcount != len(allocations):
        raise RuleViolationError("This was released already. Nothing more is needed.")
    _move(act, [each.share for each in allocations], sign=-1)


def cancel(act: Act, transaction_id: uuid.UUID) -> list[Entry]:
    """Take the items of a transaction that is undone out of the open ones, and release what they settled.

    Returns:
        What is to be posted beside the reversal, so that no gain or loss is left of what was settled: the reversal
        itself takes back only what its own transaction posted.
    """
    items = act.execute(
        """
        SELECT id, party_id FROM open_items
         WHERE tenant_id = %(tenant_id)s AND transaction_id = %(transaction_id)s AND cancelled_in IS NULL
        """,
        {"transaction_id": transaction_id},
    ).all()
    if not items:
        return []
    ids = [row.id for row in items]
    hold_parties(act, {row.party_id for row in items})
    made = _find_made(act, "a.credit_id = ANY(%(ids)s) OR a.charge_id = ANY(%(ids)s)", ids)
    release(act, [each for each in made if each.released_in is None])
    act.execute(
        """
        UPDATE open_items SET cancelled_in = %(cancelled_in)s
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
        """,
        {"cancelled_in": act.transaction_id, "ids": ids},
    )
    return _what_is_left_of(made, transaction_id)


def free(act: Act, charge_id: uuid.UUID, amount: int) -> list[Share]:
    """Release what payments settle of a charge, the newest first, until so much of it is open again. Only while the
    party is held.

    Returns:
        What is to settle it once more: of the last one that was released, only a part had to go.
    """
    made = [each for each in _find_made(act, _SETTLED_BY_PAYMENTS, [charge_id]) if each.released_in is None]
    released: list[Made] = []
    while amount > 0 and made:
        released.append(made.pop())
        amount -= released[-1].share.amount
    if amount > 0:
        raise InvariantBrokenError("More is to be released than payments settled. Nothing was saved.")
    release(act, released)
    if not amount:
        return []
    last = released[-1].share
    return [Share(last.credit_id, last.charge_id, -amount, None, None)]


def settled_by(act: Act, transaction_id: uuid.UUID) -> list[Released]:
    """Say what a transaction settles, or is settled by, as it stands. Locks nothing."""
    rows = act.execute(
        """
        SELECT t.kind, coalesce(s.number, p.number, '') AS number, a.amount, o.currency
          FROM open_items AS i
          JOIN allocations AS a
            ON a.tenant_id = %(tenant_id)s AND i.id IN (a.credit_id, a.charge_id) AND a.released_in IS NULL
          JOIN open_items AS o
            ON o.tenant_id = %(tenant_id)s AND o.id IN (a.credit_id, a.charge_id) AND o.id <> i.id
          JOIN transactions AS t ON t.tenant_id = %(tenant_id)s AND t.id = o.transaction_id
          LEFT JOIN sales AS s ON s.tenant_id = %(tenant_id)s AND s.id = o.transaction_id
          LEFT JOIN purchases AS p ON p.tenant_id = %(tenant_id)s AND p.id = o.transaction_id
         WHERE i.tenant_id = %(tenant_id)s AND i.transaction_id = %(transaction_id)s AND i.cancelled_in IS NULL
         ORDER BY o.due_on, o.id
        """,
        {"transaction_id": transaction_id},
    )
    return [Released(title_of(row.kind, row.kind, row.number), row.amount, row.currency) for row in rows]


def hold_parties(act: Act, ids: Collection[uuid.UUID]) -> int:
    """Lock parties in id order, so that two acts on them cannot wait for each other; say how many are there."""
    rows = act.execute(
        """
        SELECT id FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"ids": list(ids)},
    ).all()
    return len(rows)


def must_not_be_merged(act: Act, party_id: uuid.UUID) -> None:
    """Look once more at a party that is held by now.

    Raises:
        ConflictError: While we waited for them, they were merged into another. Once more, and it is the other.
    """
    merged = act.execute(
        "SELECT name FROM parties WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND merged_into IS NOT NULL",
        {"id": party_id},
    ).scalar()
    if merged is not None:
        raise ConflictError(gettext("%(name)s was merged into another just now. Try once more.", name=merged))


def _what_is_left_of(made: Sequence[Made], transaction_id: uuid.UUID) -> list[Entry]:
    """Post the opposite of what is realised now, but for what the reversal of the transaction takes back itself."""
    left = sum(
        (each.realised if each.made_in == transaction_id else 0) - (each.realised if each.released_in is None else 0)
        for each in made
    )
    return realised_entries(made[0].base_currency, left) if made else []


def _item(row: Row[Any]) -> Item:
    return Item(row.id, row.side, row.currency, row.amount, row.settled, row.base_amount, row.base_settled, row.due_on)


def _find_made(act: Act, condition: str, ids: Sequence[uuid.UUID]) -> list[Made]:
    rows = act.execute(
        f"""
        SELECT a.id, p.kind, t.base_currency, a.credit_id, a.charge_id, a.amount, a.credit_base, a.charge_base,
               a.made_in, a.released_in
          FROM allocations AS a
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          JOIN open_items AS i ON i.tenant_id = %(tenant_id)s AND i.id = a.credit_id
          JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = i.party_id
         WHERE a.tenant_id = %(tenant_id)s AND ({condition})
         ORDER BY a.id
        """,
        {"ids": list(ids)},
    )
    return [
        Made(
            row.id,
            row.kind,
            row.base_currency,
            Share(row.credit_id, row.charge_id, row.amount, row.credit_base, row.charge_base),
            row.made_in,
            row.released_in,
        )
        for row in rows
    ]


def _move(act: Act, shares: Sequence[Share], *, sign: int) -> None:
    """Move what is settled of each item by the sum of its shares, relatively: the database adds."""
    sums: dict[uuid.UUID, tuple[int, int]] = {}
    for share in shares:
        for id, base in ((share.credit_id, share.credit_base), (share.charge_id, share.charge_base)):
            amount, base_amount = sums.get(id, (0, 0))
            sums[id] = (amount + sign * share.amount, base_amount + sign * (base or 0))
    done = act.execute(
        """
        UPDATE open_items AS i
           SET settled = i.settled + n.amount, base_settled = i.base_settled + n.base_amount
          FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[], %(bases)s::bigint[]) AS n(id, amount, base_amount)
         WHERE i.tenant_id = %(tenant_id)s AND i.id = n.id AND i.cancelled_in IS NULL
        """,
        {
            "ids": list(sums),
            "amounts": [amount for amount, _ in sums.values()],
            "bases": [base for _, base in sums.values()],
        },
    )
    if done.rowcount != len(sums):
        raise InvariantBrokenError("An allocation named a document that is not there. Nothing was saved.")
