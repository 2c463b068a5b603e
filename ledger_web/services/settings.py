"""What a shop says about itself, in one place: name, place, money, papers, and the logo of its receipts."""

import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any, Final

from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.locales import DIGITS
from ledger_web.domain.photos import read_logo
from ledger_web.domain.products import STOCK_POLICIES
from ledger_web.domain.receipts import PAPERS
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

NUMBER_MAX: Final = 900_000


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """Change the settings of a shop, as they were when their version was shown."""

    op_id: uuid.UUID
    version: int
    name: str
    base_currency: str
    time_zone: str
    locale: str
    digits: str
    stock_policy: str
    receipt_paper: str
    receipt_header: str
    receipt_footer: str
    receipt_names_salesperson: bool = False


@dataclass(frozen=True, kw_only=True)
class SetLogo:
    """Print this at the top of receipts."""

    op_id: uuid.UUID
    content: bytes  # a file as it was uploaded


@dataclass(frozen=True, kw_only=True)
class RemoveLogo:
    """Print no logo."""

    op_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class SetNextNumber:
    """Let the numbers of a drawer's sales go on from here: a shop that comes from another till has some behind it."""

    op_id: uuid.UUID
    drawer_id: uuid.UUID
    number: int


@whole_act
def edit_settings(command: EditSettings, uow: UnitOfWork) -> Recorded:
    """Change the settings; every worker knows it with its next request, because each request reads them anew.

    Waits for what is being posted, and lets nothing be posted meanwhile: the zone decides which day it is, and
    the base currency what amounts mean.

    Raises:
        StaleEditError: Somebody else saved first; nothing is overwritten.
        RuleViolationError: A value that cannot be; another base currency where amounts are in this one.
    """
    _check(command)
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        before = _lock(uow)
        if before.settings_version != command.version:
            raise StaleEditError
        if command.base_currency != before.base_currency and _has_amounts(uow):
            raise RuleViolationError(
                gettext(
                    "Base currency: It stays %(currency)s, because amounts are written in it: products, people or"
                    " postings are there already. Open another shop for another currency.",
                    currency=before.base_currency,
                )
            )
        after = {name: getattr(command, name) for name in _COLUMNS}
        uow.execute(
            """
            UPDATE tenants
               SET name = %(name)s, base_currency = %(base_currency)s, time_zone = %(time_zone)s,
                   locale = %(locale)s, digits = %(digits)s, stock_policy = %(stock_policy)s,
                   receipt_paper = %(receipt_paper)s, receipt_header = %(receipt_header)s,
                   receipt_footer = %(receipt_footer)s, receipt_names_salesperson = %(receipt_names_salesperson)s,
                   settings_version = settings_version + 1
             WHERE tenant_id = %(tenant_id)s
            """,
            after,
        )
        uow.audit("settings.edit", before={name: getattr(before, name) for name in _COLUMNS}, after=after)
    return Recorded(command.op_id)


@whole_act
def set_logo(command: SetLogo, uow: UnitOfWork) -> Recorded:
    """Draw the logo anew and keep it in the place of the one before.

    Raises:
        RuleViolationError: Not a picture, or too large a one.
    """
    logo = read_logo(command.content)
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        uow.execute(
            """
            INSERT INTO shop_logos AS l (tenant_id, digest, content, width, height, uploaded_at)
            VALUES (%(tenant_id)s, %(digest)s, %(content)s, %(width)s, %(height)s, now())
            ON CONFLICT (tenant_id) DO UPDATE
               SET digest = excluded.digest, content = excluded.content, width = excluded.width,
                   height = excluded.height, uploaded_at = excluded.uploaded_at
            """,
            {"digest": logo.digest, "content": logo.content, "width": logo.width, "height": logo.height},
        )
        uow.audit("settings.set_logo", after={"digest": logo.digest})
    return Recorded(command.op_id)


@whole_act
def remove_logo(command: RemoveLogo, uow: UnitOfWork) -> Recorded:
    """Take the logo away; none is fine, too."""
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        uow.execute("DELETE FROM shop_logos WHERE tenant_id = %(tenant_id)s")
        uow.audit("settings.remove_logo")
    return Recorded(command.op_id)


@whole_act
def set_next_number(command: SetNextNumber, uow: UnitOfWork) -> Recorded:
    """Let the next sale of a drawer have this number.

    Raises:
        NotFoundError: The shop has no such drawer.
        RuleViolationError: It was given already: no number is ever used twice.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.drawer_id):
            return Recorded(command.drawer_id, replayed=True)
        drawer = uow.execute(
            "SELECT series FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.drawer_id},
        ).one_or_none()
        if drawer is None:
            raise NotFoundError("There is no such cash drawer in this shop.")
        moved = uow.execute(
            """
            INSERT INTO number_series AS n (tenant_id, document, series, last_number)
            VALUES (%(tenant_id)s, 'sale', %(series)s, %(last)s)
            ON CONFLICT (tenant_id, document, series) DO UPDATE SET last_number = excluded.last_number
             WHERE n.last_number <= excluded.last_number
            RETURNING n.last_number
            """,
            {"series": drawer.series, "last": command.number - 1},
        ).first()
        if moved is None:
            raise RuleViolationError(
                gettext(
                    "Next number: %(number)s was given to a sale already. Choose a higher one: no number is ever used"
                    " twice.",
                    number=f"{drawer.series}-{command.number:06d}",
                )
            )
        uow.audit("settings.set_next_number", holder=command.drawer_id, after={"number": command.number})
    return Recorded(command.drawer_id)


_COLUMNS: Final = (
    "name",
    "base_currency",
    "time_zone",
    "locale",
    "digits",
    "stock_policy",
    "receipt_paper",
    "receipt_header",
    "receipt_footer",
    "receipt_names_salesperson",
)


def _check(command: EditSettings) -> None:
    """What a form offers as choices is held to here as well."""
    known: dict[str, Any] = {
        "base_currency": CURRENCIES,
        "time_zone": zoneinfo.available_timezones(),
        "digits": DIGITS,
        "stock_policy": STOCK_POLICIES,
        "receipt_paper": PAPERS,
    }
    for name, choices in known.items():
        if getattr(command, name) not in choices:
            raise RuleViolationError(
                gettext(
                    "%(value)s cannot be chosen here. Choose one that is in the list.", value=getattr(command, name)
                )
            )


def _lock(uow: UnitOfWork) -> Any:
    """Take the shop's row. FOR UPDATE, which postings wait for, on purpose: see `services/books.py`."""
    return uow.execute(
        """
        SELECT settings_version, name, base_currency, time_zone, locale, digits, stock_policy, receipt_paper,
               receipt_header, receipt_footer, receipt_names_salesperson
          FROM tenants
         WHERE tenant_id = %(tenant_id)s
           FOR UPDATE
        """
    ).one()


def _has_amounts(uow: UnitOfWork) -> bool:
    return bool(
        uow.execute(
            """
            SELECT EXISTS (SELECT FROM transactions WHERE tenant_id = %(tenant_id)s)
                OR EXISTS (SELECT FROM products WHERE tenant_id = %(tenant_id)s)
                OR EXISTS (SELECT FROM parties WHERE tenant_id = %(tenant_id)s)
            """
        ).scalar_one()
    )
