"""Which passwords are good enough."""

from collections.abc import Iterable

from ledger_web.domain.errors import WeakPasswordError

LENGTH_MIN = 8
LENGTH_MAX = 128

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
        raise WeakPasswordError(f"A password needs at least {LENGTH_MIN} characters. A short sentence is a good one.")
    if len(password) > LENGTH_MAX:
        raise WeakPasswordError(f"A password may have {LENGTH_MAX} characters at most.")
    folded = password.casefold()
    known = {word.casefold() for word in words} - {""}
    if folded in COMMON or len(set(password)) < 4 or folded.rstrip("0123456789!.") in known:
        raise WeakPasswordError
