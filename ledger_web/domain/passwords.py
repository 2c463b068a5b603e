"""Which passwords and PINs are good enough."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from ledger_web.domain.errors import WeakPasswordError
from ledger_web.domain.languages import gettext

LENGTH_MIN = 8
LENGTH_MAX = 128
PIN_LENGTH_MIN = 6
PIN_LENGTH_MAX = 12

# The usual guesses of eight characters and more; shorter ones are refused by their length.
_COMMON_WORDS = """
00000000 11111111 12121212 12341234 12345678 123456789 1234567890 123123123 147258369 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
22222222 55555555 66666666 77777777 87654321 88888888 987654321 99999999 abcd1234 abcdefgh access14 adidas11
administrator alexander asdfasdf asdfghjk asdfghjkl babygirl barcelona baseball basketball bismillah butterfly
changeme charlie1 chelsea1 chocolate christian computer consumer corvette creative danielle december dolphins dragon12
einstein elephant fernando football football1 ferrari1 garfield hello123 helloworld iloveyou iloveyou1 internet
jennifer jonathan justin01 letmein1 liverpool lovelove magnolia marlboro mercedes michelle midnight mountain november
p@ssw0rd pa55word pakistan pass1234 passw0rd password password1 password12 password123 password1234 patricia princess
princess1 q1w2e3r4 qazwsxedc qwer1234 qwert123 qwerty12 qwerty123 qwertyui qwertyuiop samantha scorpion september
sunshine superman superstar swordfish test1234 testtest trustno1 victoria welcome1 welcome123 whatever zaq12wsx
zxcvbnm1 zxcvbnm123
"""
COMMON = frozenset(_COMMON_WORDS.split())
# Words that most of the best known passwords are made of, with something before or behind: Summer2024!, !admin123.
_COMMON_STEMS = """
abc abcdef abcdefg abcdefgh access admin administrator afghani afghanistan ahmad ahmadi ahmed aisha alexander
alhamdulillah ali allah amanda andrew android angel anthony anything apple april arsenal asdf asdfgh asdfghjkl
ashley august autumn azerty baby banana bank barcelona baseball basketball batman bear besiktas bismillah black
blessed blink brother business buster butterfly cash cashier champion changeme charlie cheese chelsea cherry
chocolate christ christina code company computer contrasena cookie corvette counterstrike crystal daniel database
december default demo diamond dollar dolphin dragon eagle elizabeth eminem euro everything facebook falcon family
father fatima february fenerbahce ferrari flower football forever fortnite freedom friday friends galatasaray gamer
george ginger golden golf google guest guitar hacker hannah harley hassan heart heaven hello hockey horse hunter
hussain ilove iloveyou india inshallah instagram internet iphone iran ironman islam january jennifer jessica jesus
jordan joshua july june juventus kabul karachi khan killer kitten kitty lahore ledger ledgerweb letmein linux lion
liverpool login lovely lover loveyou maggie manager manchester march market mashallah master matrix matthew mercedes
metallica michael michelle microsoft millionaire minecraft mohammad monday money monkey motdepasse mother muhammad
music mustang naruto nicole ninja nirvana nokia nothing november number october office opensesame openup orange
owner pakistan panther parola pass passw password passwort pepper phoenix piano pin pirate player pokemon porsche
princess puppy purple qazwsx qweasd qweasdzxc qwer qwerty qwertz rainbow ranger realmadrid robert roblox root rupee
sales samantha samsung secret seller senha september server sesame shadow shop silver sister slipknot soccer
something spiderman spring starcraft starwars stephanie store subhanallah success summer sunday sunshine superman
tehran temp temporary tennis test tester testing thomas tiger tigger trustme trustno user victoria victory warcraft
warrior welcome whatever white william windows winner winter wolf yamaha yellow youtube zindabad zxcvbn zxcvbnm
"""
COMMON_STEMS = frozenset(_COMMON_STEMS.split())

_LOOK_LIKE_LETTERS = str.maketrans("@4301!5$7", "aaeoiisst")
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")


def check_password(password: str, words: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long, well known, or one of the words everyone here knows.

    Args:
        password: As typed, never trimmed.
        words: The login, the shop's name and address: what a stranger tries first.

    Raises:
        WeakPasswordError: Says what to do.

    Source: promise S6.
    """
    if len(password) < LENGTH_MIN:
        raise WeakPasswordError(
            gettext(
                "A password needs at least %(length_min)s characters. A short sentence is a good one.",
                length_min=LENGTH_MIN,
            )
        )
    if len(password) > LENGTH_MAX:
        raise WeakPasswordError(
            gettext("A password may have %(length_max)s characters at most.", length_max=LENGTH_MAX)
        )
    folded = password.casefold()
    known = {word.casefold() for word in words} - {""}
    if folded in COMMON or len(set(password)) < 4 or _is_a_row(folded):
        raise WeakPasswordError
    headed = re.sub(r"[\W\d_]+$", "", folded)
    for stem in (folded, re.sub(r"^[\W\d_]+", "", headed), headed.translate(_LOOK_LIKE_LETTERS)):
        if stem in known | COMMON_STEMS or _is_twice(stem):
            raise WeakPasswordError


def _is_a_row(text: str) -> bool:
    """Say whether it is keys or letters in a row, forwards or backwards, with at most two signs more."""
    return any(
        row[start : start + len(text) - 2] in text
        for row in (*_ROWS, *(row[::-1] for row in _ROWS))
        for start in range(len(row) - len(text) + 3)
    )


def _is_twice(stem: str) -> bool:
    """Say whether it is one well known word written twice, or two of them."""
    return any(stem[:cut] in COMMON_STEMS and stem[cut:] in COMMON_STEMS for cut in range(3, len(stem) - 2))


def fold_pin(text: str) -> str:
    """Return a PIN as it is stored: spaces gone, and every script's digits as 0 to 9.

    Raises:
        WeakPasswordError: There is something else than digits in it.
    """
    digits = [unicodedata.digit(sign, None) for sign in text if not sign.isspace()]
    if None in digits:
        raise WeakPasswordError("A PIN is made of digits only.")
    return "".join(map(str, digits))


def check_pin(pin: str) -> None:
    """Refuse a PIN that is too short or among the first that anybody would try.

    Args:
        pin: Folded.

    Raises:
        WeakPasswordError: Says what to do.

    Source: promises §2.9, six digits.
    """
    if not PIN_LENGTH_MIN <= len(pin) <= PIN_LENGTH_MAX:
        raise WeakPasswordError(
            gettext(
                "A PIN has %(pin_length_min)s to %(pin_length_max)s digits.",
                pin_length_min=PIN_LENGTH_MIN,
                pin_length_max=PIN_LENGTH_MAX,
            )
        )
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(steps) == 1 or len(set(pin)) < 3 or pin in f"{pin[:3]}{pin[:3]}":
        raise WeakPasswordError("This PIN is easy to guess. Leave out rows, repetitions and the like.")
