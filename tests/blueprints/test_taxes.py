"""Tax classes over HTTP: made, changed, offered no more; and what they do to the next sale."""

import re
from collections.abc import Callable
from decimal import Decimal

from ledger_web.domain.ids import new_id
from ledger_web.domain.taxes import TaxRate
from ledger_web.queries.taxes import get_tax_settings, list_tax_classes
from ledger_web.services.tax_classes import CreateTaxClass, create_tax_class
from tests.clients import ShopClient
from tests.shops import Shop, add_product

ClientOf = Callable[..., ShopClient]
BOTH = {"name": "Both", "rate_name_1": "GST", "percent_1": "5", "rate_name_2": "PST", "percent_2": "10"}


def test_a_class_is_made_changed_and_its_products_follow(shop: Shop, client_of: ClientOf) -> None:
    client, milk = client_of(shop), add_product(shop, "Milk", tax=0)
    client.post_form("/admin/taxes/", BOTH | {"is_compound_2": "1", "op_id": str(new_id())})
    (made,) = list_tax_classes(shop.tenant_id)
    with shop.act() as uow:
        uow.execute(
            "UPDATE products SET tax_class_id = %(class)s, tax_percent = 15.5 WHERE tenant_id = %(tenant_id)s",
            {"class": made.id},
        )

    page = client.get(f"/admin/taxes/{made.id}").text
    assert 'value="10"' in page
    changed = BOTH | {"percent_2": "20", "version": "1", "op_id": str(new_id())}
    answer = client.post_form(f"/admin/taxes/{made.id}", changed)

    assert answer.status_code == 303
    with shop.act() as uow:
        percent = uow.execute(
            "SELECT tax_percent FROM products WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": milk}
        ).scalar_one()
    assert percent == 25
    stale = client.post_form(f"/admin/taxes/{made.id}", changed | {"percent_2": "30", "op_id": str(new_id())})
    assert stale.status_code == 409
    assert "30" in stale.text


def test_a_name_without_a_percentage_and_rates_beyond_reason_are_refused_and_kept(
    shop: Shop, client_of: ClientOf
) -> None:
    client = client_of(shop)

    half = client.post_form("/admin/taxes/", {**BOTH, "percent_2": "", "op_id": str(new_id())})
    much = client.post_form("/admin/taxes/", {**BOTH, "percent_1": "60", "percent_2": "60", "op_id": str(new_id())})

    assert (half.status_code, much.status_code) == (422, 422)
    assert "Enter a name and a percentage, or neither" in half.text
    assert "come to 100 % at most" in much.text
    assert 'value="PST"' in half.text
    assert list_tax_classes(shop.tenant_id) == []


def test_whether_prices_contain_tax_and_how_cash_is_rounded_is_the_shops_choice(
    shop: Shop, client_of: ClientOf
) -> None:
    answer = client_of(shop).post_form(
        "/admin/taxes/settings", {"prices": "without", "cash_step": "0.05", "op_id": str(new_id())}
    )

    assert answer.status_code == 303
    settings = get_tax_settings(shop.tenant_id)
    assert (settings.prices_include_tax, settings.cash_step) == (False, 5)


def test_only_who_may_change_settings_sees_them_and_a_rivals_class_is_not_there(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    theirs = create_tax_class(
        CreateTaxClass(id=new_id(), name="Theirs", rates=(TaxRate("VAT", Decimal(15)),)), rival.act()
    ).id

    assert client_of(shop, "cashier").get("/admin/taxes/").status_code == 403
    assert client_of(shop).get(f"/admin/taxes/{theirs}").status_code == 404
    archived = client_of(shop).post_form(f"/admin/taxes/{theirs}/archive", {"archived": "1", "op_id": str(new_id())})
    assert archived.status_code == 404
    assert re.search(r"Theirs", client_of(shop).get("/admin/taxes/").text) is None
