"""Cookies of ours are found among whatever a sibling host has set; everything else in the header is nothing to us."""

from collections.abc import Callable

import pytest
from flask import Flask

from ledger_web.cookies import own_cookies
from ledger_web.identity import SESSION_COOKIE
from tests.clients import BASE_DOMAIN, ShopClient
from tests.shops import Shop

Browsers = Callable[..., ShopClient]
TOSSED = ["x=é", "x=\xff\xfe", 'x="', 'x="open', 'a="b; c=d', "=", "x", ";;;", "x=\x00", "x=" + "y" * 4000,
          'x="\\"', "__Host-x=\xff", "sid=1", " __Host-sid =evil", "__host-sid=evil", "__Host-sid\xa0=evil",
          "$Version=1", "x=\u2028".encode().decode("latin-1")]  # fmt: skip


@pytest.mark.parametrize("tossed", TOSSED)
@pytest.mark.parametrize("form", ["{tossed}; {own}", "{own}; {tossed}", "{tossed}; {own}; {tossed}", 'a="; {own}; b="'])
def test_w4_nothing_a_sibling_host_sets_signs_anybody_out(
    app: Flask, client_of: Browsers, corner: Shop, tossed: str, form: str
) -> None:
    own = f"{SESSION_COOKIE}={client_of(corner).cookie(SESSION_COOKIE)}"
    client = ShopClient(app, app.response_class, use_cookies=False)
    client.host = f"{corner.slug}.{BASE_DOMAIN}"

    answer = client.get("/", environ_overrides={"HTTP_COOKIE": form.format(tossed=tossed, own=own)})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("__Host-a=1", [("__Host-a", "1")]),
        ("__Host-a=1; __Host-b=2", [("__Host-a", "1"), ("__Host-b", "2")]),
        ("__Host-a=1;__Host-a=2", [("__Host-a", "1")]),
        ("__Host-a=1=2", [("__Host-a", "1=2")]),
        ('__Host-a="1"', []),
        ("__Host-a=1,2", []),
        ("__Host-a=\xe9", []),
        ("__Host-a", [("__Host-a", "")]),
        ("a=__Host-a=1", []),
    ],
)
def test_only_what_we_can_have_written_is_read(header: str, found: list[tuple[str, str]]) -> None:
    assert own_cookies(header) == found
