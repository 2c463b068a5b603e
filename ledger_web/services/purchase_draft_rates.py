"""The rate of a draft: typed, filled in from where one is known, or derived from what was charged."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Rate, derived_rate
from ledger_web.domain.languages import gettext
from ledger_web.domain.rates import make_rate
from ledger_web.services.purchase_draft_heads import touch_draft
from ledger_web.services.rates import FoundRate, base_currency_of, find_last_rate, find_table_rate
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class SetRate:
    """Say at which rate: typed, filled from where one is known, or derived from what was charged."""

    op_id: uuid.UUID
    draft_id: uuid.UUID
    source: str  # "typed", "last", "table" or "amounts"
    value: Decimal | None = None  # typed
    unit: str | None = None
    charged_base: int | None = None  # what was charged for the whole invoice, minor units of the base currency


@whole_act
def set_rate(command: SetRate, uow: UnitOfWork) -> Recorded:
    """Set the rate of a draft, and remember where it came from and who said so.

    Raises:
        NotFoundError: The shop has no such draft.
        RuleViolationError: It is in the shop's own currency, no such rate is known, or nothing was bought yet that a
            charged amount could be for.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.draft_id):
            return Recorded(command.draft_id, replayed=True)
        draft = touch_draft(uow, command.draft_id)
        base_currency = base_currency_of(uow)
        if draft.currency == base_currency:
            raise RuleViolationError(
                gettext(
                    "The purchase is in %(base_currency)s itself: the rate is 1 and stays so.",
                    base_currency=base_currency,
                )
            )
        if command.source in ("last", "table"):
            found = _known_rate(uow, command.source, draft)
            _store_rate(uow, draft.id, found.rate, found.source, found.rate_on)
        elif command.source == "amounts":
            _derive_rate(uow, draft, base_currency, command.charged_base or 0)
        else:
            if command.value is None or command.unit is None:
                raise RuleViolationError(
                    gettext(
                        "Enter the rate between %(currency)s and %(base_currency)s.",
                        currency=draft.currency,
                        base_currency=base_currency,
                    )
                )
            rate = make_rate(command.value, command.unit, draft.currency, base_currency)
            _store_rate(uow, draft.id, rate, "typed", draft.invoice_on)
    return Recorded(command.draft_id)


def fill_rate(
    uow: UnitOfWork, draft_id: uuid.UUID, vendor_id: uuid.UUID | None, currency: str, base_currency: str, on: dt.date
) -> None:
    """Fill the rate from the vendor's last purchase, else from the table; where none is known it stays empty."""
    found = None
    if currency != base_currency:
        found = find_last_rate(uow, vendor_id, currency) or find_table_rate(uow, currency, on)
    if found is None:
        _store_rate(uow, draft_id, None, None, None)
    else:
        _store_rate(uow, draft_id, found.rate, found.source, found.rate_on)


def _store_rate(
    uow: UnitOfWork,
    draft_id: uuid.UUID,
    rate: Rate | None,
    source: str | None,
    rate_on: dt.date | None,
    charged: tuple[int, int] | None = None,
) -> None:
    uow.execute(
        """
        UPDATE purchase_drafts
           SET rate = %(rate)s, rate_unit = %(unit)s, rate_source = %(source)s, rate_on = %(rate_on)s,
               rate_by = %(rate_by)s, charged_base = %(charged_base)s, charged_total = %(charged_total)s
         WHERE tenant_id = %(tenant_id)s AND id = %(draft_id)s
        """,
        {
            "draft_id": draft_id,
            "rate": rate.value if rate else None,
            "unit": rate.unit if rate else None,
            "source": source,
            "rate_on": rate_on,
            "rate_by": uow.actor_id if rate else None,
            "charged_base": charged[0] if charged else None,
            "charged_total": charged[1] if charged else None,
        },
    )


def _known_rate(uow: UnitOfWork, source: str, draft: Row[Any]) -> FoundRate:
    found = (
        find_last_rate(uow, draft.vendor_id, draft.currency)
        if source == "last"
        else find_table_rate(uow, draft.currency, draft.invoice_on)
    )
    if found is None:
        raise RuleViolationError(
            gettext(
                "There is no earlier purchase of this vendor in %(currency)s. Type the rate.", currency=draft.currency
            )
            if source == "last"
            else gettext(
                "The shop’s rates say nothing about %(currency)s on %(invoice_on)s. Type the rate.",
                currency=draft.currency,
                invoice_on=f"{draft.invoice_on:%Y-%m-%d}",
            )
        )
    return found


def _derive_rate(uow: UnitOfWork, draft: Row[Any], base_currency: str, charged_base: int) -> None:
    """Find the rate from what was charged for the whole invoice, as it stands now."""
    total = uow.execute(
        """
        SELECT coalesce((SELECT sum(net + tax) FROM purchase_draft_lines
                          WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s), 0)
             + coalesce((SELECT sum(net + tax) FROM purchase_draft_charges
                          WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s AND payee_id IS NULL), 0)
        """,
        {"id": draft.id},
    ).scalar_one()
    printed = uow.execute(
        "SELECT printed_total FROM purchase_drafts WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": draft.id}
    ).scalar_one()
    total = int(total if printed is None else printed)
    if total <= 0 or charged_base <= 0:
        raise RuleViolationError(
            "Enter the lines first, then what was charged for them: the rate is found from both totals."
        )
    rate = derived_rate(total, draft.currency, charged_base, base_currency)
    if rate.value <= 0:
        raise RuleViolationError("No rate lies between these two amounts. Look at both of them again.")
    _store_rate(uow, draft.id, rate, "amounts", draft.invoice_on, (charged_base, total))
