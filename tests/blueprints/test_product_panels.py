"""The panels of a product's page: each by itself, all of them with few queries, and edits that met somebody else's."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from ledger_web.blueprints.product_page import PANELS, RIGHTS
from ledger_web.domain.ids import new_id
from ledger_web.queries.families import get_family
from ledger_web.queries.products import get_product_details, list_products
from ledger_web.queries.units import list_units
from tests.clients import ShopClient
from tests.shops import Shop, add_customer, add_product, price_and_picture, sell
from tests.test_identity import statements

Browsers = Callable[..., ShopClient]

QUERIES_MAX = 10


def op() -> str:
    return str(new_id())


def furnished(shop: Shop) -> uuid.UUID:
    """Return a product with something to show on each panel."""
    milk = add_product(shop, "Milk", quantity=30)
    price_and_picture(shop, "Corner", milk, add_customer(shop))
    sell(shop, (milk, 1, 115_00))
    return milk


def test_the_whole_page_takes_ten_queries_at_most_however_much_there_is(
    app: Flask, client_of: Browsers, shop: Shop
) -> None:
    milk, client = furnished(shop), client_of(shop)
    client.get(f"/products/{milk}")

    with statements(app) as seen:
        page = client.get(f"/products/{milk}")

    assert page.status_code == 200
    assert len(seen) <= QUERIES_MAX, seen


@pytest.mark.parametrize("panel", PANELS)
def test_each_panel_is_a_fragment_with_its_own_address_and_a_page_without_htmx(
    app: Flask, client_of: Browsers, shop: Shop, panel: str
) -> None:
    milk, client = furnished(shop), client_of(shop)
    address = f"/products/{milk}/panels/{panel}"
    client.get(address)

    with statements(app) as seen:
        fragment = client.get(address, htmx=True)

    assert fragment.text.lstrip().startswith("<section id=")
    assert "<html" not in fragment.text
    assert len(seen) <= 5
    assert "<html" in client.get(address).text


@pytest.mark.parametrize("panel", ["cost", "last-received"])
def test_who_may_not_see_costs_cannot_ask_for_their_panel(client_of: Browsers, shop: Shop, panel: str) -> None:
    milk = add_product(shop, "Milk", cost=61_37)

    assert panel in RIGHTS
    answer = client_of(shop, "cashier").get(f"/products/{milk}/panels/{panel}", htmx=True)

    assert answer.status_code == 403
    assert "61.37" not in answer.text


def test_a_panel_that_is_none_or_a_rivals_is_not_there(client_of: Browsers, shop: Shop, rival: Shop) -> None:
    milk, theirs, client = add_product(shop), add_product(rival), client_of(shop)

    for path in (f"{milk}/panels/secrets", f"{theirs}/panels/stock", f"{theirs}/price", f"{theirs}/picture/large"):
        assert client.get(f"/products/{path}").status_code == 404, path


def test_stock_is_shown_in_packs(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk", quantity=29), client_of(shop)
    client.post_form(f"/products/{milk}/units", {"op_id": op(), "name": "crate", "factor_numerator": "12"})

    panel = client.get(f"/products/{milk}/panels/stock", htmx=True).text

    assert re.search(r"2 <small><bdi>crate</bdi></small>\s*\+\s*5 <small><bdi>pcs", panel)


@pytest.mark.parametrize(
    ("path", "first", "second", "shown"),
    [
        ("", {"name": "Oat milk", "brand": "Oats"}, {"name": "Soy milk", "brand": "Soya"}, ("Oats", "Soya")),
        (
            "/price",
            {"unit_price": "99", "reason": "Promotion"},
            {"unit_price": "130", "reason": "New cost"},
            ("99.00", "130"),
        ),
        (
            "/stock-rules",
            {"unit": "pcs", "stock_policy": "warn", "reorder_level": "4"},
            {"unit": "pcs", "stock_policy": "allow", "reorder_level": "6"},
            ("Warn, then sell anyway", "Sell anyway"),
        ),
    ],
    ids=["description", "price", "stock rules"],
)
def test_an_edit_that_met_another_shows_both_values_and_saves_neither_twice(
    client_of: Browsers, shop: Shop, path: str, first: dict[str, str], second: dict[str, str], shown: tuple[str, str]
) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    address = f"/products/{milk}{path}"
    assert client.post_form(address, first | {"op_id": op(), "version": "1"}).status_code == 303

    stale = client.post_form(address, second | {"op_id": op(), "version": "1"}, htmx=True)

    assert stale.status_code == 409
    for words in shown:
        assert f"<bdi>{words}</bdi>" in stale.text, words
    assert 'name="version" value="2"' in stale.text
    assert get_product_details(shop.tenant_id, milk).version == 2


def test_a_pack_that_met_another_edit_shows_both(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    client.post_form(f"/products/{milk}/units", {"op_id": op(), "name": "crate", "factor_numerator": "12"})
    (unit,) = list_units(shop.tenant_id, milk)
    address, sent = f"/products/{milk}/units/{unit.id}", {"version": "1", "is_sold": "y", "is_bought": "y"}

    client.post_form(address, sent | {"op_id": op(), "name": "case"})
    stale = client.post_form(address, sent | {"op_id": op(), "name": "box", "unit_price": "9"}, htmx=True)

    assert stale.status_code == 409
    assert "<bdi>box</bdi>" in stale.text
    assert "<bdi>case</bdi>" in stale.text
    assert [each.name for each in list_units(shop.tenant_id, milk)] == ["case"]


def test_a_price_of_nothing_is_taken_only_from_who_means_it(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    sent = {"unit_price": "0", "reason": "A gift", "version": "1"}

    refused = client.post_form(f"/products/{milk}/price", sent | {"op_id": op()})
    meant = client.post_form(f"/products/{milk}/price", sent | {"op_id": op(), "is_free": "y"})

    assert (refused.status_code, meant.status_code) == (422, 303)
    assert "0 gives it away" in refused.text
    assert 'name="is_free"' in refused.text
    assert get_product_details(shop.tenant_id, milk).unit_price == 0


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/price", {"unit_price": "-1", "reason": "x", "version": "1"}),
        ("/price", {"unit_price": "5", "reason": "", "version": "1"}),
        ("/prices", {"unit_price": "5", "quantity_from": "-1", "reason": "x"}),
        ("/prices", {"unit_price": "5", "starts_on": "2026-12-02", "ends_on": "2026-12-01", "reason": "x"}),
        ("/prices", {"unit_price": "5", "price_list_id": "00000000-0000-0000-0000-000000000000", "reason": "x"}),
        ("/units", {"name": "crate", "factor_numerator": "0"}),
        ("/units", {"name": "crate", "factor_numerator": "1.5"}),
        ("/units", {"name": "slice", "factor_numerator": "1", "factor_denominator": "3"}),
        ("/units", {"name": "pcs", "factor_numerator": "12"}),
        ("/stock-rules", {"unit": "pcs", "stock_policy": "block", "reorder_to": "5", "version": "1"}),
        ("", {"name": "", "version": "1"}),
        ("", {"name": "Milk", "tags": "x" * 31, "version": "1"}),
    ],
)
def test_what_cannot_be_is_refused_in_its_place_and_nothing_is_saved(
    client_of: Browsers, shop: Shop, path: str, sent: dict[str, str]
) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)

    answer = client.post_form(f"/products/{milk}{path}", sent | {"op_id": op()}, htmx=True)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text or 'class="error"' in answer.text
    assert get_product_details(shop.tenant_id, milk).version == 1
    assert list_units(shop.tenant_id, milk) == []


def test_who_sees_costs_is_warned_of_a_price_below_them(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk", cost=60_00), client_of(shop)

    client.post_form(
        f"/products/{milk}/price",
        {"op_id": op(), "version": "1", "unit_price": "65", "tax_percent": "15", "reason": "Promotion"},
    )
    page = client.get(f"/products/{milk}").text

    assert "below what one costs" in page
    assert "the price is below the cost" in page
    assert "below" not in client_of(shop, "cashier").get(f"/products/{milk}").text


def test_who_may_not_change_prices_cannot(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop, "cashier")

    for path in ("price", "prices", "units", "stock-rules", "picture", "archival"):
        assert client.post_form(f"/products/{milk}/{path}", {"op_id": op()}).status_code == 403, path


# Pictures.


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, kind)
    return written.getvalue()


def upload(client: ShopClient, product_id: uuid.UUID, content: bytes, **kwargs: Any) -> Any:
    sent: dict[str, Any] = {"op_id": op(), "picture": (io.BytesIO(content), "milk.png")}
    return client.post_form(f"/products/{product_id}/picture", sent, content_type="multipart/form-data", **kwargs)


def test_a_picture_is_served_as_what_we_wrote_and_to_the_shop_alone(
    client_of: Browsers, shop: Shop, rival: Shop
) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)

    assert upload(client, milk, picture()).status_code == 303

    answer = client.get(f"/products/{milk}/picture/small")
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(answer.data)) as drawn:
        assert (drawn.format, drawn.size) == ("WEBP", (40, 30))
    assert f"/products/{milk}/picture/large" in client.get(f"/products/{milk}").text
    assert client_of(rival).get(f"/products/{milk}/picture/small").status_code == 404
    assert client.get(f"/products/{milk}/picture/huge").status_code == 404


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", picture()[:50], b"\x89PNG" + b"\0" * 300_000])
def test_what_is_no_picture_is_refused_with_a_sentence(client_of: Browsers, shop: Shop, content: bytes) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)

    answer = upload(client, milk, content, htmx=True)

    assert answer.status_code == 422
    assert "Picture: " in answer.text
    assert client.get(f"/products/{milk}/picture/large").status_code == 404


def test_a_picture_can_be_taken_away(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    upload(client, milk, picture())

    client.post_form(f"/products/{milk}/picture/delete", {"op_id": op()})

    assert client.get(f"/products/{milk}/picture/large").status_code == 404


# Variants, lists and categories.


def test_variants_are_made_from_the_page_and_priced_in_their_grid(client_of: Browsers, shop: Shop) -> None:
    shirt, client = add_product(shop, "Shirt", price=900_00), client_of(shop)

    made = client.post_form(
        f"/product-families/new/{shirt}", {"op_id": op(), "name_1": "Size", "values_1": "M, L, m", "values_2": ""}
    )
    family = get_family(shop.tenant_id, uuid.UUID(made.headers["Location"].rpartition("/")[2]))
    prices = {f"price_{variant.id}": "950" for variant in family.variants}
    priced = client.post_form(
        f"/product-families/{family.id}/prices", prices | {"op_id": op(), "reason": "New cost"}, htmx=True
    )

    assert [variant.values for variant in family.variants] == [("M",), ("L",)]
    assert priced.status_code == 200
    assert [each.unit_price for each in get_family(shop.tenant_id, family.id).variants] == [950_00, 950_00]
    free = dict.fromkeys(prices, "0") | {"op_id": op(), "reason": "Gone"}
    refused = client.post_form(f"/product-families/{family.id}/prices", free, htmx=True)
    assert (refused.status_code, "Those at 0 cost nothing" in refused.text) == (422, True)
    client.post_form(f"/product-families/{family.id}/prices", free | {"is_free": "y"})
    assert {each.unit_price for each in get_family(shop.tenant_id, family.id).variants} == {0}


def test_too_many_variants_are_refused_and_what_was_typed_is_kept(client_of: Browsers, shop: Shop) -> None:
    shirt, client = add_product(shop, "Shirt"), client_of(shop)
    many = ",".join(f"{number}" for number in range(100))

    answer = client.post_form(
        f"/product-families/new/{shirt}",
        {"op_id": op(), "name_1": "Size", "values_1": many, "name_2": "Colour", "values_2": many},
        htmx=True,
    )

    assert answer.status_code == 422
    assert "10,000 variants" in answer.text
    assert "at most 200" in answer.text
    assert many in answer.text


def test_a_category_is_named_on_a_product_renamed_and_filters_the_list(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    add_product(shop, "Tea")
    client.post_form(f"/products/{milk}", {"op_id": op(), "version": "1", "name": "Milk", "category": "Dairy"})
    category_id = get_product_details(shop.tenant_id, milk).category_id

    client.post_form(f"/product-categories/{category_id}", {"op_id": op(), "name": "Milk and cheese"})
    refused = client.post_form(f"/product-categories/{category_id}/delete", {"op_id": op()}, htmx=True)

    assert get_product_details(shop.tenant_id, milk).category == "Milk and cheese"
    assert [row.name for row in list_products(shop.tenant_id, category_id=category_id).rows] == ["Milk"]
    assert "Tea" not in client.get(f"/products/?category={category_id}", htmx=True).text
    assert refused.status_code == 422


def test_a_customer_is_given_a_list(client_of: Browsers, shop: Shop) -> None:
    alice, client = add_customer(shop), client_of(shop)
    made = client.post_form("/price-lists/", {"op_id": op(), "name": "Wholesale"})
    listed = made.headers["Location"].rpartition("/")[2]

    client.post_form(f"/price-lists/customers/{alice}", {"op_id": op(), "price_list_id": listed})

    assert "Alice" in client.get(f"/price-lists/{listed}").text
    assert "Wholesale" in client.get(f"/price-lists/customers/{alice}").text
    assert client.post_form("/price-lists/", {"op_id": op(), "name": "Wholesale"}).status_code == 422


def test_a_pack_costs_nothing_only_if_that_is_meant(client_of: Browsers, shop: Shop) -> None:
    milk, client = add_product(shop, "Milk"), client_of(shop)
    sent = {"op_id": op(), "name": "crate", "factor_numerator": "12", "unit_price": "0"}

    refused = client.post_form(f"/products/{milk}/units", sent, htmx=True)
    assert refused.status_code == 422
    assert "It costs nothing" in refused.text
    assert list_units(shop.tenant_id, milk) == []
    client.post_form(f"/products/{milk}/units", sent | {"is_free": "y"})

    (unit,) = list_units(shop.tenant_id, milk)
    assert unit.own_price == 0
