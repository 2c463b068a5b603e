"""Tenders of a sale: the accounts they go to, and their rows. Used inside a unit of work."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import CurrencyMismatchError, NotFoundError, RuleViolationError
from ledger_web.domain.gift_cards import card_code, store_credit_of
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import AccountKey, bank, cash, store_credit
from ledger_web.domain.languages import gettext
from ledger_web.domain.tenders import (
    BANK,
    CASH,
    GIFT_CARD,
    METHODS,
    STORE_CREDIT,
    Change,
    Settlement,
    Tendered,
    rate_of,
)
from ledger_web.services.posting import Act


@dataclass(frozen=True, kw_only=True)
class TenderChoice:
    """One way a sale is paid, as it was chosen. `amount` None: whatever is left to be paid."""

    method: str = CASH
    amount: int | None = None  # minor units of `currency`, >= 0
    currency: str | None = None  # None: the sale's
    rate: Decimal | None = None  # one rate_unit is so much of the other currency
    rate_unit: str | None = None
    bank_id: uuid.UUID | None = None
    gift_card_code: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeChoice:
    """In which currency change goes back. `amount` None: all of it; otherwise the rest in the sale's currency."""

    currency: str
    amount: int | None = None
    rate: Decimal | None = None
    rate_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The bank accounts and gift cards that tenders name, by id and by code."""

    banks: dict[uuid.UUID, Row[Any]]
    cards: dict[str, Row[Any]]

    def bank_of(self, key: AccountKey) -> uuid.UUID | None:
        return next((id for id, row in self.banks.items() if key == bank(row.currency, row.code)), None)

    def card_of(self, key: AccountKey) -> uuid.UUID | None:
        return next((row.id for code, row in self.cards.items() if key == store_credit_of(code, row.currency)), None)


def find_places(act: Act, choices: Sequence[TenderChoice]) -> Places:
    """Look up what the tenders name; asks only where they name something.

    Raises:
        NotFoundError: The shop has no such bank account or gift card.
        RuleViolationError: It is no longer in use.
    """
    banks = {choice.bank_id for choice in choices if choice.method == BANK and choice.bank_id}
    codes = {card_code(choice.gift_card_code) for choice in choices if choice.method == GIFT_CARD}
    return Places(_banks(act, banks) if banks else {}, _cards(act, codes) if codes else {})


def _banks(act: Act, ids: set[uuid.UUID]) -> dict[uuid.UUID, Row[Any]]:
    rows = act.execute(
        """
        SELECT id, name, code, currency, active FROM bank_accounts
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
        """,
        {"ids": list(ids)},
    ).all()
    if len(rows) != len(ids):
        raise NotFoundError("There is no such bank account in this shop. Choose another.")
    for row in rows:
        if not row.active:
            raise RuleViolationError(
                gettext("%(name)s is no longer in use. Choose another bank account.", name=row.name)
            )
    return {row.id: row for row in rows}


def _cards(act: Act, codes: set[str]) -> dict[str, Row[Any]]:
    rows = act.execute(
        """
        SELECT c.id, c.code, c.currency, c.blocked_at, c.expires_on,
               c.expires_on < business_day(now(), t.time_zone, t.day_starts_at) AS is_over
          FROM gift_cards AS c
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
         WHERE c.tenant_id = %(tenant_id)s AND c.code = ANY(%(codes)s)
        """,
        {"codes": list(codes)},
    ).all()
    found = {row.code: row for row in rows}
    for code in sorted(codes):
        card = found.get(code)
        if card is None:
            raise RuleViolationError(
                gettext("There is no gift card %(code)s in this shop. Look at its number again.", code=code)
            )
        if card.blocked_at is not None:
            raise RuleViolationError(gettext("The gift card %(code)s is blocked. Take another way to pay.", code=code))
        if card.is_over:
            raise RuleViolationError(
                gettext(
                    "The gift card %(code)s expired on %(expires_on)s.",
                    code=code,
                    expires_on=f"{card.expires_on:%Y-%m-%d}",
                )
            )
    return found


def tendered(
    choices: Sequence[TenderChoice],
    places: Places,
    *,
    drawer_id: uuid.UUID,
    currency: str,
    customer_id: uuid.UUID | None,
) -> list[Tendered]:
    """Say which account each tender goes to.

    Raises:
        RuleViolationError: A rate, a bank account or the customer is missing, or a currency is not the account's.
    """
    return [_tendered(choice, places, drawer_id, currency, customer_id) for choice in choices]


def _tendered(
    choice: TenderChoice, places: Places, drawer_id: uuid.UUID, currency: str, customer_id: uuid.UUID | None
) -> Tendered:
    given = choice.currency or currency
    if choice.method == CASH:
        return Tendered(
            CASH, cash(drawer_id, given), choice.amount, rate_of(given, currency, choice.rate, choice.rate_unit)
        )
    if choice.method == BANK:
        row = places.banks.get(choice.bank_id) if choice.bank_id else None
        if row is None:
            raise RuleViolationError("Choose the bank account that the card pays into.")
        if choice.currency not in (None, row.currency):
            raise CurrencyMismatchError(row.currency, choice.currency or "")
        rate = rate_of(row.currency, currency, choice.rate, choice.rate_unit)
        return Tendered(BANK, bank(row.currency, row.code), choice.amount, rate)
    if given != currency:
        raise CurrencyMismatchError(currency, given)
    if choice.method == STORE_CREDIT:
        if customer_id is None:
            raise RuleViolationError("Choose the customer whose store credit is used.")
        return Tendered(STORE_CREDIT, store_credit(currency, customer_id), choice.amount)
    if choice.method == GIFT_CARD:
        code = card_code(choice.gift_card_code)
        if places.cards[code].currency != currency:
            raise CurrencyMismatchError(currency, places.cards[code].currency)
        return Tendered(GIFT_CARD, store_credit_of(code, currency), choice.amount)
    raise RuleViolationError(gettext("Choose how it is paid: %(methods)s.", methods=", ".join(METHODS.values())))


def change_of(choice: ChangeChoice | None, currency: str) -> Change | None:
    """Return in which currency change goes back; None for the sale's own."""
    if choice is None or choice.currency == currency:
        return None
    return Change(rate_of(choice.currency, currency, choice.rate, choice.rate_unit), choice.currency, choice.amount)


def insert_payments(
    act: Act,
    sale_id: uuid.UUID,
    settlement: Settlement,
    places: Places,
    *,
    drawer_id: uuid.UUID,
    currency: str,
    customer_id: uuid.UUID | None,
) -> None:
    """Write how a sale was paid, one row a tender, all in one statement."""
    rows = settlement.paid
    if not rows:
        return
    foreign = [row.rate is not None and row.worth > 0 for row in rows]
    act.send(
        """
        INSERT INTO payments AS m
               (tenant_id, id, transaction_id, direction, party_id, sale_id, drawer_id, bank_id, gift_card_id, method,
                currency, tendered, applied, change, applied_base, settled_amount, settled_currency, rate, rate_unit,
                rate_source, other_change, other_change_currency, change_rate, change_rate_unit, carried_from)
        SELECT s.tenant_id, n.id, s.id, 'in', %(customer_id)s::uuid, s.id, n.drawer_id, n.bank_id, n.gift_card_id,
               n.method, n.currency, n.tendered, n.applied, n.change, n.applied_base, n.settled_amount,
               n.settled_currency, n.rate, n.rate_unit, n.rate_source, n.other_change, n.other_change_currency,
               n.change_rate, n.change_rate_unit, n.carried_from
          FROM sales AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(drawers)s::uuid[], %(banks)s::uuid[], %(cards)s::uuid[],
                           %(methods)s::text[], %(currencies)s::text[], %(tendered)s::bigint[], %(applied)s::bigint[],
                           %(change)s::bigint[], %(applied_base)s::bigint[], %(settled)s::bigint[],
                           %(settled_in)s::text[], %(rates)s::numeric[], %(rate_units)s::text[],
                           %(rate_sources)s::text[], %(others)s::bigint[], %(others_in)s::text[],
                           %(other_rates)s::numeric[], %(other_rate_units)s::text[], %(carried)s::uuid[])
               AS n(id, drawer_id, bank_id, gift_card_id, method, currency, tendered, applied, change, applied_base,
                    settled_amount, settled_currency, rate, rate_unit, rate_source, other_change,
                    other_change_currency, change_rate, change_rate_unit, carried_from)
         WHERE s.tenant_id = %(tenant_id)s AND s.id = %(sale_id)s
        """,
        {
            "sale_id": sale_id,
            "customer_id": customer_id,
            "ids": [new_id() for _ in rows],
            "drawers": [drawer_id if row.method == CASH else None for row in rows],
            "banks": [places.bank_of(row.account) for row in rows],
            "cards": [places.card_of(row.account) for row in rows],
            "methods": [row.method for row in rows],
            "currencies": [row.account.currency for row in rows],
            "tendered": [row.tendered for row in rows],
            "applied": [row.applied for row in rows],
            "change": [row.change for row in rows],
            "applied_base": [row.applied_base for row in rows],
            "settled": [row.worth if at else None for row, at in zip(rows, foreign, strict=True)],
            "settled_in": [currency if at else None for at in foreign],
            "rates": [row.rate.value if row.rate and at else None for row, at in zip(rows, foreign, strict=True)],
            "rate_units": [row.rate.unit if row.rate and at else None for row, at in zip(rows, foreign, strict=True)],
            "rate_sources": ["typed" if at else None for at in foreign],
            "others": [row.other_change for row in rows],
            "others_in": [row.other_change_currency for row in rows],
            "other_rates": [row.change_rate.value if row.change_rate else None for row in rows],
            "other_rate_units": [row.change_rate.unit if row.change_rate else None for row in rows],
            "carried": [row.carried_from for row in rows],
        },
    )
