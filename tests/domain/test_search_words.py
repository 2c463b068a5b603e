import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_web.domain.search_words import WORD_MAX, WORDS_MAX, ranges, words
from tests.bad_input import ALL


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Crème Brûlée 250g", ["creme", "brulee", "250g"]),
        ("MILK milk Milk", ["milk"]),
        ("Müller & Söhne (GmbH)", ["muller", "sohne", "gmbh"]),
        ("Straße", ["strasse"]),
        ("Łódź Ørsted Æsir", ["lodz", "orsted", "aesir"]),
        ("كريم", ["کریم"]),
        ("کریم", ["کریم"]),
        ("أحمد احمد", ["احمد"]),
        ("مُحَمَّد", ["محمد"]),
        ("١٢٣ ۱۲۳ 123", ["123"]),
        ("ＭＩＬＫ", ["milk"]),
        ("ﬁsh", ["fish"]),
        ("हिन्दी दूध", ["हिन्दी", "दूध"]),
        ("日本 コーヒー ガム", ["日本", "コーヒー", "ガム"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("a-b_c/d.e", ["a", "b", "c", "d", "e"]),
        ("", []),
        ("\u200b\u202e !?", []),
        ("a\x00b\ud800c", ["a", "b", "c"]),
        ("👍🏽 ok", ["ok"]),
    ],
)
def test_a_name_has_its_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_words_are_cut_and_counted() -> None:
    assert words("x" * 100) == ["x" * WORD_MAX]
    assert len(words(" ".join(f"w{n}" for n in range(200)))) == WORDS_MAX


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("ab", [("ab", "ac")]),
        ("Red mil", [("red", "ree"), ("mil", "mim")]),
        ("mil milk", [("milk", "mill")]),
        ("z", [("z", "{")]),
        ("9", [("9", ":")]),
        ("", []),
        ("%_*", []),
    ],
)
def test_what_is_typed_becomes_half_open_ranges(query: str, asked: list[tuple[str, str]]) -> None:
    assert ranges(query) == asked


def test_the_upper_bound_is_never_a_surrogate() -> None:
    low, high = ranges("\ud7fb")[0]  # the last letter of Hangul; the code points after it up to D7FF are unassigned

    assert low.encode() < high.encode()


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_range_holds_the_words_that_begin_with_it_and_no_others(name: str, query: str) -> None:
    for low, high in ranges(query):
        for word in [*words(name), *words(query + name)]:
            inside = low.encode() <= word.encode() < high.encode()
            assert inside == word.startswith(low)


@pytest.mark.parametrize("text", ALL)
def test_every_text_has_words_that_can_be_stored_and_found_again(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= WORD_MAX
        assert word.encode()
        assert words(word) == [word]


def test_a_hundred_thousand_characters_take_no_time() -> None:
    started = time.perf_counter()

    words("\ufdfa" * 100_000)
    ranges("é " * 50_000)

    assert time.perf_counter() - started < 0.05
