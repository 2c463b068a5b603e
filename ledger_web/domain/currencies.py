"""Which currencies a shop can keep books in, how many decimals each has, and one plain way to write an amount."""

from decimal import Decimal

from babel.core import get_global
from babel.numbers import get_currency_precision, list_currencies

from ledger_web.domain.signs import write_number, written_signs


def _decimals_by_code() -> dict[str, int]:
    """Return every currency that is legal tender somewhere today, with its decimals.

    Source: ISO 4217 codes as CLDR keeps them, through Babel. CLDR gives the decimals in use: Iraqi dinars are
    counted whole although ISO allows three. Stored amounts depend on this table: a test pins it.
    """
    known = list_currencies()
    return {
        code: get_currency_precision(code)
        for holders in get_global("territory_currencies").values()
        for code, _since, until, is_tender in holders
        if until is None and is_tender and code in known
    }


_DECIMALS = _decimals_by_code()
CURRENCIES: frozenset[str] = frozenset(_DECIMALS)


def exponent(currency: str) -> int:
    """Return how many decimals the currency has: 0, 2 or 3.

    Raises:
        KeyError: Not one of CURRENCIES. Forms refuse such a code, so here it is our own mistake.
    """
    return _DECIMALS[currency]


def plain(amount: int, currency: str) -> str:
    """Write minor units for a sentence, in the signs of the shop it is said in; in a log ``1,234.50 PKR``."""
    decimals = exponent(currency)
    return f"{write_number(Decimal(amount).scaleb(-decimals), written_signs(), decimals_min=decimals)} {currency}"
