"""The settings of a shop over HTTP: saved once, by one person at a time, and counted at once; its logo; its numbers."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from ledger_web.domain.ids import new_id
from ledger_web.queries.settings import get_letterhead, get_settings
from tests.clients import ShopClient
from tests.shops import Shop, add_product, open_a_shop, sell

ClientOf = Callable[..., ShopClient]
SAID = {
    "version": "1",
    "name": "Corner & Sons",
    "base_currency": "PKR",
    "time_zone": "Asia/Karachi",
    "locale": "en_DE",
    "digits": "latn",
    "stock_policy": "warn",
    "receipt_paper": "58",
    "receipt_header": "Bazaar Street 7\r\nNTN 1234567",
    "receipt_footer": "Thank you <b>!</b>",
}


def said(**changed: str) -> dict[str, str]:
    return SAID | {"op_id": str(new_id())} | changed


def picture(size: tuple[int, int] = (1200, 300), kind: str = "PNG") -> io.BytesIO:
    written = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, "navy").save(written, kind)
    written.seek(0)
    return written


def events(shop: Shop) -> list[Any]:
    with shop.act() as uow:
        rows = uow.execute(
            "SELECT action, before, after FROM audit_events"
            " WHERE tenant_id = %(tenant_id)s AND action LIKE 'settings.%%' ORDER BY happened_at, id"
        )
        return list(rows)


def test_what_is_saved_counts_from_the_next_click_on(shop: Shop, client_of: ClientOf) -> None:
    client, cashier = client_of(shop), client_of(shop, "cashier")
    sold = sell(shop, (add_product(shop, price=1_234_50, tax=0), 1, 1_234_50))

    answer = client.post_form("/admin/settings/", said())

    assert (answer.status_code, answer.location) == (303, "/admin/settings/")
    receipt = cashier.get(f"/sales/{sold}/receipt").text
    assert "Corner &amp; Sons" in receipt
    assert "Bazaar Street 7\nNTN 1234567" in receipt
    assert "Thank you &lt;b&gt;!&lt;/b&gt;" in receipt
    assert "1.234,50 PKR" in receipt  # as numbers are written in Germany
    assert "receipt-58" in receipt
    assert re.search(r'value="warn"[^>]*selected|selected[^>]*value="warn"', client.get("/products/new").text)
    (event,) = events(shop)
    assert event.before["name"] == "Corner"
    assert event.after["receipt_header"] == "Bazaar Street 7\nNTN 1234567"
    assert "base_currency" not in event.after  # of two sides only what differs is kept


def test_digits_are_written_as_the_shop_writes_them_and_typed_as_anybody_does(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    sold = sell(shop, (add_product(shop, price=1_234_50, tax=0), 1, 1_234_50))

    client.post_form("/admin/settings/", said(locale="en", digits="arabext"))

    assert "۱٬۲۳۴٫۵۰ PKR" in client.get(f"/sales/{sold}/receipt").text


def test_two_who_save_at_once_are_told_of_each_other(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    client.post_form("/admin/settings/", said())

    stale = client.post_form("/admin/settings/", said(name="Third"), htmx=True)

    assert stale.status_code == 409
    assert "Saved now" in stale.text
    assert "Corner &amp; Sons" in stale.text
    assert 'value="Third"' in stale.text
    assert get_settings(shop.tenant_id).name == "Corner & Sons"
    again = client.post_form("/admin/settings/", said(name="Third", version="2"))
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": " "}, "Name of the shop: Enter some text."),
        ({"base_currency": "XXX"}, "Base currency: Choose one that is in the list."),
        ({"time_zone": "Mars/Phobos"}, "Time zone: Choose one that is in the list."),
        ({"locale": "tlh"}, "Language, numbers and days: Choose one that is in the list."),
        ({"digits": "roman"}, "Digits: Choose one that is in the list."),
        ({"receipt_paper": "a3"}, "Usual paper: Choose one that is in the list."),
        ({"receipt_header": "a\n" * 7}, "Above every receipt: Write at most 6 lines."),
        ({"receipt_footer": "a" * 401}, "Below every receipt: Enter at most 400 characters."),
        ({"op_id": ""}, "This form"),
        ({"version": "one"}, "Settings"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], sentence: str
) -> None:
    answer = client_of(shop).post_form("/admin/settings/", said(**{"receipt_footer": "Bye", **changed}))

    assert answer.status_code == 422
    assert sentence in answer.text
    assert get_settings(shop.tenant_id).version == 1


def test_the_base_currency_may_change_until_amounts_are_written_in_it(shop: Shop, client_of: ClientOf) -> None:
    fresh = open_a_shop("fresh", sells=False)
    client = client_of(fresh)

    assert client.post_form("/admin/settings/", said(base_currency="AFN")).status_code == 303
    assert get_settings(fresh.tenant_id).base_currency == "AFN"

    add_product(Shop(fresh.tenant_id, "fresh", fresh.owner_id, fresh.drawer_id, "AFN"))
    refused = client.post_form("/admin/settings/", said(version="2"))
    assert refused.status_code == 422
    assert "Base currency: It stays AFN, because amounts are written in it" in refused.text
    assert "It stays: amounts are written in it." in client.get("/admin/settings/").text


def test_sent_twice_it_is_saved_once(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop), said()
    client.post_form("/admin/settings/", form)

    again = client.post_form("/admin/settings/", form)

    assert again.status_code == 303
    assert get_settings(shop.tenant_id).version == 2
    assert client.post_form("/admin/settings/", form | {"name": "Other"}).status_code == 409


def test_the_logo_is_drawn_anew_printed_and_taken_away(shop: Shop, client_of: ClientOf) -> None:
    client, cashier = client_of(shop), client_of(shop, "cashier")
    sold = sell(shop, (add_product(shop), 1, 115_00))
    assert cashier.get("/admin/settings/logo").status_code == 404

    kept = client.post_form("/admin/settings/logo", {"op_id": str(new_id()), "picture": (picture(), "logo.png")})

    assert kept.status_code == 303
    letterhead = get_letterhead(shop.tenant_id)
    assert (letterhead.width, letterhead.height) == (600, 150)
    image = cashier.get("/admin/settings/logo")
    assert image.mimetype == "image/png"
    assert image.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(image.data)).size == (600, 150)
    assert f"/admin/settings/logo?v={letterhead.logo}" in cashier.get(f"/sales/{sold}/receipt").text
    pdf = client.post_form(
        f"/sales/{sold}/prints", {"op_id": str(new_id()), "paper": "a4", "as_pdf": "y"}, follow_redirects=True
    )
    assert b"/Subtype /Image" in pdf.data
    client.post_form("/admin/settings/logo/delete", {"op_id": str(new_id())})
    assert get_letterhead(shop.tenant_id).logo is None
    assert [event.action for event in events(shop)] == ["settings.set_logo", "settings.remove_logo"]


def test_what_is_no_logo_is_refused(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    sent: list[Any] = [
        (io.BytesIO(b"<svg onload='alert(1)'/>"), "logo.svg"),
        (io.BytesIO(b"\x89PNG\r\n\x1a\n broken"), "logo.png"),
        (io.BytesIO(b""), "logo.png"),
        (io.BytesIO(b"x"), ""),
    ]

    answers = [
        client.post_form("/admin/settings/logo", {"op_id": str(new_id()), "picture": each}).status_code for each in sent
    ]

    assert answers == [422] * 4
    assert get_letterhead(shop.tenant_id).logo is None


def test_numbers_go_on_from_where_another_till_stopped_and_never_back(shop: Shop, client_of: ClientOf) -> None:
    client, milk = client_of(shop), add_product(shop)
    form = {"drawer_id": str(shop.drawer_id), "number": "5001"}

    moved = client.post_form("/admin/settings/next-number", form | {"op_id": str(new_id())})
    sell(shop, (milk, 1, 115_00))
    back = client.post_form("/admin/settings/next-number", form | {"op_id": str(new_id())})

    assert (moved.status_code, back.status_code) == (303, 422)
    assert "A-005001 was given to a sale already" in back.text
    assert "A-005002" in client.get("/admin/settings/").text


def test_nobody_without_the_right_reads_or_changes_settings(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    manager = client_of(shop, "manager")

    assert manager.get("/admin/settings/").status_code == 403
    assert manager.post_form("/admin/settings/", said()).status_code == 403
    stolen = client_of(rival).post_form(
        "/admin/settings/next-number", {"drawer_id": str(shop.drawer_id), "number": "9", "op_id": str(new_id())}
    )
    assert stolen.status_code == 404
    assert get_settings(shop.tenant_id).name == "Corner"
