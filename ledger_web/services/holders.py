"""Who or what an account is for: asked before money moves, inside the act that moves it."""

import uuid
from collections.abc import Iterable

from ledger_web.domain.accounts import known_codes
from ledger_web.domain.errors import CurrencyMismatchError, NotFoundError, RuleViolationError
from ledger_web.domain.journal import AccountKey
from ledger_web.domain.languages import gettext
from ledger_web.services.posting import Act

# A code must be one of the shop's, or a slip of a form would open a new account; these have no account without one.
_ALWAYS_CODED = frozenset({"expense", "equity"})
_OWN_CATEGORY_OF = {"expense": "expense", "revenue": "income"}


def must_be_usable(act: Act, keys: Iterable[AccountKey]) -> None:
    """Refuse accounts whose drawer or bank account is not in use and codes that the shop does not know.

    Raises:
        NotFoundError: A drawer, a bank account or a category is not this shop's.
        RuleViolationError: A drawer or a bank account is no longer in use.
        CurrencyMismatchError: A bank account is kept in another currency.
    """
    for key in keys:
        if key.drawer_id is not None:
            _must_be_in_use(act, key.drawer_id)
        if key.kind == "bank":
            _must_be_an_open_bank_account(act, key)
        elif (key.code is not None or key.kind in _ALWAYS_CODED) and key.code not in known_codes(key.kind):
            _must_be_known(act, key)


def _must_be_in_use(act: Act, drawer_id: uuid.UUID) -> None:
    row = act.execute(
        "SELECT name, active FROM cash_drawers WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": drawer_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such cash drawer in this shop.")
    if not row.active:
        raise RuleViolationError(gettext("%(name)s is no longer in use. Choose another drawer.", name=row.name))


def _must_be_an_open_bank_account(act: Act, key: AccountKey) -> None:
    row = act.execute(
        "SELECT name, active, currency FROM bank_accounts WHERE tenant_id = %(tenant_id)s AND code = %(code)s",
        {"code": key.code},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such bank account in this shop.")
    if not row.active:
        raise RuleViolationError(gettext("%(name)s is no longer in use. Choose another bank account.", name=row.name))
    if row.currency != key.currency:
        raise CurrencyMismatchError(row.currency, key.currency)


def _must_be_known(act: Act, key: AccountKey) -> None:
    """Know a code that an account of the shop, or a category of its own, has already."""
    found = act.execute(
        """
        SELECT 1 AS found FROM accounts
         WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND code = %(code)s
         UNION ALL
        SELECT 1 FROM categories
         WHERE tenant_id = %(tenant_id)s AND kind = %(category)s AND code = %(code)s
         LIMIT 1
        """,
        {"kind": key.kind, "code": key.code, "category": _OWN_CATEGORY_OF.get(key.kind, "")},
    ).first()
    if found is None:
        raise NotFoundError("There is no such account or category in this shop. Choose one that is in the list.")
