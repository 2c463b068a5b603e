"""What may be said about a product."""

import pytest

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.products import (
    NAME_KEY_MAX,
    STOCK_POLICIES,
    keeps_stock,
    may_go_below_zero,
    name_key,
    read_line,
    read_sku,
    search_words,
)


def test_names_are_ordered_without_capitals_and_accents() -> None:
    names = ["Éclair", "apple", "Zebra", "Apple pie", "eclair xl", "ábaco", "Σοκολάτα", "ساده"]

    assert sorted(names, key=name_key) == [
        "ábaco", "apple", "Apple pie", "Éclair", "eclair xl", "Zebra", "Σοκολάτα", "ساده",
    ]  # fmt: skip


def test_the_key_of_a_long_name_is_short() -> None:
    assert len(name_key("word " * 5 + "x" * 40 + " " + "y" * 40 + " " + "z" * 40)) <= NAME_KEY_MAX


def test_a_name_of_signs_only_has_a_key_and_no_words() -> None:
    assert (name_key("!!!"), search_words("!!!", None)) == ("", [])


def test_search_finds_words_of_name_and_sku() -> None:
    assert search_words("Cola Light", "CL-330") == ["cola", "light", "cl", "330"]


def test_each_policy_says_whether_stock_is_kept_and_may_be_oversold() -> None:
    assert {policy: (keeps_stock(policy), may_go_below_zero(policy)) for policy in STOCK_POLICIES} == {
        "block": (True, False),
        "warn": (True, True),
        "allow": (True, True),
        "none": (False, False),
    }


def test_i7_a_line_is_nfc_with_single_spaces() -> None:
    assert read_line(" Cafe\u0301 \r\n\t au  lait ", "a name", 20) == "Café au lait"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7fb", "a\ud800b", "x" * 21])
def test_a_line_without_control_characters_and_not_too_long(text: str) -> None:
    with pytest.raises(RuleViolationError):
        read_line(text, "a name", 20)


@pytest.mark.parametrize("text", ["A\u200bB", "\u202eAB", "A\ufeffB", "A\u2066B", "A\u00adB"])
def test_an_sku_looks_like_what_it_is(text: str) -> None:
    with pytest.raises(RuleViolationError, match="invisible"):
        read_sku(text)


def test_no_sku_is_none() -> None:
    assert read_sku("  ") is None
