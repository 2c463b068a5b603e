"""What was scanned or typed at the till, split at its star."""

from decimal import Decimal

import pytest

from ledger_web.domain.errors import InvalidQuantityError
from ledger_web.domain.scans import Scan, read_scan


@pytest.mark.parametrize(
    ("typed", "scan"),
    [
        ("5012345678900", Scan("5012345678900", None)),
        ("12*5012345678900", Scan("5012345678900", Decimal(12))),
        ("0.250*milk", Scan("milk", Decimal("0.250"))),
        ("3*", Scan("", Decimal(3))),
        (" milk ", Scan("milk", None)),
        ("2*a*b", Scan("a*b", Decimal(2))),
        # 5012345678900 from a scanner that holds shift: the star is its 8.
        ("%)!@#$%^&*())", Scan("%)!@#$%^&*())", None)),
    ],
)
def test_what_stands_before_a_star_is_how_many(typed: str, scan: Scan) -> None:
    assert read_scan(typed) == scan


@pytest.mark.parametrize("typed", ["*milk", "x*milk", "-1*milk", "0*milk", "NaN*milk", "1e5*milk"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidQuantityError):
        read_scan(typed)
