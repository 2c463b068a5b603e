"""What the DNS says: the texts at a name. Asked outside of every database transaction; it may take seconds."""

from typing import Final

import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver
from flask import current_app

from ledger_web.domain.errors import ConflictError

SECONDS_MAX: Final = 4.0


class NamesUnknownError(ConflictError):
    """The domain name system gave no answer. Try again in a moment."""


def texts_at(name: str) -> tuple[str, ...]:
    """Return what the TXT records at a name say; nothing where there are none.

    Raises:
        NamesUnknownError: Nobody answered, or not so that it means anything. That is neither a yes nor a no.
    """
    try:
        answer = _resolver().resolve(name, dns.rdatatype.TXT, lifetime=SECONDS_MAX, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError) as error:
        current_app.logger.warning("the DNS gave no answer: %s", type(error).__name__)
        raise NamesUnknownError from error
    return tuple(b"".join(record.strings).decode("ascii", "replace") for record in answer)


def _resolver() -> dns.resolver.Resolver:
    """Ask whom this machine asks, or whom the settings name."""
    named = current_app.config["RESOLVERS"]
    resolver = dns.resolver.Resolver(configure=not named)
    if named:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in named]
    return resolver
