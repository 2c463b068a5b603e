"""The bare domain."""

import pytest
from flask import Flask

from tests.bad_input import TEXT
from tests.clients import browser_at
from tests.shops import Shop


def test_the_bare_domain_leads_to_the_landing_page(app: Flask) -> None:
    client = browser_at(app)

    response = client.get("/")

    assert response.status_code == 303
    assert response.headers["Location"] == "/welcome"
    assert "Address of your shop" in client.get("/welcome").text


def test_a_name_leads_to_the_address_of_the_shop_on_the_same_port(app: Flask) -> None:
    client = browser_at(app)

    response = client.get("/welcome?shop=+Corner+", base_url="http://shop.localhost:8000/")

    assert response.status_code == 200
    assert response.headers["Refresh"] == "0; url=http://corner.shop.localhost:8000/"
    assert 'href="http://corner.shop.localhost:8000/"' in response.text


def test_whether_there_is_such_a_shop_is_not_said(app: Flask, corner: Shop) -> None:
    there, not_there = browser_at(app).get("/welcome?shop=corner"), browser_at(app).get("/welcome?shop=nobody")

    assert there.status_code == not_there.status_code == 200
    assert there.text.replace("corner", "nobody").count("nobody") == not_there.text.replace("corner", "nobody").count(
        "nobody"
    )


@pytest.mark.parametrize(
    "name", ["a", "-x-", "evil.example/", "evil.example#", "@evil", "a b", "ab\r\nSet-Cookie: x=y", "ابج"]
)
def test_what_cannot_be_an_address_is_refused_and_stays(app: Flask, name: str) -> None:
    response = browser_at(app).get("/welcome", query_string={"shop": name})

    assert response.status_code == 422
    assert "Refresh" not in response.headers
    assert 'aria-invalid="true"' in response.text


def test_no_text_breaks_the_page(app: Flask) -> None:
    for text in TEXT:
        response = browser_at(app).get("/welcome", query_string={"shop": text.encode("utf-8", "surrogatepass")})

        assert response.status_code in {200, 422}, repr(text[:40])
