"""The Cookie header, read strictly: our own cookies and nothing else in it can matter to us."""

import re
from functools import cached_property
from typing import Final

from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import ImmutableMultiDict

OWN: Final = "__Host-"  # browsers take such a cookie from this host alone, over HTTPS, for the whole site

_VALUE: Final = re.compile(r"[!#-+\--:<-\[\]-~]*")  # RFC 6265, 4.1.1: no quotes, no comma, no backslash, ASCII only


class OwnCookiesRequest(HtmxAwareRequest):  # type: ignore[misc]  # htmx-flask has no types
    """A request that sees only cookies of ours.

    Sibling hosts can set cookies for the whole domain, with any bytes in them. A reader that decodes the header as one
    text, or takes a quotation mark for the beginning of a long value, loses ours among theirs and signs people out.
    """

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        return ImmutableMultiDict(own_cookies(self.environ.get("HTTP_COOKIE", "")))


def own_cookies(header: str) -> list[tuple[str, str]]:
    """Return our cookies, the first of each name; one whose value we cannot have written is none."""
    found: dict[str, str] = {}
    for piece in header.split(";"):
        name, _, value = piece.strip(" \t").partition("=")
        if name.startswith(OWN) and _VALUE.fullmatch(value):
            found.setdefault(name, value)
    return list(found.items())
