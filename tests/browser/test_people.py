"""The story of a new shop, in Dari: its owner, a cashier who comes by a link, a till, a right that goes."""

import re

import pytest
from playwright.sync_api import Page, expect

from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext as said
from ledger_web.domain.languages import speaking
from ledger_web.queries.tenants import find_tenant
from ledger_web.services.shifts import OpenShift, open_shift
from tests import books
from tests.browser.conftest import Site
from tests.browser.scanners import Scanner
from tests.clients import BASE_DOMAIN
from tests.shops import PASSWORD, Shop, add_product

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one Chromium at a time

CASHIERS_PASSWORD, PIN = "seven lean cows by the river", "407193"


def test_a_shop_from_its_sign_up_to_a_right_that_is_taken_away(site: Site) -> None:
    nowhere = Shop(0, "bazaar", new_id(), new_id(), "AFN")
    owner = site.open(nowhere, role="")
    _sign_up(owner, site.port)
    shop = _found(nowhere)
    _sign_in(owner, "olga", PASSWORD)
    _set_the_shop_to_dari(owner)
    with speaking("fa"):
        _tell_the_rest_in_dari(site, shop, owner)


def _tell_the_rest_in_dari(site: Site, shop: Shop, owner: Page) -> None:
    _make_a_role(owner)
    link = _invite(owner, "Ben", "ben")
    cashier = site.open(shop, role="", locale="fa-AF")
    _choose_a_password(cashier, link)
    _sign_in(cashier, "ben", CASHIERS_PASSWORD)
    _register_a_till_and_come_in_with_a_pin(cashier)
    _sell(cashier, "Milk")
    assert books.count(shop, "sales") == 1

    _scan(cashier, "Milk")
    _take_the_right_to_sell_away(owner)
    Scanner(cashier).scan("Milk")

    refusal = said("Your role does not allow this. Ask the owner of the shop.")
    expect(cashier.get_by_text(refusal).first).to_be_visible()
    assert books.count(shop, "sales") == 1
    _read_the_audit(owner)
    assert [each for each in site.trouble.complaints if "403" not in each] == []


def _sign_up(page: Page, port: int) -> None:
    page.goto(f"http://{BASE_DOMAIN}:{port}/sign-up/")
    page.get_by_label("Name of the shop").fill("Bazaar")
    page.get_by_label("Address").fill("bazaar")
    page.get_by_label("Country").select_option("AF")
    page.get_by_text("Something else than usual").click()
    page.locator("#language").select_option("en")
    page.get_by_label("Your name").fill("Olga Owner")
    page.get_by_label("Name to sign in with").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open the shop").click()
    page.get_by_role("link", name="Go to bazaar").click()
    page.wait_for_url(re.compile(r"//bazaar\..*/sign-in"))


def _found(shop: Shop) -> Shop:
    """Return the shop that was signed up, its drawer open and with something to sell."""
    tenant_id = next(iter([row.tenant_id for row in [find_tenant(shop.slug)] if row]))
    known = Shop(tenant_id, shop.slug, shop.owner_id, shop.drawer_id, "AFN")
    with known.act() as uow:
        owner = uow.execute("SELECT id FROM users WHERE tenant_id = %(tenant_id)s").scalar_one()
        drawer = uow.execute("SELECT id FROM cash_drawers WHERE tenant_id = %(tenant_id)s").scalar_one()
    found = Shop(tenant_id, shop.slug, owner, drawer, "AFN")
    open_shift(OpenShift(id=new_id(), drawer_id=drawer, counts=()), found.act())
    add_product(found, "Milk")
    return found


def _sign_in(page: Page, login: str, password: str) -> None:
    page.goto("/sign-in")
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("form button.primary").click()
    expect(page.locator("nav.side")).to_be_visible()


def _set_the_shop_to_dari(page: Page) -> None:
    page.goto("/admin/settings/")
    page.locator("select[name=locale]").select_option(label="دری (افغانستان)")
    page.locator("select[name=digits]").select_option("arabext")
    page.get_by_role("button", name="Save", exact=False).first.click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    with speaking("fa"):
        expect(page.get_by_role("heading", level=1)).to_have_text(said("Settings"))


def _make_a_role(page: Page) -> None:
    page.goto("/roles/new")
    page.get_by_label(said("Name"), exact=True).fill("Counter")
    page.locator("input[name=rights][value='till.register']").check()
    page.get_by_role("button", name=said("Make the role")).click()
    expect(page.get_by_text(said("The role was made."))).to_be_visible()


def _invite(page: Page, name: str, login: str) -> str:
    page.goto("/users/new")
    page.get_by_label(said("Name"), exact=True).fill(name)
    page.get_by_label(said("Signs in as")).fill(login)
    page.get_by_label(said("Role")).select_option(label="Counter")
    page.get_by_role("button", name=said("Invite")).click()
    return page.locator("#address").input_value()


def _choose_a_password(page: Page, link: str) -> None:
    page.goto(link)
    for each in page.locator("input[type=password]").all():
        each.fill(CASHIERS_PASSWORD)
    page.get_by_role("button", name=said("Set the password")).click()
    expect(page.get_by_text(said("Your password is set. Sign in as %(login)s.", login="ben"))).to_be_visible()


def _register_a_till_and_come_in_with_a_pin(page: Page) -> None:
    page.goto("/account/")
    page.locator("#pin").fill(PIN)
    page.locator("#pin_again").fill(PIN)
    page.locator("#pin_password").fill(CASHIERS_PASSWORD)
    page.get_by_role("button", name=said("Set the PIN")).click()
    expect(page.get_by_role("button", name=said("Change the PIN"))).to_be_visible()
    page.goto("/tills/")
    page.get_by_label(said("Name of this till")).fill("Front till")
    page.get_by_role("button", name=said("Register this browser")).click()
    expect(page.get_by_role("rowheader", name="Front till")).to_be_visible()
    page.goto("/tills/sign-in")
    page.get_by_label("Ben").check()
    page.locator("#pin").fill(PIN)
    page.get_by_role("button", name=said("Come in")).click()
    expect(page.locator("nav.side")).to_be_visible()


def _scan(page: Page, name: str) -> None:
    page.goto("/sell/")
    Scanner(page).scan(name)
    expect(page.locator("table.cart tbody tr")).to_have_count(1)


def _sell(page: Page, name: str) -> None:
    _scan(page, name)
    page.locator("button.store").click()
    page.wait_for_url("**/receipt**")


def _take_the_right_to_sell_away(page: Page) -> None:
    page.goto("/roles/")
    page.get_by_role("link", name="Counter").click()
    page.locator("input[name=rights][value='sale.create']").uncheck()
    page.get_by_role("button", name=said("Save")).click()
    expect(page.get_by_text(said("Saved. It counts from everybody's next click on."))).to_be_visible()


def _read_the_audit(page: Page) -> None:
    page.goto("/admin/audit/")
    told = page.locator("#events-list").inner_text()
    for part in (
        "made a role",
        "invited somebody",
        "chose a password with a link",
        "set a PIN",
        "registered a till",
        "changed a role",
        "was refused",
    ):
        assert said(part) in told, part
    in_order = [told.index(said(part)) for part in ("was refused", "changed a role", "invited somebody")]
    assert in_order == sorted(in_order)
