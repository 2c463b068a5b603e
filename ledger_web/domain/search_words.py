"""The words under which a name is found, and the ranges of words that what was typed asks for.

Search reads stored words by range, `word >= low AND word < high` in COLLATE "C", because under row-level security
LIKE cannot use an index. Stored and typed words go through the same function, so that they meet.
"""

import functools
import unicodedata

TEXT_MAX = 1000  # characters looked at
WORD_MAX = 40  # characters
WORDS_MAX = 40  # of one text
QUERY_WORDS_MAX = 8

# One letter for letters that people type interchangeably on Arabic, Persian and Urdu keyboards.
_ONE_LETTER = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ئ": "ی",
        "ې": "ی",
        "ك": "ک",
        "ة": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ۀ": "ه",
        "ۃ": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ـ": None,
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "ı": "i",
    }
)


def words(text: str) -> list[str]:
    """Return the distinct words of a text in their order: small letters, no accents, ASCII digits.

    At most WORDS_MAX words of at most WORD_MAX characters, out of TEXT_MAX; what is beyond is cut off.

    Source: promises I7 (search by casefolded NFKC).
    """
    distinct = dict.fromkeys(word[:WORD_MAX] for word in _plain_letters(text[:TEXT_MAX]).split())
    return list(distinct)[:WORDS_MAX]


def ranges(query: str) -> list[tuple[str, str]]:
    """Return for each word typed the half-open range [low, high) of stored words that begin with it.

    Of words that begin with one another only the longest is asked for. The order of UTF-8 bytes is the order of
    code points, so the upper bound is the prefix with its last character raised by one.
    """
    typed = words(query)[:QUERY_WORDS_MAX]
    needed = [word for word in typed if not any(other != word and other.startswith(word) for other in typed)]
    return [prefix_range(word) for word in needed]


def prefix_range(prefix: str) -> tuple[str, str]:
    """Return the half-open range [low, high) of all texts that begin with one that is not empty."""
    return prefix, _after_prefix(prefix)


def _plain_letters(text: str) -> str:
    """Fold a text and put a space wherever there is neither letter nor digit."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    decomposed = unicodedata.normalize("NFKD", folded.translate(_ONE_LETTER)).translate(_ONE_LETTER)
    return unicodedata.normalize("NFC", "".join(_plain(sign) for sign in decomposed))


@functools.lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    """Return what stays of one code point: itself, its ASCII digit, nothing, or a space.

    Marks that are written above or below Latin, Greek, Cyrillic, Hebrew and Arabic letters go (combining classes
    10 to 36 and from 200); vowel signs of Indian and Thai writing and the strokes of kana stay, they are letters.
    """
    category = unicodedata.category(sign)
    if category[0] == "L":
        return sign
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category in {"Mn", "Mc"}:
        combining = unicodedata.combining(sign)
        is_accent = 10 <= combining <= 36 or combining >= 200 or sign in _VARIATION_SELECTORS
        return "" if is_accent else sign
    return "" if category in {"Cf", "Me"} else " "  # invisible joiners of Persian and emoji part no words


_VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))


def _after_prefix(prefix: str) -> str:
    """Return the least text that is greater than every text beginning with the prefix.

    What a word ends with is never the last code point there is, so the raised character always exists.
    """
    following = ord(prefix[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:
        following = 0xE000  # surrogates are no characters and cannot be stored
    return prefix[:-1] + chr(following)
