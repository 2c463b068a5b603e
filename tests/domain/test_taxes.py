from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_web.domain.errors import InvalidNumberError
from ledger_web.domain.taxes import TaxedAmount, tax_of


@pytest.mark.parametrize(
    ("amount", "percents", "net", "taxes"),
    [
        (11500, ["15"], 10000, (1500,)),
        (10000, ["17.5"], 8511, (1489,)),
        (1, ["15"], 1, (0,)),
        (0, ["15"], 0, (0,)),
        (-11500, ["15"], -10000, (-1500,)),
        (10000, [], 10000, ()),
        (10000, ["0"], 10000, (0,)),
        (12000, ["5", "15"], 10000, (500, 1500)),
        (10000, ["100"], 5000, (5000,)),
        (103, ["3"], 100, (3,)),
    ],
)
def test_a_price_contains_its_tax(amount: int, percents: list[str], net: int, taxes: tuple[int, ...]) -> None:
    assert tax_of(amount, [Decimal(p) for p in percents], inclusive=True) == TaxedAmount(net, taxes, amount)


@pytest.mark.parametrize(
    ("amount", "percents", "taxes", "gross"),
    [
        (10000, ["15"], (1500,), 11500),
        (3, ["15"], (0,), 3),
        (10, ["5"], (1,), 11),
        (-10, ["5"], (-1,), -11),
        (1000, ["5", "9.975"], (50, 100), 1150),
        (10000, [], (), 10000),
    ],
)
def test_tax_comes_on_top_of_a_net_price(amount: int, percents: list[str], taxes: tuple[int, ...], gross: int) -> None:
    assert tax_of(amount, [Decimal(p) for p in percents], inclusive=False) == TaxedAmount(amount, taxes, gross)


@settings(max_examples=1_000, deadline=None)
@given(
    amount=st.integers(-(10**15) + 1, 10**15 - 1),
    percents=st.lists(st.decimals(0, 100, places=3), max_size=4),
    inclusive=st.booleans(),
)
def test_l5_net_and_taxes_are_always_the_gross(amount: int, percents: list[Decimal], inclusive: bool) -> None:
    taxed = tax_of(amount, percents, inclusive=inclusive)

    assert taxed.net + sum(taxed.taxes) == taxed.gross
    assert taxed.tax == sum(taxed.taxes)
    assert len(taxed.taxes) == len(percents)
    assert amount == (taxed.gross if inclusive else taxed.net)
    assert taxed.tax * amount >= 0


def test_a_rate_below_zero_is_no_tax() -> None:
    with pytest.raises(InvalidNumberError):
        tax_of(100, [Decimal(-1)], inclusive=True)
