"""Lines of text in the typeface of paper."""

import pytest

from ledger_web.domain.typeface import broken, width_of


def test_a_short_name_is_one_line() -> None:
    assert broken("Milk 1 l", 40, 3, most=2) == ["Milk 1 l"]


def test_a_long_name_is_two_lines_and_an_ellipsis_and_none_is_too_wide() -> None:
    lines = broken("Sesame bread, fresh every morning, from the oven of the corner shop " * 5, 40, 3, most=2)

    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert max(width_of(line, 3) for line in lines) <= 40


@pytest.mark.parametrize("text", ["W" * 300, "ن" * 300, "中" * 300, "😀" * 300, "a" * 100_000])
def test_a_word_without_end_is_cut_where_the_line_ends(text: str) -> None:
    lines = broken(text, 30, 3, most=2)

    assert len(lines) == 2
    assert max(width_of(line, 3) for line in lines) <= 30


def test_letters_that_join_are_measured_joined() -> None:
    assert width_of("سلام", 10) < sum(width_of(letter, 10) for letter in "سلام")


def test_nothing_to_write_is_no_line() -> None:
    assert broken("", 30, 3, most=2) == []
    assert broken(" \n\t ", 30, 3, most=2) == []


def test_a_line_narrower_than_a_letter_still_holds_one() -> None:
    assert broken("ab", 0.1, 3, most=3) == ["a", "b"]
