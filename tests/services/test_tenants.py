"""Shops open: all of it, or nothing."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import DuplicateSlugError, InvalidSlugError, RuleViolationError, WeakPasswordError
from ledger_web.domain.permissions import BUILT_IN_ROLES
from ledger_web.queries.tenants import find_tenant, list_tenants
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork
from tests.databases import Database
from tests.shops import PASSWORD, Shop

BAKERY = OpenShop(
    slug="bakery",
    name="The Bakery",
    base_currency="EUR",
    owner_login=" Bea ",
    owner_name="Bea Baker",
    owner_password=PASSWORD,
    time_zone="Europe/Vienna",
    locale="de_AT",
)


def opened(command: OpenShop) -> None:
    open_shop(command, UnitOfWork(new_tenant_id()))


def test_a_shop_has_its_name_settings_roles_owner_and_a_drawer(app: Flask, database: Database) -> None:
    shop = open_shop(BAKERY, UnitOfWork(new_tenant_id()))

    with database.connect() as superuser:
        settings = superuser.execute("SELECT tenant_id, name, base_currency, time_zone, locale FROM tenants").fetchall()
        roles = superuser.execute("SELECT name, built_in FROM roles").fetchall()
        users = superuser.execute("SELECT u.id, login, u.name, r.name FROM users u JOIN roles r ON r.id = role_id")
        drawers = superuser.execute("SELECT id, name, series FROM cash_drawers").fetchall()
    found = find_tenant("bakery")
    assert found is not None
    assert (found.tenant_id, found.status) == (shop.tenant_id, "active")
    assert settings == [(shop.tenant_id, "The Bakery", "EUR", "Europe/Vienna", "de_AT")]
    assert sorted(roles) == [(name, name) for name in sorted(BUILT_IN_ROLES)]
    assert users.fetchall() == [(shop.owner_id, "bea", "Bea Baker", "owner")]
    assert drawers == [(shop.drawer_id, "Kasse 1", "A")]  # in the language of the shop


@pytest.mark.parametrize("slug", ["corner", "Corner", "c0rner", "comer", "cor-ner"])
def test_t9_an_address_that_is_taken_or_looks_so_is_refused(corner: Shop, slug: str) -> None:
    with pytest.raises(DuplicateSlugError):
        opened(replace(BAKERY, slug=slug))

    assert [tenant.slug for tenant in list_tenants()] == ["corner"]


@pytest.mark.parametrize(
    "slug",
    ["", "ab", "-abc", "abc-", "a--b", "xn--abc", "12345", "1-2-3", "a_b", "a.b", "ä" * 5, "a" * 41, "www", "adm1n",
     "api", "a-p-i", "suppOrt", "ma1l"],
)  # fmt: skip
def test_an_address_that_is_none_or_kept_for_the_system_is_refused(app: Flask, slug: str) -> None:
    with pytest.raises(InvalidSlugError):
        opened(replace(BAKERY, slug=slug))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("base_currency", "XXX"), ("base_currency", "eur"), ("base_currency", ""), ("time_zone", "Mars/Olympus"),
     ("time_zone", "../../etc/passwd"), ("locale", "xx_YY"), ("locale", ""), ("name", "  "), ("owner_login", " ")],
)  # fmt: skip
def test_a_setting_that_is_none_is_refused(app: Flask, setting: str, value: Any) -> None:
    with pytest.raises(RuleViolationError):
        opened(replace(BAKERY, **{setting: value}))

    assert list_tenants() == []


@pytest.mark.parametrize("password", ["bakery12", "The Bakery", "Bea Baker1", "password1", "1234567"])
def test_the_owners_password_is_not_what_everyone_would_try(app: Flask, password: str) -> None:
    with pytest.raises(WeakPasswordError):
        opened(replace(BAKERY, owner_password=password))


def test_nothing_of_a_shop_is_left_when_opening_it_fails(app: Flask, database: Database) -> None:
    # The application may not enter two shops under one id: the second fails after the directory was written.
    shop = open_shop(BAKERY, UnitOfWork(new_tenant_id()))

    with pytest.raises(Exception, match="brewery is taken"):
        open_shop(replace(BAKERY, slug="brewery"), UnitOfWork(shop.tenant_id))

    assert [tenant.slug for tenant in list_tenants()] == ["bakery"]


def test_ids_of_shops_fit_a_browser_and_differ() -> None:
    ids = {new_tenant_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(1 <= number <= 2**53 - 1 for number in ids)


def test_the_command_opens_and_lists(app: Flask) -> None:
    runner = app.test_cli_runner()

    created = runner.invoke(args=["tenants", "create", "bakery", "--currency", "eur", "--password", PASSWORD])
    taken = runner.invoke(args=["tenants", "create", "bakery", "--currency", "EUR", "--password", PASSWORD])
    listed = runner.invoke(args=["tenants", "list"])

    assert created.exit_code == 0, created.output
    assert taken.exit_code == 1
    assert "is taken" in taken.output
    assert "bakery\t" in listed.output
    assert "\tactive" in listed.output


def test_commands_see_to_what_becomes_of_a_shop(app: Flask) -> None:
    runner = app.test_cli_runner()
    opened(BAKERY)

    said = [
        runner.invoke(args=["tenants", *words.split()])
        for words in (
            "rename bakery bread-and-more",
            "suspend bread-and-more",
            "suspend bread-and-more",
            "resume bread-and-more",
            "delete bread-and-more --yes",
            "restore bread-and-more",
            "suspend nowhere-at-all",
        )
    ]

    assert [each.exit_code for each in said] == [0, 0, 1, 0, 0, 0, 1]
    assert [each.output.split(".")[0] for each in said] == [
        "bakery is at bread-and-more now",
        "bread-and-more is suspended",
        "Error: This shop is not active",
        "bread-and-more goes on",
        "bread-and-more is deleted",
        "bread-and-more is back",
        "Error: There is no shop at nowhere-at-all",
    ]
    assert runner.invoke(args=["tenants", "delete", "bread-and-more"], input="bread\n").exit_code == 1
    assert [(tenant.slug, tenant.status) for tenant in list_tenants()] == [("bread-and-more", "active")]
