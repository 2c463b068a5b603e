"""What a receipt adds up, and what stands across it."""

from decimal import Decimal

from ledger_web.domain.receipts import TaxLine, mark_of, tax_lines
from ledger_web.domain.taxes import TaxPart

VAT, CITY = TaxPart("VAT", Decimal(15), 15_00), TaxPart("City", Decimal(2), 2_00)


def test_each_tax_is_one_line_with_what_it_was_reckoned_on() -> None:
    lines = [(117_00, 17_00, [VAT, CITY]), (115_00, 15_00, [VAT]), (50_00, 0, [])]

    assert tax_lines(lines) == [
        TaxLine("VAT", Decimal(15), 200_00, 30_00),
        TaxLine("City", Decimal(2), 100_00, 2_00),
    ]


def test_the_mark_says_void_and_how_many_copies_there_are() -> None:
    assert mark_of(1, is_void=False) == ""
    assert mark_of(3, is_void=False) == "COPY 2"
    assert mark_of(1, is_void=True) == "VOID"
    assert mark_of(2, is_void=True) == "VOID · COPY 1"
