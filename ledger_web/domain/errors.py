"""What can go wrong on purpose. Two families: the expected, said kindly, and the impossible, which stops the act.

Errors know no HTTP: `error_pages.STATUS` is the only table of codes. The docstring of a class is its sentence
when nothing more definite is known. Either is said in the language of whoever it is said to.
"""

import datetime as dt
import inspect
from collections.abc import Sequence
from decimal import Decimal

from ledger_web.domain.currencies import plain
from ledger_web.domain.languages import gettext, ngettext


class LedgerError(Exception):
    """Something went wrong. Nothing was saved."""

    def __init__(self, message: str = "") -> None:
        sentence = message or (inspect.getdoc(type(self)) or type(self).__name__).partition("\n\n")[0]
        self.message = gettext(sentence)
        super().__init__(self.message)


# Expected: the shop, or the moment, says no.


class NotFoundError(LedgerError):
    """There is no such thing in this shop."""


class RuleViolationError(LedgerError):
    """The rules of the shop do not allow this."""


class ConflictError(LedgerError):
    """Someone else was faster. Look at what is there now and try again."""


# Impossible: the books disagree with themselves.


class InvariantBrokenError(LedgerError):
    """The books would disagree with themselves, so nothing was saved. Please tell whoever looks after this system."""


class UnbalancedEntryError(InvariantBrokenError):
    """An entry needs two different accounts of one currency and an amount above zero."""


class BalanceDriftError(InvariantBrokenError):
    """A cached balance and the journal disagree. Recalculate the balances before going on."""


# Accounts and money.


class InsufficientFundsError(RuleViolationError):
    """There is not enough money in this account. Pay money in first, or give credit.

    Amounts are minor units of `currency`.
    """

    def __init__(self, account: str, available: int, needed: int, currency: str) -> None:
        self.account = account
        self.available = available
        self.needed = needed
        self.currency = currency
        super().__init__(
            gettext(
                "%(account)s holds %(available)s, but %(needed)s is needed. Pay money in first, or give credit.",
                account=account,
                available=plain(available, currency),
                needed=plain(needed, currency),
            )
        )


class CreditLimitExceededError(RuleViolationError):
    """This would go over the credit limit. Take a payment first, or raise the limit.

    Amounts are minor units of `currency`; `available` is what may still be added.
    """

    def __init__(self, account: str, available: int, needed: int, currency: str) -> None:
        self.account = account
        self.available = available
        self.needed = needed
        self.currency = currency
        super().__init__(
            gettext(
                "%(account)s has %(available)s of credit left, but %(needed)s is needed. Take"
                " a payment first, or raise the credit limit.",
                account=account,
                available=plain(max(available, 0), currency),
                needed=plain(needed, currency),
            )
        )


class AccountClosedError(RuleViolationError):
    """This account is closed. Open it again before using it."""

    def __init__(self, account: str = "") -> None:
        self.account = account
        super().__init__(
            gettext("%(account)s is closed. Open it again before using it.", account=account) if account else ""
        )


class RecalculationRunningError(ConflictError):
    """Another recalculation of this shop is under way. Let it end, or wait a minute if it was left, then try again."""


class CurrencyMismatchError(RuleViolationError):
    """These amounts are in different currencies. Enter both in the same currency, or give a rate."""

    def __init__(self, expected: str = "", given: str = "") -> None:
        self.expected = expected
        self.given = given
        super().__init__(
            gettext(
                "This is kept in %(expected)s, not in %(given)s. Enter the amount in %(expected)s.",
                expected=expected,
                given=given,
            )
            if expected
            else ""
        )


class InvalidNumberError(RuleViolationError):
    """This is not a number. Write it like 1,234.50."""


class InvalidAmountError(InvalidNumberError):
    """This is not an amount of money. Write it like 1,234.50."""


class AmountTooLargeError(InvalidAmountError):
    """This amount is larger than the books can hold. Enter less than 1,000,000,000,000,000 of the smallest coin."""


class PeriodLockedError(RuleViolationError):
    """This day lies in a period that is locked. Choose a later day, or ask the owner to unlock the period."""

    def __init__(self, day: dt.date | None = None, locked_until: dt.date | None = None) -> None:
        self.day = day
        self.locked_until = locked_until
        super().__init__(
            gettext(
                "%(day)s lies in a locked period: the books are locked up to"
                " %(locked_until)s. Choose a later day, or ask the owner to unlock the"
                " period.",
                day=f"{day:%Y-%m-%d}",
                locked_until=f"{locked_until:%Y-%m-%d}",
            )
            if day and locked_until
            else ""
        )


class DayOutOfRangeError(RuleViolationError):
    """Nothing can be posted on this day. Choose today, or a day before."""

    def __init__(
        self, day: dt.date | None = None, earliest: dt.date | None = None, latest: dt.date | None = None
    ) -> None:
        self.day = day
        super().__init__(
            gettext(
                "%(day)s is %(latest)s. Choose a day from %(earliest)s to %(latest2)s.",
                day=day,
                latest=gettext("yet to come") if day > latest else gettext("before the time of the books"),
                earliest=earliest,
                latest2=latest,
            )
            if day and earliest and latest
            else ""
        )


# Goods.


class InvalidQuantityError(InvalidNumberError):
    """This is not a quantity. Write a number like 2 or 0.250."""


class OutOfStockError(RuleViolationError):
    """There is not enough of this product in stock. Sell less, or record the purchase first."""

    def __init__(self, product: str, available: Decimal, needed: Decimal) -> None:
        self.product = product
        self.available = available
        self.needed = needed
        super().__init__(
            gettext(
                "%(available)s of %(product)s in stock, but %(needed)s is needed. Sell less,"
                " or record the purchase first.",
                available=_written(available),
                product=product,
                needed=_written(needed),
            )
        )


class InvalidBarcodeError(RuleViolationError):
    """This is not a barcode we can read. Scan it again, or type the digits under the bars."""


class DuplicateBarcodeError(RuleViolationError):
    """Another product has this barcode already. Open that product, or use another barcode."""

    def __init__(self, code: str = "", product: str = "") -> None:
        self.code = code
        self.product = product
        holder = product or gettext("Another product")
        super().__init__(
            gettext(
                "%(holder)s has the barcode %(code)s already. Open that product, or use another barcode.",
                holder=holder,
                code=code,
            )
            if code
            else ""
        )


class DuplicateSkuError(RuleViolationError):
    """Another product has this SKU already. Open that product, or use another SKU."""

    def __init__(self, sku: str = "", product: str = "") -> None:
        self.sku = sku
        self.product = product
        holder = product or gettext("Another product")
        super().__init__(
            gettext(
                "%(holder)s has the SKU %(sku)s already. Open that product, or use another SKU.", holder=holder, sku=sku
            )
            if sku
            else ""
        )


# Shops and people.


class InvalidSlugError(RuleViolationError):
    """An address has 3 to 40 letters a-z, digits and hyphens, and begins and ends with a letter or digit."""


class ShopSuspendedError(RuleViolationError):
    """This shop is suspended: everything can be read and exported, and nothing is changed.

    Ask whoever runs the system.
    """


class DuplicateSlugError(RuleViolationError):
    """This address is taken, or looks like one that is. Choose another."""


class WeakPasswordError(RuleViolationError):
    """This password is easy to guess. Choose one that nobody would try: a short sentence is a good one."""


class WrongPasswordError(RuleViolationError):
    """This name and password do not belong together. Check both and try again."""


class ApprovalRefusedError(RuleViolationError):
    """This name and PIN approve nothing here. Check both: it takes somebody else, who may do this and has a PIN."""


class BeyondReachError(RuleViolationError):
    """Nobody can give rights they do not have, or change somebody who has more. Ask an owner."""

    def __init__(self, lacking: Sequence[str] = (), wider: Sequence[str] = ()) -> None:
        told = [f"“{each}”" for each in lacking[:3]] + [
            gettext("a wider limit: %(each)s", each=each) for each in wider[:3]
        ]
        more = len(lacking) + len(wider) - len(told)
        rest = gettext(" and %(more)s more", more=more) if more else ""
        super().__init__(
            gettext(
                "You do not have this yourself, so you cannot give or take it: %(told)s%(rest)s. Ask an owner.",
                told=", ".join(told),
                rest=rest,
            )
            if told
            else ""
        )


class DrawerNotYoursError(RuleViolationError):
    """Your role does not use this drawer. Choose one of yours, or ask the owner of the shop."""


class LastOwnerError(RuleViolationError):
    """This is the last owner, and a shop needs one. Make somebody else an owner first."""


class OwnRoleError(RuleViolationError):
    """Nobody changes their own role or ends their own access. Ask another owner."""


class RoleInUseError(RuleViolationError):
    """People have this role. Give them another one first."""

    def __init__(self, holders: Sequence[str] = (), more: int = 0) -> None:
        self.holders = tuple(holders)
        rest = gettext(" and %(more)s more", more=more) if more else ""
        super().__init__(
            ngettext(
                "%(holders)s has this role. Give them another one first.",
                "%(holders)s have this role. Give them another one first.",
                len(holders) + more,
                holders=f"{', '.join(holders)}{rest}",
            )
            if holders
            else ""
        )


class LinkSpentError(NotFoundError):
    """This link was used already, or is too old. Ask whoever sent it for a new one."""


class WrongCodeError(RuleViolationError):
    """This code does not fit, or was used already. Wait for the next one, or use a recovery code."""


class WrongPinError(RuleViolationError):
    """This PIN does not open the till. After five wrong ones it takes the password."""


class ApprovalNeededError(RuleViolationError):
    """This is more than you may do by yourself. Do less, or let somebody approve it with their PIN."""

    def __init__(self, message: str = "", *, limit: str = "", needed: Decimal = Decimal(0)) -> None:
        self.limit = limit  # one of permissions.LIMITS
        self.needed = needed
        super().__init__(message)


class DuplicateLoginError(RuleViolationError):
    """Somebody here signs in with this name already. Choose another."""


class InvalidDomainError(RuleViolationError):
    """This is not the name of a domain. Write it like www.example.com, without https:// and without a slash."""


class DomainTakenError(RuleViolationError):
    """This domain leads to another shop here. Take that shop's record out of its DNS first."""


class DuplicateEmailError(RuleViolationError):
    """Somebody here has this e-mail address already. Everybody needs one of their own, or none."""


class TooManyAttemptsError(LedgerError):
    """Too many attempts. Wait a moment and try again."""

    def __init__(self, seconds: int = 60, message: str = "") -> None:
        self.seconds = seconds
        super().__init__(message or gettext("Too many attempts. Wait %(wait)s, then try again.", wait=_wait(seconds)))


class TooMuchMailError(TooManyAttemptsError):
    """This shop has sent as many e-mails as it may within an hour. Wait a while, then try again."""

    def __init__(self, seconds: int, address: str = "") -> None:
        wait = _wait(seconds)
        super().__init__(
            seconds,
            gettext(
                "This shop has sent as many e-mails to %(address)s as it may within an hour. Wait %(wait)s, then try"
                " again.",
                address=address,
                wait=wait,
            )
            if address
            else gettext(
                "This shop has sent as many e-mails as it may within an hour. Wait %(wait)s, then try again.", wait=wait
            ),
        )


def _wait(seconds: int) -> str:
    if seconds < 90:
        return gettext("%(seconds)s seconds", seconds=seconds)
    return gettext("%(minutes)s minutes", minutes=-(-seconds // 60))


# Documents.


class SaleAlreadyDeletedError(RuleViolationError):
    """This sale was deleted already. Nothing more is needed."""

    def __init__(self, by: str = "", at: dt.datetime | None = None) -> None:
        self.by = by
        self.at = at  # with a time zone: the shop's, where a person will read it
        super().__init__(
            gettext(
                "This sale was deleted already, by %(by)s at %(at)s. Nothing more is needed.",
                by=by or "someone",
                at=f"{at:%Y-%m-%d %H:%M}",
            )
            if at
            else ""
        )


class SaleIsClosedError(ConflictError):
    """This sale can no longer be deleted. Take back what comes back as a return."""

    def __init__(self, number: str = "", why: str = "") -> None:
        self.number = number
        super().__init__(
            gettext(
                "Sale %(number)s can no longer be deleted. %(why)s Take it back as a return instead.",
                number=number,
                why=why,
            )
            if number
            else ""
        )


class AlreadyReversedError(ConflictError):
    """This was reversed already. Nothing more is needed."""


class ShiftAlreadyOpenError(ConflictError):
    """This drawer is open already. Close its shift before opening another."""


class DrawerNotOpenError(RuleViolationError):
    """This drawer is not open. Open its shift first."""

    def __init__(self, drawer: str = "") -> None:
        self.drawer = drawer
        super().__init__(
            gettext("%(drawer)s is not open. Open its shift, with a count of what is in it, then sell.", drawer=drawer)
            if drawer
            else ""
        )


class StaleEditError(ConflictError):
    """Someone changed this while you were editing. Compare with what is there now, then save again."""


class ResubmissionError(ConflictError):
    """This form was sent already with other values. Open a fresh form and enter it again."""


def _written(quantity: Decimal) -> str:
    """Write a quantity without trailing zeros and without exponent: 2, 0.25."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# Purchases.


class VendorInvoiceTwiceError(RuleViolationError):
    """This invoice of the vendor was entered already. If it is another one, say why under its number."""


class CurrencyAsksError(RuleViolationError):
    """Say whether the costs keep their numbers in the new currency, or are converted to it."""


class RateDoubtedError(RuleViolationError):
    """The rate looks odd. Look at it once more, and tick that it is right."""
