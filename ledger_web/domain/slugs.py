"""The names shops answer to: one label of a host name, not easily mistaken for another's or for ours."""

import re

from ledger_web.domain.errors import InvalidSlugError
from ledger_web.domain.languages import gettext

_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
_LOOKS = str.maketrans("015l", "oisi")

_RESERVED_WORDS = """
about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover backup billing blog
cdn cloud config console contact control dashboard db dev developer developers dns docs download email ftp git help
home host hostmaster image images imap info internal invoice invoices ledger legal localhost log login logout mail
manage manager master metrics mobile monitor mysql news noc ns ns1 ns2 ntp office official ops pay payment payments
pop pop3 portal postgres postmaster press preview privacy private production proxy public register registry reply root
sandbox secure security server service services setup shop shops signin sign-in signup sign-up smtp ssl sso stage
staging static stats status store support sysadmin system team teams terms test testing tls tools update updates
upload uploads usenet vpn web webmail webmaster welcome wiki www www1 www2
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
OPERATORS = "console"  # of those who run the system, and so it is reserved, too; the database says it as well


def is_slug(text: str) -> bool:
    """Say whether a shop could have this name: 3 to 40 of a-z, 0-9 and inner hyphens."""
    return _LABEL.fullmatch(text) is not None


def check_slug(text: str) -> str:
    """Return the name folded to lower case if a new shop may have it.

    Raises:
        InvalidSlugError: Wrong characters or length, a reserved name, or one that looks like a reserved name.

    Source: product §2, spec 3.
    """
    slug = text.strip().lower()
    if not is_slug(slug):
        raise InvalidSlugError
    if "--" in slug or slug.replace("-", "").isdigit():
        raise InvalidSlugError(
            gettext("%(slug)s cannot be an address: it needs a letter, and no two hyphens together.", slug=slug)
        )
    if look(slug) in _RESERVED_LOOKS:
        raise InvalidSlugError(
            gettext("%(slug)s is kept for the system, or looks like a name that is. Choose another address.", slug=slug)
        )
    return slug


def look(slug: str) -> str:
    """Return what a hurried reader sees: names with the same look are taken for one another.

    0 is o, 1 and l are i, 5 is s, rn is m, vv is w, and hyphens are nothing.
    """
    return slug.replace("-", "").replace("rn", "m").replace("vv", "w").translate(_LOOKS)


_RESERVED_LOOKS = frozenset(look(name) for name in RESERVED)
