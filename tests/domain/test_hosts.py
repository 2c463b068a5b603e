"""Which domains a shop may be reached under."""

import pytest

from ledger_web.domain.errors import InvalidDomainError
from ledger_web.domain.hosts import check_host, is_host, proof_at

BASE = "ledger.example.net"


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("www.bazaar.example", "www.bazaar.example"),
        (" WWW.Bazaar.Example. ", "www.bazaar.example"),
        ("bazaar.example", "bazaar.example"),
        ("a-b.c1.example", "a-b.c1.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("пример.example", "xn--e1afmkfd.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("example.net", "example.net"),
    ],
)
def test_a_domain_is_kept_as_browsers_send_it(typed: str, host: str) -> None:
    assert check_host(typed, BASE) == host
    assert is_host(host)


@pytest.mark.parametrize(
    "typed",
    [
        "", "bazaar", "localhost", "shop.localhost", "printer.local", "db.internal", "1.168.192.in-addr.arpa",
        "127.0.0.1", "192.0.2.1", "[::1]", "::1", "1.2.3", "www.example.123", "https://bazaar.example",
        "bazaar.example/", "bazaar.example:8000", "a@bazaar.example", "-a.example", "a-.example", "a..example",
        ".example", "*.bazaar.example", "_dmarc.bazaar.example", "a b.example", "a\tb.example", "bazaar.example#",
        "x" * 64 + ".example", "a." * 130 + "example", "xn--a.example", "xn--.example", "\u202ebazaar.example",
        BASE, f"corner.{BASE}", f"www.corner.{BASE}", BASE.upper(), f"{BASE}.",
    ],
)  # fmt: skip
def test_what_is_no_domain_or_is_ours_is_refused(typed: str) -> None:
    with pytest.raises(InvalidDomainError):
        check_host(typed, BASE)


@pytest.mark.parametrize(
    "typed",
    [
        "1edger.example.net",
        "ledger.examp1e.net",
        "corner.le-dger.example.net",
        "lеdger.example.net",  # a Cyrillic е among Latin letters
        "раураl.example",  # Cyrillic, but for the last letter
        "βazaar.example",
    ],
)
def test_what_looks_like_ours_or_like_something_it_is_not_is_refused(typed: str) -> None:
    with pytest.raises(InvalidDomainError):
        check_host(typed, BASE)


def test_the_proof_stands_at_a_name_of_its_own() -> None:
    assert proof_at("www.bazaar.example") == "_ledger-web.www.bazaar.example"
