"""The shop's table of exchange rates, and which rate a document would start with."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate
from ledger_web.domain.languages import gettext
from ledger_web.domain.rates import make_rate
from ledger_web.services.posting import Act
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class RecordRate:
    """Write down what a currency is worth from a day on."""

    id: uuid.UUID
    currency: str
    unit: str  # which of the two is one: `currency` or the base currency
    value: Decimal  # > 0
    valid_on: dt.date
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SetBuyingRules:
    """Say how far a vendor's total may be off, and how selling prices are proposed."""

    op_id: uuid.UUID
    rounding_max: int  # minor units
    margin_percent: Decimal  # of the price without tax, 0 to less than 100
    price_ending: int  # minor units of the base currency; 0: none


@dataclass(frozen=True, slots=True)
class FoundRate:
    """A rate with where it came from."""

    rate: Rate
    source: str  # "last" or "table"
    rate_on: dt.date


@whole_act
def record_rate(command: RecordRate, uow: UnitOfWork) -> Recorded:
    """Add a rate to the shop's table; one for the same day takes the place of an earlier one, which stays in sight.

    Raises:
        RuleViolationError: It is the shop's own currency, or the rate is between two others.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        base_currency = base_currency_of(uow)
        if command.currency == base_currency:
            raise RuleViolationError(
                gettext(
                    "The shop keeps its books in %(base_currency)s: one is one. Choose another currency.",
                    base_currency=base_currency,
                )
            )
        make_rate(command.value, command.unit, command.currency, base_currency)
        uow.execute(
            """
            INSERT INTO exchange_rates (tenant_id, id, currency, unit, value, valid_on, note, created_by, created_at)
            VALUES (%(tenant_id)s, %(id)s, %(currency)s, %(unit)s, %(value)s, %(valid_on)s, %(note)s, %(created_by)s,
                    now())
            """,
            {
                "id": command.id,
                "currency": command.currency,
                "unit": command.unit,
                "value": command.value,
                "valid_on": command.valid_on,
                "note": command.note,
                "created_by": uow.actor_id,
            },
        )
        after = {"currency": command.currency, "unit": command.unit, "value": command.value, "on": command.valid_on}
        uow.audit("rate.record", holder=command.id, after=after)
    return Recorded(command.id)


@whole_act
def set_buying_rules(command: SetBuyingRules, uow: UnitOfWork) -> Recorded:
    """Keep the shop's rules for buying.

    Raises:
        RuleViolationError: A figure makes no sense.
    """
    if not 0 <= command.margin_percent < 100 or command.rounding_max > 10**6 or command.price_ending > 10**9:
        raise RuleViolationError("Enter a margin below 100 %, little rounding, and an ending that a price can have.")
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        uow.execute(
            """
            INSERT INTO purchase_settings (tenant_id, rounding_max, margin_percent, price_ending)
            VALUES (%(tenant_id)s, %(rounding_max)s, %(margin_percent)s, %(price_ending)s)
            ON CONFLICT (tenant_id) DO UPDATE
               SET rounding_max = excluded.rounding_max, margin_percent = excluded.margin_percent,
                   price_ending = excluded.price_ending
            """,
            {
                "rounding_max": command.rounding_max,
                "margin_percent": command.margin_percent,
                "price_ending": command.price_ending,
            },
        )
        after = {"rounding_max": command.rounding_max, "margin_percent": command.margin_percent}
        uow.audit("settings.edit", after=after | {"price_ending": command.price_ending})
    return Recorded(command.op_id)


def base_currency_of(act: Act) -> str:
    return str(act.execute("SELECT base_currency FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one())


def find_last_rate(act: Act, vendor_id: uuid.UUID | None, currency: str) -> FoundRate | None:
    """Return the rate of the last purchase from a vendor in a currency that was not deleted."""
    row = act.execute(
        """
        SELECT p.rate, p.rate_unit, p.base_currency, p.currency, coalesce(p.rate_on, p.invoice_on) AS rate_on
          FROM purchases AS p
         WHERE p.tenant_id = %(tenant_id)s AND p.vendor_id = %(vendor_id)s AND p.currency = %(currency)s
           AND p.deleted_at IS NULL AND p.rate IS NOT NULL
         ORDER BY p.id DESC
         LIMIT 1
        """,
        {"vendor_id": vendor_id, "currency": currency},
    ).one_or_none()
    return FoundRate(_rate(row), "last", row.rate_on) if row else None


def find_table_rate(act: Act, currency: str, on: dt.date) -> FoundRate | None:
    """Return what the shop's table says for a day: the newest rate that is not of a later day."""
    row = act.execute(
        """
        SELECT r.value AS rate, r.unit AS rate_unit, r.currency, t.base_currency, r.valid_on AS rate_on
          FROM exchange_rates AS r
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
         WHERE r.tenant_id = %(tenant_id)s AND r.currency = %(currency)s AND r.valid_on <= %(on)s
         ORDER BY r.valid_on DESC, r.id DESC
         LIMIT 1
        """,
        {"currency": currency, "on": on},
    ).one_or_none()
    return FoundRate(_rate(row), "table", row.rate_on) if row else None


def _rate(row: Row[Any]) -> Rate:
    return Rate(row.rate_unit, row.base_currency if row.rate_unit == row.currency else row.currency, row.rate)
