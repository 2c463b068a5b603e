"""The settings of the books over HTTP: lock date and business day."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.queries.books import get_books, list_lock_date_changes
from tests.bad_input import SENDABLE
from tests.clients import ShopClient
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]


def lock_form(day: dt.date | str, **changed: Any) -> dict[str, Any]:
    return {"op_id": str(new_id()), "version": "1", "locked_until": str(day), "reason": "October"} | changed


def some_day(shop: Shop) -> dt.date:
    return get_books(shop.tenant_id).today - dt.timedelta(days=10)


def test_the_owner_locks_a_period_and_opens_it_again(shop: Shop, client_of: ClientOf) -> None:
    client, day = client_of(shop), some_day(shop)
    form = lock_form(day)

    first = client.post_form("/admin/books/lock-date", form)
    second = client.post_form("/admin/books/lock-date", form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert get_books(shop.tenant_id).locked_until == day
    opened = client.post_form(
        "/admin/books/lock-date", lock_form("", version="2", reason="A <b>mistake</b>"), htmx=True
    )

    assert opened.headers["HX-Redirect"] == "/admin/books/"
    assert get_books(shop.tenant_id).locked_until is None
    page = client.get("/admin/books/").text
    assert "October" in page
    assert "A &lt;b&gt;mistake" in page


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reason": ""}, "Reason"),
        ({"reason": "ok"}, "three characters"),
        ({"locked_until": "2026-02-30"}, "calendar"),
        ({"locked_until": "2999-01-01"}, "Choose a day"),
        ({"version": ""}, "Settings"),
        ({"version": "x"}, "Settings"),
        ({"op_id": "x"}, "number that is none"),
    ],
)
def test_what_cannot_be_comes_back_with_a_sentence(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], sentence: str
) -> None:
    answer = client_of(shop).post_form("/admin/books/lock-date", lock_form(some_day(shop), **changed), htmx=True)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="books-panel"' in answer.text
    assert get_books(shop.tenant_id).locked_until is None


def test_today_is_not_over_yet(shop: Shop, client_of: ClientOf) -> None:
    answer = client_of(shop).post_form("/admin/books/lock-date", lock_form(get_books(shop.tenant_id).today), htmx=True)

    assert answer.status_code == 422
    assert "days that are over" in answer.text


def test_whoever_looked_before_another_saved_looks_again(shop: Shop, client_of: ClientOf) -> None:
    client, day = client_of(shop), some_day(shop)
    client.post_form("/admin/books/lock-date", lock_form(day))
    late = lock_form(day - dt.timedelta(days=5), reason="September")

    refused = client.post_form("/admin/books/lock-date", late, htmx=True)
    assert refused.status_code == 409
    assert get_books(shop.tenant_id).locked_until == day
    assert 'name="version" value="2"' in refused.text
    assert client.post_form("/admin/books/lock-date", late | {"version": "2"}).status_code == 303

    assert [each.reason for each in list_lock_date_changes(shop.tenant_id)] == ["September", "October"]


def test_a_bar_begins_its_day_at_three(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop), {"op_id": str(new_id()), "version": "1", "starts_at": "03:00"}

    assert client.post_form("/admin/books/day-start", form).status_code == 303
    assert client.post_form("/admin/books/day-start", form).status_code == 303
    noon = form | {"op_id": str(new_id()), "version": "2", "starts_at": "12:00"}
    assert client.post_form("/admin/books/day-start", noon, htmx=True).status_code == 422
    late = form | {"op_id": str(new_id()), "starts_at": "04:00"}
    assert client.post_form("/admin/books/day-start", late, htmx=True).status_code == 409
    assert get_books(shop.tenant_id).day_starts_at == dt.time(3)
    assert '<option selected value="03:00">' in client.get("/admin/books/").text


def test_only_who_may_change_settings_may_look(shop: Shop, client_of: ClientOf) -> None:
    for role in ("manager", "cashier"):
        client = client_of(shop, role)
        assert client.get("/admin/books/").status_code == 403
        assert client.post_form("/admin/books/lock-date", lock_form(some_day(shop))).status_code == 403
        assert client.post_form("/admin/books/day-start", {}).status_code == 403
    assert client_of(shop, "").get("/admin/books/").status_code == 303
    assert get_books(shop.tenant_id).version == 1


def test_a_rivals_settings_stay_as_they_are(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    client_of(shop).post_form("/admin/books/lock-date", lock_form(some_day(shop), reason="Zebra"))

    assert get_books(rival.tenant_id).locked_until is None
    assert "Zebra" not in client_of(rival).get("/admin/books/").text


def test_no_text_whatever_breaks_a_form(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)

    for text in SENDABLE[::9]:
        for name in ("version", "locked_until", "reason"):
            form = lock_form(some_day(shop), **{name: text})
            answer = client.post_form("/admin/books/lock-date", form, htmx=True)
            assert answer.status_code in {204, 409, 413, 422}, (name, text[:40])
        form = {"op_id": str(new_id()), "version": "1", "starts_at": text}
        assert client.post_form("/admin/books/day-start", form, htmx=True).status_code in {409, 413, 422}, text[:40]
