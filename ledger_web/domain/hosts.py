"""Host names of shops' own: what one is made of, and which nobody may have here."""

import re
import unicodedata
from typing import Final

from ledger_web.domain.errors import InvalidDomainError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import look

PROOF_NAME: Final = "_ledger-web"  # the record stands at this label before the host
PROOF: Final = "ledger-web="  # and says this and the token of the claim
LENGTH_MAX: Final = 253 - len(PROOF_NAME) - 1

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
# Names that mean something of this machine or this network, and belong to nobody. Source: RFC 6761, RFC 6762, RFC 8375.
_NOBODYS = frozenset({"localhost", "local", "internal", "invalid", "onion", "arpa", "lan", "home"})
# Scripts with letters that pass for one another's.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN"})
_LOOKS = str.maketrans("аеорсухіјѕԁӏһԛԝαεορυνικτ", "aeopcyxijsdlhqwaeopuvikt")


def is_host(text: str) -> bool:
    """Say whether this could be the name of a host, written as browsers send it: no number, no case, no last dot."""
    return len(text) <= LENGTH_MAX and _HOST.fullmatch(text) is not None


def check_host(text: str, base_domain: str) -> str:
    """Return the name as browsers send it, letters beyond ASCII as punycode, if a shop may be reached under it.

    Args:
        base_domain: The domain below which all shops live: it, and what is below it or looks like it, is nobody's.

    Raises:
        InvalidDomainError: It is no name of a host, or one of ours.
    """
    host = _in_ascii(text.strip().lower().rstrip("."))
    if not is_host(host) or host.rpartition(".")[2] in _NOBODYS:
        raise InvalidDomainError
    if any(_mixes_scripts(label) for label in _in_letters(host).split(".")):
        raise InvalidDomainError(
            gettext("%(host)s mixes letters of different scripts that look alike. Such a name is not taken.", host=host)
        )
    if _is_like(_in_letters(host), base_domain):
        raise InvalidDomainError(gettext("%(host)s is kept for the system, or looks like a name that is.", host=host))
    return host


def proof_at(host: str) -> str:
    """Return the name in the DNS at which the proof stands."""
    return f"{PROOF_NAME}.{host}"


def _in_ascii(text: str) -> str:
    try:
        return text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidDomainError from error


def _in_letters(host: str) -> str:
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError as error:
        raise InvalidDomainError from error


def _mixes_scripts(label: str) -> bool:
    scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in label if sign.isalpha()}
    return len(scripts) > 1 and bool(scripts & _ALIKE)


def _is_like(host: str, base_domain: str) -> bool:
    ours = [look(label) for label in base_domain.split(".")]
    theirs = [look(label.translate(_LOOKS)) for label in host.split(".")]
    return theirs[-len(ours) :] == ours
