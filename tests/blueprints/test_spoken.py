"""Which language is spoken to whom: to a person theirs, on papers the shop's, to strangers the one they choose."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import LANGUAGES, gettext, speaking
from ledger_web.domain.permissions import LIMITS
from ledger_web.forms.roles import FIELD_OF
from ledger_web.queries.tenants import find_tenant
from tests.clients import ShopClient, browser_at
from tests.shops import PASSWORD, Shop, add_product, sell

ClientOf = Callable[..., ShopClient]


def said(text: str, language: str, **values: object) -> str:
    with speaking(language):
        return gettext(text, **values)


def keep_in(shop: Shop, locale: str, digits: str = "latn") -> None:
    with shop.act() as uow:
        uow.execute(
            "UPDATE tenants SET locale = %(locale)s, digits = %(digits)s WHERE tenant_id = %(tenant_id)s",
            {"locale": locale, "digits": digits},
        )


def test_whoever_chooses_a_language_reads_the_very_next_page_in_it_and_nobody_else_does(
    shop: Shop, client_of: ClientOf
) -> None:
    cashier, owner = client_of(shop, "cashier"), client_of(shop)
    assert '<html lang="en" dir="ltr">' in cashier.get("/account/").text

    chosen = cashier.post_form("/account/language", {"language": "fa"})

    page = cashier.get("/account/").text
    assert chosen.status_code == 303
    assert '<html lang="fa" dir="rtl">' in page
    assert said("This is the language of your pages now.", "fa") in page
    assert '<html lang="en" dir="ltr">' in owner.get("/account/").text
    assert "chose a language" in owner.get("/admin/audit/").text
    for language, html in (("de", 'lang="de" dir="ltr"'), ("ru", 'lang="ru" dir="ltr"'), ("", 'lang="en" dir="ltr"')):
        cashier.post_form("/account/language", {"language": language})
        assert f"<html {html}>" in cashier.get("/account/").text
    refused = cashier.post_form("/account/language", {"language": "tlh"})
    assert (refused.status_code, "Choose one that is in the list" in refused.text) == (422, True)


def test_who_chose_nothing_follows_the_shop(shop: Shop, client_of: ClientOf) -> None:
    cashier, owner = client_of(shop, "cashier"), client_of(shop)
    owner.post_form("/account/language", {"language": "de"})

    keep_in(shop, "fa_AF", "arabext")

    assert '<html lang="fa-AF" dir="rtl">' in cashier.get("/account/").text
    assert '<html lang="de" dir="ltr">' in owner.get("/account/").text


def test_a_stranger_chooses_a_language_or_is_spoken_to_as_the_browser_asks(app: Flask, shop: Shop) -> None:
    stranger = browser_at(app, shop.slug)
    assert 'lang="de"' in stranger.get("/sign-in", headers={"Accept-Language": "tlh, de;q=0.5, en;q=0.2"}).text

    answer = stranger.post_form("/appearance", {"language": "ru", "next": "/sign-in"})

    assert answer.location == "/sign-in"
    assert '<html lang="ru" dir="ltr">' in stranger.get("/sign-in", headers={"Accept-Language": "de"}).text
    stranger.post_form("/appearance", {"language": "'><script>"})
    assert '<html lang="ru" dir="ltr">' in stranger.get("/sign-in").text
    assert all(name in stranger.get("/sign-in").text for name in LANGUAGES.values())


@pytest.mark.parametrize(
    ("country", "chosen", "locale", "digits"),
    [
        ("AF", "", "fa_AF", "arabext"),
        ("AF", "en", "en", "latn"),
        ("DE", "", "de_DE", "latn"),
        ("RU", "", "ru_RU", "latn"),
        ("TJ", "", "ru", "latn"),
        ("PK", "", "en_PK", "latn"),
        ("PK", "fa", "fa", "arabext"),
    ],
)
def test_a_new_shop_is_kept_in_the_language_and_the_digits_of_its_country_unless_another_is_chosen(
    app: Flask, country: str, chosen: str, locale: str, digits: str
) -> None:
    form = {"op_id": str(new_id()), "name": "Bread", "slug": "bread", "country": country, "language": chosen}

    browser_at(app).post_form(
        "/sign-up/", form | {"owner_name": "Ahmad", "login": "ahmad", "password": PASSWORD, "currency": ""}
    )

    found = find_tenant("bread")
    assert found
    with Shop(found.tenant_id, "bread", new_id(), new_id()).act() as uow:
        row = uow.execute("SELECT locale, digits FROM tenants WHERE tenant_id = %(tenant_id)s").one()
    assert tuple(row) == (locale, digits)


def test_papers_and_mails_are_in_the_language_of_the_shop_whoever_prints_them(
    shop: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    sale_id = sell(shop, (add_product(shop, "Milk & Co", price=1_234_50, tax=0), 1, 1_234_50))
    keep_in(shop, "fa_AF", "arabext")
    cashier = client_of(shop, "cashier")
    cashier.post_form("/account/language", {"language": "de"})

    page = cashier.get(f"/sales/{sale_id}/receipt").text
    cashier.post_form(f"/sales/{sale_id}/mails", {"op_id": str(new_id()), "address": "alice@example.com"})

    bar, paper = page.split("<main")
    assert '<html lang="de"' in bar
    assert said("New sale", "de") in bar
    assert 'lang="fa-AF" dir="rtl"' in paper
    assert said("Total", "fa") in paper
    assert said("Total", "de") not in paper
    assert "۱٬۲۳۴٫۵۰ PKR" in paper
    letter: Any = message_from_bytes(letters[0], policy=default)
    text = letter.get_body(("plain",)).get_content()
    assert said("Total", "fa") in text
    assert "Milk & Co" in text
    assert "۱٬۲۳۴٫۵۰ PKR" in text
    assert '<html lang="de"' in cashier.get("/account/").text


def test_limits_of_a_role_are_shown_in_the_digits_of_the_shop_and_typed_in_any(shop: Shop, client_of: ClientOf) -> None:
    keep_in(shop, "fa_AF", "arabext")
    client = client_of(shop)
    [minutes] = [name for name, limit in LIMITS.items() if limit.unit == "minutes"]

    for typed in ("۴۵", "45"):
        sent = {"op_id": str(new_id()), "name": f"Clerk {typed}", FIELD_OF[minutes]: typed}
        assert client.post_form("/roles/", sent).status_code == 303
        with shop.act() as uow:
            sql = "SELECT id FROM roles WHERE tenant_id = %(tenant_id)s AND name = %(name)s"
            role_id = uow.execute(sql, {"name": sent["name"]}).scalar_one()
        page = client.get(f"/roles/{role_id}").text
        shown = re.search(rf'<input[^>]* name="{FIELD_OF[minutes]}"[^>]*>', page)
        assert shown
        assert 'value="۴۵"' in shown[0]


def test_amounts_are_typed_in_any_digits_and_sentences_write_them_as_the_shop_does(
    shop: Shop, client_of: ClientOf
) -> None:
    keep_in(shop, "fa_AF", "arabext")
    client = client_of(shop)
    form = {"currency": "PKR", "reason": "Change", "memo": "Change"}

    for typed in ("۱٬۲۳۴٫۵۰", "۱,۲۳۴.۵۰", "1,234.50", "١٢٣٤٫٥٠"):
        answer = client.post_form(
            f"/drawers/{shop.drawer_id}/pay-ins/", form | {"op_id": str(new_id()), "amount": typed}
        )
        assert answer.status_code == 303, answer.text
    page = client.get(f"/drawers/{shop.drawer_id}").text
    too_much = client.post_form(
        f"/drawers/{shop.drawer_id}/pay-outs/", form | {"op_id": str(new_id()), "amount": "۹۹۹۹۹"}
    )

    assert "۴٬۹۳۸٫۰۰ PKR" in page
    assert too_much.status_code == 422
    assert "۴٬۹۳۸٫۰۰ PKR" in too_much.text
