"""How much to buy, and what tells one count from another."""

import uuid
from decimal import Decimal
from fractions import Fraction

import pytest

from ledger_web.domain.errors import InvalidQuantityError
from ledger_web.domain.stock import BuyingUnit, CountedLine, digest_of_count, suggest

CRATE = BuyingUnit(uuid.UUID(int=1), "crate", Fraction(12))
PALLET = BuyingUnit(uuid.UUID(int=2), "pallet", Fraction(480))


@pytest.mark.parametrize(
    ("on_hand", "level", "up_to", "units", "bought"),
    [
        (2, 10, 30, [], (28, "", 28)),
        (2, 10, None, [], (8, "", 8)),
        (-5, 10, 30, [], (35, "", 35)),
        (2, 10, 30, [CRATE], (3, "crate", 36)),
        (6, 10, 30, [CRATE], (2, "crate", 24)),
        (2, 10, 30, [PALLET, CRATE], (3, "crate", 36)),
        (0, 10, 960, [PALLET, CRATE], (2, "pallet", 960)),
    ],
)
def test_as_many_whole_packs_are_bought_as_are_needed(
    on_hand: int, level: int, up_to: int | None, units: list[BuyingUnit], bought: tuple[int, str, int]
) -> None:
    found = suggest(Decimal(on_hand), Decimal(level), None if up_to is None else Decimal(up_to), units)

    assert (int(found.quantity), found.unit.name, int(found.in_base)) == bought


def test_nothing_is_bought_while_there_is_enough() -> None:
    with pytest.raises(InvalidQuantityError):
        suggest(Decimal(10), Decimal(10), Decimal(20), [])


def test_a_count_is_the_same_in_any_order_and_another_with_every_change() -> None:
    tea = CountedLine(uuid.UUID(int=1), Decimal(3), Decimal(2))
    milk = CountedLine(uuid.UUID(int=2), Decimal(3), Decimal(3))

    assert digest_of_count([tea, milk]) == digest_of_count([milk, tea])
    assert digest_of_count([tea]) != digest_of_count([CountedLine(tea.product_id, Decimal(3), Decimal(1))])
    assert tea.difference == -1
