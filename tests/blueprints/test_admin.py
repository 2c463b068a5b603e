"""The recalculation pages: with and without JavaScript, for those who may, of one shop."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from werkzeug.test import TestResponse

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import customer
from ledger_web.queries.recalculation import list_runs
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from ledger_web.services.recalculation import StartRecalculation, start_recalculation
from tests.bad_input import SENDABLE
from tests.books import cached_balance, count
from tests.clients import ShopClient
from tests.databases import Database
from tests.shops import Shop, add_customer, add_product, sell

ClientOf = Callable[..., ShopClient]


@pytest.fixture
def superuser(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with database.connect() as connection:
        yield connection


@pytest.fixture
def alice(shop: Shop) -> uuid.UUID:
    """A customer who owes 120.00."""
    alice = add_customer(shop, "Alice")
    debt = RecordOpeningBalance(id=new_id(), party_id=alice, currency="PKR", amount=120_00, is_owed_to_us=True)
    record_opening_balance(debt, shop.act())
    return alice


def ask(client: ShopClient, mode: str = "check", htmx: bool = False, **data: Any) -> TestResponse:
    form = {"op_id": str(new_id()), "mode": mode, **(data or {"all_models": "y"})}
    return client.post_form("/admin/recalculation", form, htmx=htmx)


def fields_of(page: TestResponse, button: str) -> dict[str, list[str]]:
    """Read the hidden fields of the form whose button says this, but for the token, which `post_form` brings."""
    form = next(form for form in re.findall(r"<form.*?</form>", page.text, re.S) if button in form)
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return {name: values for name, values in fields.items() if name != "csrf_token"}


def go_on_to_the_end(client: ShopClient, address: str) -> TestResponse:
    """Press Continue until there is no such button, as a browser without JavaScript would."""
    for _ in range(50):
        page = client.get(address)
        if "Continue" not in page.text:
            return page
        answer = client.post_form(f"{address}/step", fields_of(page, "Continue"))
        assert answer.status_code == 303
        assert answer.headers["Location"].endswith(address)
    raise AssertionError("the run does not end")


def test_the_admin_page_leads_to_the_recalculation(shop: Shop, client_of: ClientOf) -> None:
    page = client_of(shop).get("/admin/")

    assert page.status_code == 200
    assert 'href="/admin/recalculation"' in page.text


def test_the_admin_page_says_at_a_glance_how_the_shop_is(shop: Shop, client_of: ClientOf) -> None:
    client_of(shop, "cashier").get("/admin/")  # is refused, which is written down

    owner = client_of(shop).get("/admin/").text
    manager = client_of(shop, "manager").get("/admin/").text

    assert "never recalculated" in owner
    assert "all added up" in owner
    assert re.search(r"Till 1</bdi></a> since [^<]+, <bdi>Olga Owner", owner)
    assert "1 refused</a> in the last seven days" in owner
    assert "2 may sign in" in owner
    for place in ("settings", "audit", "users", "roles", "tills", "books", "taxes", "drawers", "labels", "reasons"):
        assert re.search(rf'href="[^"]*{place}[^"]*"', owner), place
    assert "in the last seven days" not in manager
    assert "/admin/settings/" not in manager


def test_a_check_without_javascript_finds_a_broken_balance_and_repairs_it(
    shop: Shop, alice: uuid.UUID, client_of: ClientOf, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE accounts SET debits = debits + 3000 WHERE kind = 'customer'")
    client = client_of(shop)

    answer = ask(client)
    assert answer.status_code == 303
    page = go_on_to_the_end(client, answer.headers["Location"])

    assert f'href="/customers/{alice}"' in page.text
    assert "owes you 150.00 PKR" in page.text
    assert "owes you 120.00 PKR" in page.text
    assert "30.00 PKR too high" in page.text
    assert "not yet" in page.text
    assert cached_balance(shop, customer(alice, "PKR")) == 150_00

    repair = client.post_form("/admin/recalculation", {**fields_of(page, "Repair these"), "mode": "repair"})
    page = go_on_to_the_end(client, repair.headers["Location"])

    assert ">repaired<" in page.text
    assert "Repair these" not in page.text
    assert cached_balance(shop, customer(alice, "PKR")) == 120_00


def test_htmx_is_sent_to_the_run_and_drives_it_with_fragments(
    shop: Shop, alice: uuid.UUID, client_of: ClientOf
) -> None:
    client = client_of(shop)

    answer = ask(client, htmx=True)
    address = answer.headers["HX-Redirect"]
    page = client.get(address)
    step = client.post_form(f"{address}/step", fields_of(page, "Continue"), htmx=True)

    assert 'hx-trigger="load, submit"' in page.text
    assert step.status_code == 200
    assert step.text.lstrip().startswith('<section id="run-panel"')
    assert "Every figure agrees with its entries." in step.text
    assert "Continue" not in step.text


def test_a_step_sent_twice_is_taken_once(shop: Shop, alice: uuid.UUID, client_of: ClientOf) -> None:
    client = client_of(shop)
    command = StartRecalculation(id=new_id(), batch=1)
    start_recalculation(command, shop.act())
    address = f"/admin/recalculation/{command.id}"
    fields = fields_of(client.get(address), "Continue")

    client.post_form(f"{address}/step", fields)
    client.post_form(f"{address}/step", fields)

    assert list_runs(shop.tenant_id)[0].step == 1


def test_a_form_sent_twice_starts_one_run(shop: Shop, client_of: ClientOf) -> None:
    client, op_id = client_of(shop), str(new_id())

    answers = [ask(client, op_id=op_id, all_models="y") for _ in range(2)]

    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert count(shop, "recalculation_runs") == 1


@pytest.mark.parametrize(
    "wrong", [{"models": ["clients"]}, {"models": []}, {"all_models": "maybe"}, {"all_models": "y", "mode": "wish"},
              {"all_models": "y", "op_id": ""}, {"all_models": "y", "op_id": "1"}, {"all_models": "y", "force": "x"}],
)  # fmt: skip
@pytest.mark.parametrize("htmx", [True, False])
def test_a_form_that_asks_for_nothing_known_comes_back(
    shop: Shop, client_of: ClientOf, wrong: dict[str, Any], htmx: bool
) -> None:
    answer = ask(client_of(shop), htmx=htmx, **wrong)

    assert answer.status_code == 422
    assert 'id="recalculation-form"' in answer.text
    assert ('class="error"' in answer.text) or ("message bad" in answer.text)
    assert count(shop, "recalculation_runs") == 0


@pytest.mark.parametrize("wrong", [{"step": "x"}, {"step": "-1"}, {"step": ""}, {"op_id": "no"}, {}])
def test_a_step_that_is_none_changes_nothing(shop: Shop, client_of: ClientOf, wrong: dict[str, str]) -> None:
    command = StartRecalculation(id=new_id())
    start_recalculation(command, shop.act())

    answer = client_of(shop).post_form(f"/admin/recalculation/{command.id}/step", wrong, htmx=True)

    assert answer.status_code == 422
    assert 'id="run-panel"' in answer.text
    assert list_runs(shop.tenant_id)[0].step == 0


def test_no_text_breaks_the_forms(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    command = StartRecalculation(id=new_id())
    start_recalculation(command, shop.act())

    statuses = set()
    for text in SENDABLE[::4]:  # the fields themselves are sent all of them in tests/forms
        form = {"op_id": str(new_id()), "models": text, "mode": text, "force": text}
        statuses.add(client.post_form("/admin/recalculation", form).status_code)
        step = {"op_id": text, "step": text}
        statuses.add(client.post_form(f"/admin/recalculation/{command.id}/step", step).status_code)

    assert statuses <= {413, 422}
    assert count(shop, "recalculation_runs") == 1


def test_another_shops_run_is_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    command = StartRecalculation(id=new_id())
    start_recalculation(command, shop.act())
    client = client_of(rival)

    assert client.get(f"/admin/recalculation/{command.id}").status_code == 404
    step = {"op_id": str(new_id()), "step": "0"}
    assert client.post_form(f"/admin/recalculation/{command.id}/step", step).status_code == 404
    assert client.post_form(f"/admin/recalculation/{command.id}/step", {}).status_code == 404
    assert str(command.id) not in client.get("/admin/recalculation").text
    assert list_runs(shop.tenant_id)[0].step == 0


def test_a_manager_sees_runs_and_starts_none(shop: Shop, client_of: ClientOf) -> None:
    command = StartRecalculation(id=new_id())
    start_recalculation(command, shop.act())
    manager = client_of(shop, "manager")

    assert manager.get("/admin/").status_code == 200
    assert "recalculation-form" not in manager.get("/admin/recalculation").text
    assert "Continue" not in manager.get(f"/admin/recalculation/{command.id}").text
    assert ask(manager).status_code == 403
    step = {"op_id": str(new_id()), "step": "0"}
    assert manager.post_form(f"/admin/recalculation/{command.id}/step", step).status_code == 403


@pytest.mark.parametrize("path", ["/admin/", "/admin/recalculation", f"/admin/recalculation/{uuid.UUID(int=1)}"])
def test_a_cashier_and_a_stranger_see_nothing_of_it(shop: Shop, client_of: ClientOf, path: str) -> None:
    assert client_of(shop, "cashier").get(path).status_code == 403
    assert client_of(shop, "").get(path).status_code in (302, 303)


def test_a_repair_that_stopped_is_gone_on_with_only_after_somebody_looked(
    shop: Shop, client_of: ClientOf, superuser: psycopg.Connection
) -> None:
    milk = add_product(shop, quantity=500)
    for number in range(100):
        buyer = add_customer(shop, f"Customer {number}")
        sell(shop, (milk, 1, 115_00), customer_id=buyer, tendered=15_00, rest_on_account=True)
    superuser.execute("UPDATE stock_levels SET value = value + 1")
    superuser.execute("UPDATE accounts SET debits = debits + 1 WHERE kind = 'customer'")
    client = client_of(shop)

    page = go_on_to_the_end(client, ask(client, "repair").headers["Location"])

    assert "Nothing was repaired" in page.text
    assert "the first" not in page.text
    assert "too high" in page.text

    forced = {**fields_of(page, "Repair all the same"), "mode": "repair", "force": "y", "all_models": "y"}
    page = go_on_to_the_end(client, client.post_form("/admin/recalculation", forced).headers["Location"])

    assert "101 repaired" in page.text


def test_a_balance_is_explained_by_its_entries(
    shop: Shop, rival: Shop, alice: uuid.UUID, client_of: ClientOf, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE accounts SET debits = debits + 3000 WHERE kind = 'customer'")
    client = client_of(shop)
    run = ask(client).headers["Location"]
    page = go_on_to_the_end(client, run)

    (address,) = re.findall(r'href="(/admin/recalculation/explanation/[^"]+)"', page.text)
    explained = client.get(address.replace("&amp;", "&"))

    assert "owes you 120.00 PKR" in explained.text
    assert "owes you 150.00 PKR" in explained.text
    assert "30.00 PKR too high" in explained.text
    assert "Opening balance" in explained.text
    assert client.get(f"/admin/recalculation/explanation/{alice}").status_code == 200  # the party will do
    assert client.get(f"/admin/recalculation/explanation/{alice}?until=nonsense").status_code == 200
    assert client.get(f"/admin/recalculation/explanation/{new_id()}").status_code == 404
    assert client_of(rival).get(f"/admin/recalculation/explanation/{alice}").status_code == 404


def test_what_was_found_stays_open_until_it_is_repaired(
    shop: Shop, alice: uuid.UUID, client_of: ClientOf, superuser: psycopg.Connection
) -> None:
    client = client_of(shop)
    superuser.execute("UPDATE accounts SET debits = debits + 3000 WHERE kind = 'customer'")
    go_on_to_the_end(client, ask(client).headers["Location"])
    go_on_to_the_end(client, ask(client, models="stock").headers["Location"])  # says nothing of customers

    assert "Still open" in client.get("/admin/recalculation").text

    go_on_to_the_end(client, ask(client, "repair").headers["Location"])

    assert "Still open" not in client.get("/admin/recalculation").text


def test_days_that_cannot_be_added_up_are_shown(shop: Shop, alice: uuid.UUID, client_of: ClientOf) -> None:
    assert "could not be added up" not in client_of(shop, "manager").get("/admin/").text
    with shop.act() as uow:
        uow.execute(
            "INSERT INTO daily_total_failures AS f (tenant_id, account_id, day, attempts, reason, failed_at, retry_at)"
            " SELECT tenant_id, id, '2026-10-01', 5, 'bigint out of range', now(), now()"
            "   FROM accounts WHERE tenant_id = %(tenant_id)s AND party_id = %(alice)s",
            {"alice": alice},
        )

    page = client_of(shop, "manager").get("/admin/").text

    for part in ("could not be added up", "Alice", "Oct 1, 2026", "bigint out of range, 5 attempts"):
        assert part in page


@pytest.mark.parametrize("htmx", [False, True])
def test_a_second_recalculation_is_refused_and_what_was_ticked_stays(
    shop: Shop, client_of: ClientOf, superuser: psycopg.Connection, htmx: bool
) -> None:
    start_recalculation(StartRecalculation(id=new_id()), shop.act())
    superuser.execute("UPDATE recalculation_runs SET stepped_at = now()")

    answer = ask(client_of(shop), htmx=htmx, models=["stock", "vendors"])

    assert answer.status_code == 409
    assert "Another recalculation of this shop is under way." in answer.text
    assert re.findall(r'name="models" value="(\w+)" checked', answer.text) == ["vendors", "stock"]
    assert len(list_runs(shop.tenant_id)) == 1
