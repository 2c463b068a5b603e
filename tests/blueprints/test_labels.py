"""Labels over HTTP: queued by code or name, printed on paper, refused with a sentence."""

import io
from collections.abc import Callable

import zxingcpp
from PIL import Image

from ledger_web.domain.ids import new_id
from ledger_web.domain.internal_codes import internal_code
from tests.clients import ShopClient
from tests.shops import Shop, add_product

ClientOf = Callable[..., ShopClient]


def queue(client: ShopClient, q: str, copies: int = 1) -> str:
    form = {"q": q, "copies": str(copies), "op_id": str(new_id())}
    return client.post_form("/labels/queue", form, htmx=True).text


def test_products_are_queued_given_codes_and_printed(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk <b>1 l", price=55_00)
    client = client_of(shop, "manager")
    assert "no barcode" in queue(client, "milk", 25)
    assert "has no barcode" in client.get("/labels/print?template=L7160").text

    client.post_form("/labels/codes", {"op_id": str(new_id())})
    page = client.get("/labels/print?template=L7160&start=3").text

    assert page.count("<use ") == 25
    assert page.count('class="page"') == 2
    assert '<use href="#label-0" x="139.29" y="15.15"/>' in page
    assert '<use href="#label-0" x="7.21" y="15.15"/>' in page.partition('aria-label="Page 2"')[2]
    assert "Milk &lt;b&gt;1 l" in page
    assert "55.00 PKR" in page
    assert "55.00 PKR" not in client.get("/labels/print?template=L7160&without_price=1").text


def test_a_label_on_a_roll_is_a_picture_on_the_printers_dots(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "manager")
    queue(client, "milk")
    client.post_form("/labels/codes", {"op_id": str(new_id())})

    page = client.get("/labels/print?template=roll-50x25-203").text
    address = page.partition('href="/labels/symbols')[2].partition('"')[0].replace("&amp;", "&")
    picture = client.get(f"/labels/symbols{address}")

    assert picture.mimetype == "image/png"
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.data)).convert("L"))
    assert [each.text for each in read] == [internal_code(1)]


def test_the_paper_says_its_size_in_millimetres(shop: Shop, client_of: ClientOf) -> None:
    sheet = client_of(shop, "cashier").get("/labels/papers/L7160.css")

    assert sheet.mimetype == "text/css"
    assert sheet.text == "@page { size: 210mm 297mm; margin: 0; }\n"


def test_what_cannot_be_is_refused_with_a_sentence(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client = client_of(shop, "cashier")

    assert client.get("/labels/print").status_code == 422
    queue(client, "milk")
    for query in (
        "template=nothing",
        "template=L7160&start=22",
        "start=0",
        "start=-1",
        "start=1.5",
        "start=1e9",
        "start=x",
    ):
        assert client.get(f"/labels/print?{query}").status_code == 422, query
    for copies in ("0", "-1", "1.5", "1000000000", "five"):
        answer = client.post_form("/labels/queue", {"q": "milk", "copies": copies, "op_id": str(new_id())})
        assert answer.status_code == 422, copies
    assert client.post_form("/labels/queue", {"q": "nothing such", "op_id": str(new_id())}).status_code == 422
    for path in (
        "papers/x.css",
        "symbols/ean13/5901234123450.png",
        "symbols/aztec/1.png",
        "symbols/code128/A.png?dots=0",
    ):
        assert client.get(f"/labels/{path}").status_code == 404, path


def test_only_who_may_gives_codes(shop: Shop, client_of: ClientOf) -> None:
    milk = add_product(shop)
    cashier = client_of(shop, "cashier")

    assert cashier.post_form("/labels/codes", {"op_id": str(new_id())}).status_code == 403
    assert cashier.post_form(f"/labels/codes/{milk}", {"op_id": str(new_id())}).status_code == 403


def test_each_person_has_a_queue_of_their_own_and_a_rivals_product_is_not_there(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    add_product(shop, "Milk")
    theirs = add_product(rival, "Milk")
    queue(client_of(shop, "manager"), "milk")

    cashier = client_of(shop, "cashier")
    assert "No labels queued" in cashier.get("/labels/").text
    form = {"product_id": str(theirs), "op_id": str(new_id())}
    assert cashier.post_form("/labels/queue", form).status_code == 404
    assert client_of(shop, "owner").post_form(f"/labels/codes/{theirs}", {"op_id": str(new_id())}).status_code == 404
