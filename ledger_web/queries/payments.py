"""Payments as they are shown on their receipt."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.exchange import Rate
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """A payment of a party. Amounts are minor units; `balance_after` is what the party's account held after it."""

    id: uuid.UUID
    direction: str
    currency: str
    tendered: int
    applied: int
    change: int
    memo: str
    occurred_on: dt.date
    posted_at: dt.datetime
    actor: str
    place: str  # the drawer or the bank account
    party_id: uuid.UUID
    party: str
    party_kind: str
    account_id: uuid.UUID
    settled_currency: str  # of the party's account
    settled_amount: int
    rate: Decimal | None  # None: paid in the currency of the debt
    rate_unit: str | None
    is_reversed: bool

    @property
    def exchange_rate(self) -> Rate | None:
        """The rate it was settled at, frozen."""
        if self.rate is None or self.rate_unit is None:
            return None
        return Rate(
            self.rate_unit, self.settled_currency if self.rate_unit == self.currency else self.currency, self.rate
        )

    @property
    def reference(self) -> str:
        """The last eight signs of the id, enough to find the payment by when somebody comes with the paper."""
        return self.id.hex[-8:].upper()


def get_payment(tenant_id: int, payment_id: uuid.UUID) -> PaymentDetails:
    """Return a payment from or to a party.

    Raises:
        NotFoundError: The shop has no such payment.
    """
    row = (
        session_of(tenant_id)
        .execute(
            text(
                f"""
                SELECT m.id, m.direction, m.currency, m.tendered, m.applied, m.change, t.memo, t.occurred_on,
                       t.posted_at, coalesce(u.name, '') AS actor, coalesce(d.name, b.name) AS place, p.id, p.name,
                       p.kind, a.id, a.currency, coalesce(m.settled_amount, m.applied), m.rate, m.rate_unit,
                       r.id IS NOT NULL AS is_reversed
                  FROM payments AS m
                  JOIN transactions AS t
                    ON t.tenant_id = :tenant_id
                   AND t.id = m.transaction_id
                   AND t.kind = 'payment'
                  JOIN parties AS p
                    ON p.tenant_id = :tenant_id
                   AND p.id = m.party_id
                  JOIN accounts AS a
                    ON a.tenant_id = :tenant_id
                   AND a.party_id = p.id
                   AND a.kind = p.kind
                   AND a.currency = CASE WHEN m.settled_currency IS NULL THEN m.currency ELSE m.settled_currency END
                  LEFT JOIN cash_drawers AS d
                    ON d.tenant_id = :tenant_id
                   AND d.id = m.drawer_id
                  LEFT JOIN bank_accounts AS b
                    ON b.tenant_id = :tenant_id
                   AND b.id = m.bank_id
                  LEFT JOIN users AS u
                    ON u.tenant_id = :tenant_id
                   AND u.id = t.actor_id
                  LEFT JOIN transactions AS r
                    ON r.tenant_id = :tenant_id
                   AND r.reverses_id = t.id
                 WHERE m.tenant_id = :tenant_id
                   AND m.id = :id
                       {_seen()}
                """
            ),
            {"tenant_id": tenant_id, "id": payment_id, **reach()},
        )
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("There is no such payment in this shop.")
    return PaymentDetails(*row)


def _seen() -> str:
    """A payment into a bank account belongs to no drawer: whoever is held to some drawers does not see it."""
    return within(person="t.actor_id", drawer="m.drawer_id")
