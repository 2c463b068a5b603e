"""Drawers and bank accounts: asked before money moves through them, inside the act that moves it."""

from ledger_web.domain.errors import CurrencyMismatchError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import AccountKey
from ledger_web.domain.languages import gettext
from ledger_web.domain.places import Place
from ledger_web.services.posting import Act


def money_at(act: Act, place: Place, currency: str) -> AccountKey:
    """Return the account of a place that is in use.

    Raises:
        NotFoundError: The shop has no such drawer or bank account.
        RuleViolationError: It is no longer in use, or the bank keeps it in another currency.
    """
    table = "cash_drawers" if place.kind == "cash" else "bank_accounts"
    row = act.execute(
        f"""
        SELECT name, active, {"NULL" if place.kind == "cash" else "currency"} AS currency FROM {table}
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": place.id},
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            "There is no such cash drawer in this shop."
            if place.kind == "cash"
            else "There is no such bank account in this shop."
        )
    if not row.active:
        raise RuleViolationError(
            gettext("%(name)s is no longer in use. Choose another drawer or bank account.", name=row.name)
        )
    if row.currency not in (None, currency):
        raise CurrencyMismatchError(row.currency, currency)
    return place.account(currency)
