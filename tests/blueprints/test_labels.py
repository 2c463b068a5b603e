"""Labels over HTTP: queued by code or name, printed on paper, refused with a sentence."""

import datetime as dt
import io
import re
from collections.abc import Callable

import pypdfium2
import zxingcpp
from PIL import Image

from ledger_web.domain.ids import new_id
from ledger_web.domain.internal_codes import internal_code
from ledger_web.services.own_codes import ReserveCodes, reserve_codes
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

    client.post_form("/labels/codes", {"op_id": str(new_id()), "symbology": "ean13"})
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
    client.post_form("/labels/codes", {"op_id": str(new_id()), "symbology": "ean13"})

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

    assert cashier.post_form("/labels/codes", {"op_id": str(new_id()), "symbology": "ean13"}).status_code == 403
    assert cashier.post_form(f"/labels/codes/{milk}", {"op_id": str(new_id()), "symbology": "ean13"}).status_code == 403


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
    assert (
        client_of(shop, "owner")
        .post_form(f"/labels/codes/{theirs}", {"op_id": str(new_id()), "symbology": "ean13"})
        .status_code
        == 404
    )


def printed(client: ShopClient, **form: str) -> str:
    """Print what is queued; return where its labels are."""
    sent = {"op_id": str(new_id()), "template": "L7160", "start": "1"} | form
    answer = client.post_form("/labels/jobs", sent)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def coded(shop: Shop, client: ShopClient, name: str = "Milk 2 l", price: int = 55_00) -> None:
    add_product(shop, name, price=price)
    client.post_form("/labels/codes", {"op_id": str(new_id()), "symbology": "ean13"})


def test_labels_are_printed_again_in_the_browser_and_as_a_pdf(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client)
    queue(client, "milk", 22)

    job = printed(client, start="5")
    page, pdf = client.get(job), client.get(f"{job}.pdf")
    again = client.post_form(f"{job}/reprints", {"op_id": str(new_id()), "as": "pdf"})

    assert page.text.count("<use ") == 22
    assert pdf.mimetype == "application/pdf"
    assert len(pypdfium2.PdfDocument(pdf.data)) == 2
    assert "27.50 PKR / l" in pypdfium2.PdfDocument(pdf.data)[0].get_textpage().get_text_bounded()
    assert again.headers["Location"].endswith(".pdf")
    assert "No labels queued" in client.get("/labels/").text
    assert client.get("/labels/").text.count("Print again") == 2


def test_twelve_and_a_star_before_a_code_queue_twelve_labels(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client)

    answer = client.post_form("/labels/queue", {"q": f"12*{internal_code(1)}", "op_id": str(new_id())}, htmx=True)

    assert 'value="12"' in answer.text
    assert "Milk 2 l, 12" in answer.headers["HX-Trigger"]
    for q in ("1.5*milk", "0*milk", "-1*milk", "6000*milk", "5901234123450"):
        refused = client.post_form("/labels/queue", {"q": q, "op_id": str(new_id())}, htmx=True)
        assert refused.status_code == 422, q
        assert '"bad"' in refused.headers["HX-Trigger"]


def test_all_that_a_search_finds_and_all_with_a_new_price_are_queued(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    for name in ("Milk", "Milk powder", "Tea"):
        add_product(shop, name)

    found = client.post_form("/labels/queue/found", {"search": "milk", "op_id": str(new_id())}, htmx=True)
    nothing = client.post_form("/labels/queue/found", {"search": "beer", "op_id": str(new_id())}, htmx=True)
    today = dt.datetime.now(dt.UTC).date()
    tomorrow = {"since": str(today + dt.timedelta(days=2)), "op_id": str(new_id())}
    repriced = client.post_form("/labels/queue/repriced", tomorrow, htmx=True)

    assert found.text.count("Copies of ") == 2
    assert "2 products were added." in found.text
    assert (nothing.status_code, repriced.status_code) == (422, 422)
    assert 'value="beer"' in nothing.text


def test_who_may_not_print_prices_prints_labels_without(shop: Shop, client_of: ClientOf) -> None:
    manager = client_of(shop, "manager")
    coded(shop, manager)
    with shop.act() as uow:
        uow.execute(
            """
            UPDATE roles SET built_in = NULL, permissions = ARRAY['label.print', 'product.view', 'home.view']
             WHERE tenant_id = %(tenant_id)s AND built_in = 'cashier'
            """
        )
    cashier = client_of(shop, "cashier")
    queue(cashier, "milk")

    page = cashier.get("/labels/print?template=L7160").text
    job = printed(cashier)

    assert "PKR" not in page
    assert "PKR" not in cashier.get("/labels/").text
    assert "PKR" not in cashier.get(job).text
    assert "PKR" not in pypdfium2.PdfDocument(cashier.get(f"{job}.pdf").data)[0].get_textpage().get_text_bounded()
    assert "PKR" not in manager.get(job).text  # it was printed without


def test_many_labels_are_asked_about(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client)
    queue(client, "milk", 501)

    assert "I mean 501 labels" in client.get("/labels/print?template=L7160").text
    form = {"op_id": str(new_id()), "template": "L7160"}
    assert client.post_form("/labels/jobs", form).status_code == 422
    assert client.post_form("/labels/jobs", form | {"is_meant": "y"}).status_code == 303


def test_a_label_without_price_says_so_and_a_hostile_name_is_only_text(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client, "</text><script>alert(1)</script>", price=0)
    queue(client, internal_code(1))

    page = client.get("/labels/print?template=L7160").text

    assert "have no price" in page
    assert "<script>alert" not in page
    assert "&lt;/text&gt;&lt;script&gt;" in page


def test_a_template_is_made_previewed_changed_and_put_away(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client)
    form = fields_of(client.get("/labels/templates/new?based_on=L7159").text) | {"name": "Shelf"}

    preview = client.get(
        "/labels/templates/preview", query_string=form | {"price_line": "9"}, headers={"HX-Request": "true"}
    )
    made = client.post_form("/labels/templates/", form)
    page = client.get("/labels/templates/").text
    edit = re.search(r"/labels/templates/[0-9a-f-]{36}/edit", page)
    assert edit
    changed = fields_of(client.get(edit[0]).text) | {"name": "Shelf <b>", "sku_line": "9"}
    saved = client.post_form(edit[0].removesuffix("/edit"), changed)
    stale = client.post_form(edit[0].removesuffix("/edit"), changed | {"op_id": str(new_id())})

    assert preview.text.count("55.00 PKR") == 1
    assert "<html" not in preview.text
    assert (made.status_code, saved.status_code, stale.status_code) == (303, 303, 409)
    assert "Shelf &lt;b&gt;" in client.get("/labels/").text
    put_away = client.post_form(edit[0].replace("/edit", "/archive"), {"op_id": str(new_id())})
    assert put_away.status_code == 303
    assert "Shelf" not in client.get("/labels/").text


def test_measures_that_cannot_be_are_refused_with_a_sentence(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    good = fields_of(client.get("/labels/templates/new").text) | {"name": "Shelf"}

    for wrong, sentence in (
        ({"columns": "4"}, "wider than the page"),
        ({"label_width": "0"}, "Enter millimetres from 10"),
        ({"label_width": "1e9"}, "millimetres"),
        ({"name_size": "900"}, "Enter millimetres from 1 to 30"),
        ({"price_line": "10"}, "from 1 to 9"),
        ({"name": ""}, "Name"),
        ({f"{kind}_line": "" for kind in ("name", "variant", "unit_price", "code", "digits", "price")}, "at least one"),
    ):
        answer = client.post_form("/labels/templates/", good | wrong | {"op_id": str(new_id())})
        assert (answer.status_code, sentence in answer.text) == (422, True), wrong
    for wrong in ({"label_width": "x"}, {"columns": ""}, {"label_height": "6"}, {"page_width": "٩"}):
        assert client.get("/labels/templates/preview", query_string=good | wrong, htmx=True).status_code == 200, wrong


def test_a_printer_is_put_right_by_its_ruler_page(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    coded(shop, client)
    form = {"name": "Office", "left": "22", "top": "19", "length": "100", "op_id": str(new_id())}

    assert client.post_form("/labels/templates/printers", form).status_code == 303
    page = client.get("/labels/").text
    printer = re.search(r'<option value="([0-9a-f-]{36})">Office', page)
    assert printer
    queue(client, "milk")

    assert (
        "translate(-2.000 1.000) scale(1.000" in client.get(f"/labels/print?template=L7160&printer={printer[1]}").text
    )
    assert "translate(-2.000" in client.get(f"/labels/templates/ruler/A4?printer={printer[1]}").text
    assert "translate" not in client.get("/labels/templates/ruler/Letter").text
    assert client.get("/labels/templates/ruler/A3").status_code == 404
    refused = client.post_form("/labels/templates/printers", form | {"left": "50", "op_id": str(new_id())})
    assert (refused.status_code, 'value="50"' in refused.text) == (422, True)


def test_only_who_may_changes_templates_and_a_rivals_are_not_there(
    shop: Shop, rival: Shop, client_of: ClientOf
) -> None:
    cashier, owner, theirs = client_of(shop, "cashier"), client_of(shop), client_of(rival)
    coded(rival, theirs)
    form = fields_of(theirs.get("/labels/templates/new").text) | {"name": "Shelf"}
    theirs.post_form("/labels/templates/", form)
    queue(theirs, "milk")
    job = printed(theirs, template=form["op_id"])

    assert cashier.get("/labels/templates/").status_code == 200
    assert cashier.get("/labels/templates/new").status_code == 403
    assert cashier.post_form("/labels/templates/", form).status_code == 403
    for path in (f"/labels/templates/{form['op_id']}/edit", job, f"{job}.pdf", f"/labels/papers/{form['op_id']}.css"):
        assert owner.get(path).status_code == 404, path
    for path in (f"/labels/templates/{form['op_id']}", f"/labels/templates/{form['op_id']}/archive", f"{job}/reprints"):
        assert owner.post_form(path, form | {"version": "1"}).status_code == 404, path
    assert owner.get(f"/labels/templates/new?based_on={form['op_id']}").status_code == 404


def fields_of(page: str) -> dict[str, str]:
    """Return what the form of a template holds, as a browser would send it."""
    form = page.partition('id="template-form"')[2].partition("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            fields[attributes["name"]] = attributes.get("value", "")
    fields.pop("csrf_token", None)
    return fields


def test_codes_are_reserved_printed_ahead_and_left_out_once_they_mean_something(
    shop: Shop, client_of: Callable[..., ShopClient]
) -> None:
    client, milk = client_of(shop, "owner"), add_product(shop, "Milk")
    form = {"op_id": str(new_id()), "symbology": "ean8", "count": "4", "note": "Roll by the door"}

    reserved = client.post_form("/labels/blocks/", form)
    block = reserved.location
    client.post_form(f"/labels/codes/{milk}", {"op_id": str(new_id()), "symbology": "code128"})
    client.post_form(
        f"/products/{milk}/barcodes",
        {"op_id": str(new_id()), "code": internal_code(2, "ean8"), "symbology": "ean8"},
    )
    sheet = client.get(f"{block}/print?template=L7160").text
    pdf = client.get(f"{block}/print.pdf?template=roll-40x30-203")

    assert internal_code(4, "ean8") in client.get("/labels/blocks/").text
    assert "Milk" in client.get(block).text
    assert [number for number in range(1, 5) if internal_code(number, "ean8") in sheet] == [1, 3, 4]
    assert (pdf.status_code, pdf.mimetype) == (200, "application/pdf")
    assert "P00000001" in client.get(f"/products/{milk}").text
    for wrong in ({"count": "0"}, {"count": "5001"}, {"count": "1.5"}, {"symbology": "qr"}):
        assert client.post_form("/labels/blocks/", {**form, "op_id": str(new_id()), **wrong}).status_code == 422, wrong
    assert client.get(f"{block}/print?template=none").status_code == 422


def test_a_rival_sees_no_block_of_codes(shop: Shop, rival: Shop, client_of: Callable[..., ShopClient]) -> None:
    theirs = reserve_codes(ReserveCodes(id=new_id(), symbology="ean13", count=2), rival.act()).id

    for rest in ("", "/print", "/print.pdf"):
        assert client_of(shop, "owner").get(f"/labels/blocks/{theirs}{rest}").status_code == 404
        assert client_of(shop, "cashier").get(f"/labels/blocks/{theirs}{rest}").status_code == 403
