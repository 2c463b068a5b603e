"""Importing products over HTTP: choose a file, look, confirm; with and without JavaScript."""

import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import limits_of
from ledger_web.queries.products import list_products
from ledger_web.services import product_imports
from ledger_web.services.roles import CreateRole, create_role
from tests.bad_input import SENDABLE, STRUCTURE
from tests.books import count
from tests.clients import ShopClient
from tests.shops import Shop, add_product, add_user

Browsers = Callable[..., ShopClient]

URL = "/products/imports/"
TWO = "barcode,name,price\n5449000000996,Cola,120\n3057640257773,Water,50\n"


def choose(client: ShopClient, content: str | bytes = TWO, name: str = "list.csv", **kwargs: Any) -> TestResponse:
    """Choose a file on the page, as a browser sends it."""
    content = content.encode() if isinstance(content, str) else content
    sent = {"csrf_token": client.csrf_token(), "op_id": str(new_id()), "stock_policy": "warn"}
    sent |= kwargs.pop("changed", {})
    boundary, body = encode_multipart(sent | {"file": FileStorage(io.BytesIO(content), name)})
    return client.post(URL, data=body, content_type=f'multipart/form-data; boundary="{boundary}"', **kwargs)


def page_of(client: ShopClient, content: str = TWO) -> str:
    """Choose a file and return the address of its dry run."""
    return choose(client, content).headers["Location"]


def confirmation(client: ShopClient, address: str) -> dict[str, str]:
    """Return what the button of a dry run sends."""
    page = client.get(address).text
    form = page[page.index('id="dry-run"') :]
    return dict(re.findall(r'name="(op_id|digest)" value="([^"]+)"', form))


def test_a_file_is_looked_at_then_imported_without_javascript(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    chosen = choose(client)
    dry_run = client.get(chosen.headers["Location"])
    assert count(shop, "products") == 0
    imported = client.post_form(chosen.headers["Location"], confirmation(client, chosen.headers["Location"]))
    done = client.get(imported.headers["Location"])

    assert (chosen.status_code, imported.status_code) == (303, 303)
    assert "Nothing has changed yet." in dry_run.text
    assert "Import 2 products" in dry_run.text
    assert "by <bdi>Olga Owner</bdi>" in done.text
    assert "Import 2 products" not in done.text
    assert count(shop, "products") == 2


def test_htmx_is_sent_from_page_to_page(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    chosen = choose(client, htmx=True)
    address = chosen.headers["HX-Redirect"]
    imported = client.post_form(address, confirmation(client, address), htmx=True)

    assert (chosen.status_code, imported.status_code) == (204, 204)
    assert imported.headers["HX-Redirect"] == address
    assert count(shop, "products") == 2


def test_confirming_twice_imports_once(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client)
    sent = confirmation(client, address)

    answers = [client.post_form(address, sent).headers["Location"] for _ in range(2)]

    assert answers == [address, address]
    assert count(shop, "products") == 2


def test_the_same_file_again_says_that_nothing_is_left_to_do(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client)
    client.post_form(address, confirmation(client, address))

    page = client.get(page_of(client)).text

    assert "There is nothing to import." in page
    assert "Import 2" not in page


def test_bad_rows_are_listed_by_line_and_there_is_no_button(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client, TWO + "5449000000997,Fanta,1\n,,9\n")

    page = client.get(address).text

    assert "2 rows cannot be imported, so nothing is." in page
    assert re.search(
        r'<td class="n">4</td><td><bdi dir="ltr">“barcode”: The last digit of 5449000000997 should be 6', page
    )
    assert 'name="digest"' not in page


def test_the_bad_rows_can_be_downloaded_and_are_no_formulas(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client, "name,price\nCola,=1+1\n")

    response = client.get(f"{address}/problems.csv")

    assert response.mimetype == "text/csv"
    assert response.text.startswith("\ufeffline,reason")
    assert "2," in response.text


def test_what_changed_since_is_shown_and_nothing_is_done(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client, "name\nMilk\n")
    sent = confirmation(client, address)
    add_product(shop, "Milk")

    response = client.post_form(address, sent, htmx=True)

    assert response.status_code == 409
    assert "changed since this dry run" in response.text
    assert "There is nothing to import." in response.text
    assert count(shop, "products") == 1


def test_a_file_can_be_looked_at_again(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client, "name,price\nMilk,x\n")

    response = client.post_form(f"{address}/check", {"op_id": str(new_id())})

    assert (response.status_code, response.headers["Location"]) == (303, address)
    assert client.post_form(f"{address}/check", {}).status_code == 422


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is empty"),
        (b"name\nCaf\xe9\n", "Latin-1"),
        (b"name\nCo\0la\n", "NUL"),
        (b"PK\x03\x04", "This workbook cannot be read"),
        (b'name\n"Cola\n', "never closed"),
        (b"price\n1\n", "must be called name"),
        (b"name\n" + b"x\n" * 50_001, "more than 50,000 rows"),
        (b"," * 3_000_000, "characters"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_a_file_that_cannot_be_read_says_why(
    client_of: Browsers, shop: Shop, content: bytes, words: str, htmx: bool
) -> None:
    response = choose(client_of(shop), content, htmx=htmx)

    assert response.status_code == 422
    assert words in response.text
    assert ("<html" in response.text) is not htmx
    assert count(shop, "product_imports") == 0


def test_no_file_is_asked_for(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    for sent in ({}, {"file": ""}, {"file": "just text"}):
        response = client.post_form(URL, {"op_id": str(new_id()), "stock_policy": "warn"} | sent)
        assert response.status_code == 422
        assert "Choose a CSV or XLSX file." in response.text


def test_a_file_may_be_larger_than_other_forms_but_not_endless(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    long_names = "name\n" + "".join(f"{n} {'x' * 250}\n" for n in range(15_000))

    assert choose(client, long_names).status_code == 303
    assert choose(client, b"name\n" + b"x" * 11 * 1024 * 1024).status_code == 413


def test_a_name_of_a_file_is_shown_and_never_opened(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    address = choose(client, name="../../etc/<b>pass\x01wd</b>.csv").headers["Location"]

    page = client.get(address).text
    assert "b&gt;.csv" in page
    assert "<b>" not in page


def test_a_form_without_its_number_keeps_no_file(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    assert choose(client, changed={"op_id": ""}).status_code == 422
    assert count(shop, "product_imports") == 0

    address = page_of(client)
    digest = confirmation(client, address)["digest"]
    assert client.post_form(address, {"digest": digest}).status_code == 422
    assert client.post_form(address, {"op_id": str(new_id())}).status_code == 422
    assert count(shop, "products") == 0


def test_a_file_of_another_shop_is_404(client_of: Browsers, shop: Shop, rival: Shop) -> None:
    theirs = page_of(client_of(rival))
    client, sent = client_of(shop), {"op_id": str(new_id()), "digest": "x"}

    for address in (theirs, f"/products/imports/{uuid.uuid4()}"):
        assert client.get(address).status_code == 404
        assert client.get(f"{address}/problems.csv").status_code == 404
        assert client.post_form(address, sent).status_code == 404
        assert client.post_form(f"{address}/check", sent).status_code == 404
    assert count(rival, "products") == 0


def test_importing_is_not_for_a_cashier_nor_for_strangers(client_of: Browsers, shop: Shop) -> None:
    address = page_of(client_of(shop))

    for role, status in (("cashier", 403), ("", 303)):
        client = client_of(shop, role)
        assert client.get(URL).status_code == status
        assert choose(client).status_code == status
        for path in (address, f"{address}/problems.csv"):
            assert client.get(path).status_code == status
        for path in (address, f"{address}/check"):
            assert client.post_form(path, {"op_id": str(new_id()), "digest": "x"}).status_code == status
    assert count(shop, "products") == 0


def test_nothing_sent_with_a_file_breaks_the_form(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)

    for text in SENDABLE:
        assert choose(client, changed={"stock_policy": text}).status_code in {413, 422}, repr(text[:40])


def test_nothing_sent_with_a_confirmation_breaks_it(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client)
    sent = confirmation(client, address)

    for text in STRUCTURE:
        response = client.post_form(address, sent | {"digest": text})
        assert response.status_code in {409, 413, 422}, repr(text[:40])
    assert count(shop, "products") == 0


def test_nothing_in_a_cell_breaks_the_pages_of_an_import(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    cells = [text[:300].replace("\0", "?").replace('"', '""') for text in SENDABLE]
    address = page_of(client, "sku,name,unit\n" + "".join(f'x{n},"{cell}",\n' for n, cell in enumerate(cells)))
    page = client.get(address)

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "cannot be imported" in page.text

    good = [cell for cell in cells if cell.strip() and cell.isprintable()]
    address = page_of(client, "sku,name\n" + "".join(f'x{n},"{cell}"\n' for n, cell in enumerate(good)))
    assert client.post_form(address, confirmation(client, address) | {"is_free": "y"}).status_code == 303
    assert count(shop, "products") == len(good)


def test_a_long_file_is_checked_step_by_step_by_htmx_and_by_hand(
    client_of: Browsers, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_imports, "STEP_SECONDS", -1)
    monkeypatch.setattr(product_imports, "CHUNK", 2)
    client = client_of(shop)
    address = choose(client, "name,price\n" + "".join(f"Tea {n},{n}\n" for n in range(5))).headers["Location"]

    page = client.get(address).text
    assert "2 of 5 rows are checked" in page
    assert 'hx-trigger="load' in page
    assert "being checked" in client.get(URL).text
    early = client.post_form(address, {"digest": "x", "op_id": str(new_id())})
    assert "Not every row" in early.text
    monkeypatch.setattr(product_imports, "STEP_SECONDS", 60)
    step = {"op_id": str(new_id()), "seen": "2"}
    assert client.post_form(f"{address}/steps", step | {"seen": "x"}).status_code == 422
    assert "rows are checked" in client.post_form(f"{address}/steps", step | {"seen": "3"}, htmx=True).text
    done = client.post_form(f"{address}/steps", step, htmx=True).text
    assert 'id="dry-run"' in done
    assert "Import 5 products" in done
    assert client.post_form(f"{address}/steps", step).status_code == 303


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_is_exported_is_imported_again_and_changes_nothing(client_of: Browsers, shop: Shop, ending: str) -> None:
    client = client_of(shop)
    content = "name,barcode,sku,price,tax_percent,quantity,cost\n'=1+1,0012345678905,0042,1.50,15,2,1\n-x,,,,,,\n"
    address = choose(client, content).headers["Location"]
    digest = client.get(address).text.partition('name="digest" value="')[2].partition('"')[0]
    client.post_form(address, {"digest": digest, "op_id": str(new_id()), "is_free": "y"})

    file = client.get(f"{URL}products.{ending}").data
    again = client.get(choose(client, file, name=f"products.{ending}").headers["Location"]).text

    assert "There is nothing to import" in again
    assert [row.name for row in list_products(shop.tenant_id).rows] == ["=1+1", "-x"]


def test_the_file_of_all_products_tells_what_they_cost_to_whoever_may_see_it(client_of: Browsers, shop: Shop) -> None:
    add_product(shop, cost=61_73)
    rights = ("home.view", "product.view", "product.import")
    create_role(CreateRole(id=new_id(), name="importer", rights=rights, limits=limits_of(None, {})), shop.act())
    add_user(shop, "importer", "importer")

    assert ",61.73\r\n" in client_of(shop, "manager").get(f"{URL}products.csv").text
    theirs = client_of(shop, "importer").get(f"{URL}products.csv")
    assert theirs.status_code == 200
    assert "cost" not in theirs.text
    assert "61.73" not in theirs.text


def test_products_that_would_cost_nothing_are_imported_once_somebody_says_so(client_of: Browsers, shop: Shop) -> None:
    client = client_of(shop)
    address = page_of(client, "barcode,name,price\n5449000000996,Cola,\n3057640257773,Water,0\n")
    sent = confirmation(client, address)

    refused = client.post_form(address, sent)
    assert refused.status_code == 422
    assert "would cost nothing" in refused.text
    assert list_products(shop.tenant_id).rows == ()
    client.post_form(address, sent | {"is_free": "y"})

    assert [row.unit_price for row in list_products(shop.tenant_id).rows] == [0, 0]
