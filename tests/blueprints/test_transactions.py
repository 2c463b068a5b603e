"""The register over HTTP: the list, one transaction, its reversal, and what is posted from it."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, equity
from ledger_web.domain.permissions import BUILT_IN_ROLES
from ledger_web.queries.books import get_books
from ledger_web.services.books import SetLockDate, set_lock_date
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.posting import account_id
from ledger_web.services.transactions import RecordOwnerMoney, record_owner_money
from tests.bad_input import SENDABLE
from tests.books import assert_the_books_agree, balances, count
from tests.clients import NOTHING, ShopClient
from tests.shops import Shop, add_customer, add_product, sell

ClientOf = Callable[..., ShopClient]

GET = ("/transactions/", "/transactions/owner/new", "/transactions/openings/new", "/transactions/manual/new")
POST = ("/transactions/owner/", "/transactions/openings/", "/transactions/manual/")


def put_in(shop: Shop, amount: int = 1000_00, day: dt.date | None = None, memo: str = "") -> uuid.UUID:
    place = cash(shop.drawer_id, "PKR")
    command = RecordOwnerMoney(id=new_id(), is_deposit=True, place=place, amount=amount, memo=memo, occurred_on=day)
    return record_owner_money(command, shop.act()).id


def lock(shop: Shop, day: dt.date) -> None:
    version = get_books(shop.tenant_id).version
    command = SetLockDate(id=new_id(), version=version, locked_until=day, reason="Handed over")
    set_lock_date(command, shop.act())


def owner_form(shop: Shop, **changed: Any) -> dict[str, Any]:
    return {
        "op_id": str(new_id()),
        "direction": "deposit",
        "currency": "PKR",
        "amount": "1,000.00",
        "place": f"cash:{shop.drawer_id}",
        "memo": "Start",
    } | changed


def manual_form(shop: Shop, **changed: Any) -> dict[str, Any]:
    return {
        "op_id": str(new_id()),
        "memo": "Paid by the owner",
        "0-account": "expense:rent",
        "0-currency": "PKR",
        "0-debit": "100.00",
        "0-credit": "",
        "1-account": "equity:owner",
        "1-currency": "PKR",
        "1-debit": "",
        "1-credit": "100.00",
        "2-account": "",
        "2-currency": "PKR",
        "2-debit": "",
        "2-credit": "",
    } | changed


def test_the_register_shows_what_happened_and_finds_it_again(shop: Shop, client_of: ClientOf) -> None:
    sell(shop, (add_product(shop), 1, 115_00))
    put_in(shop, memo="Start <b>capital</b>")
    client = client_of(shop, "manager")

    page = client.get("/transactions/").text
    found = client.get("/transactions/?q=capital&kind=owner_deposit&person=&since=&until=", htmx=True).text

    assert "Sale A-000001" in page
    assert "&lt;b&gt;capital" in page
    assert "Owner’s deposit" in found
    assert "Sale A-000001" not in found
    assert 'id="register"' in found
    assert "<html" not in found


def test_older_transactions_are_one_page_further_and_filters_stay(
    shop: Shop, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger_web.queries.transactions.PAGE_SIZE", 2)
    for number in range(5):
        put_in(shop, memo=f"Deposit{number}")
    client, seen, url = client_of(shop, "manager"), [], "/transactions/?kind=owner_deposit&q=deposit"

    while url:
        page = client.get(url).text
        seen += [number for number in "43210" if f"Deposit{number}<" in page]
        url = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        assert not url or "kind=owner_deposit" in url

    assert seen == list("43210")


@pytest.mark.parametrize(
    "query", ["since=2026-13-01", "kind=no_such", f"person={NOTHING}", "since=2026-02-01&until=2026-01-01", "before=1"]
)
def test_a_filter_that_makes_no_sense_is_answered_with_a_sentence(shop: Shop, client_of: ClientOf, query: str) -> None:
    answer = client_of(shop).get(f"/transactions/?{query}")

    assert answer.status_code == 422
    assert 'class="message bad"' in answer.text


def test_a_transaction_leads_to_its_accounts_and_its_document(shop: Shop, client_of: ClientOf) -> None:
    sale = sell(shop, (add_product(shop), 1, 115_00))
    client = client_of(shop, "manager")

    page = client.get(f"/transactions/{sale}").text

    till = account_id(shop.tenant_id, cash(shop.drawer_id, "PKR"))
    assert f"/accounts/{till}" in page
    assert f"/sales/{sale}" in page
    assert "deleted on its own page" in page
    assert f"/transactions/{sale}/reversal" not in page


def test_from_any_balance_two_clicks_lead_to_the_entries(shop: Shop, client_of: ClientOf) -> None:
    alice = add_customer(shop)
    sell(shop, (add_product(shop), 1, 115_00), customer_id=alice, rest_on_account=True)
    put_in(shop)
    client = client_of(shop, "manager")

    for start in ("/", "/drawers/", f"/drawers/{shop.drawer_id}", f"/customers/{alice}", "/accounts/"):
        first = re.findall(r'href="(/(?:accounts|drawers)/[0-9a-f-]{36}[^"]*)"', client.get(start).text)
        assert first, start
        leads = [client.get(url.replace("&amp;", "&")).text for url in first if not re.search("pay-|statement", url)]
        second = [url for page in leads for url in re.findall(r'href="(/transactions/[0-9a-f-]{36})"', page)]
        assert second, start
        assert all('id="entries"' in client.get(url).text for url in set(second))


def test_a_reversal_shows_first_what_will_change_and_then_does_it(shop: Shop, client_of: ClientOf) -> None:
    id = put_in(shop)
    client, form = client_of(shop, "manager"), {"reason": "Entered twice", "op_id": str(new_id())}

    preview = client.get(f"/transactions/{id}/reversal").text
    assert "1,000.00 PKR" in preview
    assert balances(shop)["cash", "Till 1"] == 1000_00
    answer = client.post_form(f"/transactions/{id}/reversal", form)
    again = client.post_form(f"/transactions/{id}/reversal", form)

    assert (answer.status_code, again.status_code) == (303, 303)
    page = client.get(answer.headers["Location"]).text
    assert "Reversed" in page
    assert "Entered twice" in page
    assert balances(shop) == {}
    assert_the_books_agree(shop)


def test_a_reversal_by_htmx_leads_to_the_transaction(shop: Shop, client_of: ClientOf) -> None:
    id = put_in(shop)

    answer = client_of(shop).post_form(
        f"/transactions/{id}/reversal", {"reason": "Entered twice", "op_id": str(new_id())}, htmx=True
    )

    assert answer.headers["HX-Redirect"] == f"/transactions/{id}"


def test_a_reversal_needs_a_reason_and_its_number(shop: Shop, client_of: ClientOf) -> None:
    id, client = put_in(shop), client_of(shop)

    for form in ({"reason": "", "op_id": str(new_id())}, {"reason": "no", "op_id": str(new_id())}, {"reason": "Twice"}):
        answer = client.post_form(f"/transactions/{id}/reversal", form, htmx=True)
        assert answer.status_code == 422
        assert 'id="reversal-panel"' in answer.text
    assert balances(shop)["cash", "Till 1"] == 1000_00


def test_the_second_to_reverse_is_told_who_was_first(shop: Shop, client_of: ClientOf) -> None:
    id, client = put_in(shop), client_of(shop)
    form = {"reason": "Entered twice"}
    client.post_form(f"/transactions/{id}/reversal", form | {"op_id": str(new_id())})

    answer = client.post_form(f"/transactions/{id}/reversal", form | {"op_id": str(new_id())}, htmx=True)
    page = client.get(f"/transactions/{id}/reversal")

    assert answer.status_code == 409
    assert "reversed already, by Olga Owner" in answer.text
    assert "It was reversed already." in page.text


def test_what_a_document_undoes_says_so(shop: Shop, client_of: ClientOf) -> None:
    sale, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop)

    assert "deleted on its own page" in client.get(f"/transactions/{sale}/reversal").text
    answer = client.post_form(f"/transactions/{sale}/reversal", {"reason": "Twice", "op_id": str(new_id())})

    assert answer.status_code == 422
    undo(Undo(id=new_id(), transaction_id=sale, reason="Rung up twice"), shop.act())
    assert "Rung up twice" in client.get(f"/transactions/{sale}").text


def test_what_is_posted_from_the_register_is_posted_once(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    opening = {"op_id": str(new_id()), "account": "tax_payable:", "currency": "PKR", "amount": "20", "memo": ""}

    for url, form in (
        ("/transactions/owner/", owner_form(shop)),
        ("/transactions/openings/", opening),
        ("/transactions/manual/", manual_form(shop)),
    ):
        first, second = client.post_form(url, form), client.post_form(url, form)
        page = client.get(second.headers["Location"]).text
        other = client.post_form(url, form | {"memo": "Another meaning"})

        assert (first.status_code, second.status_code, other.status_code) == (303, 303, 409), url
        assert first.headers["Location"] == second.headers["Location"] == f"/transactions/{form['op_id']}"
        assert "posted already" in page

    assert balances(shop) == {
        ("cash", "Till 1"): 1000_00,
        ("equity", "owner"): 1100_00,
        ("tax_payable", ""): 20_00,
        ("equity", "opening"): -20_00,
        ("expense", "rent"): 100_00,
    }
    assert_the_books_agree(shop)


def test_the_owner_takes_money_out_of_what_is_there(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)

    answer = client.post_form("/transactions/owner/", owner_form(shop, direction="drawing"), htmx=True)

    assert answer.status_code == 422
    assert "Till 1 holds" in answer.text
    assert 'value="drawing"' in answer.text
    assert client.get("/transactions/owner/new?direction=sideways").status_code == 404


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"1-credit": "99.99"}, "Debits and credits differ in PKR: 100.00 PKR and 99.99 PKR"),
        ({"1-credit": "", "1-debit": ""}, "one amount above zero"),
        ({"1-debit": "5"}, "one amount above zero"),
        ({"1-account": ""}, "Choose the account of this line"),
        ({"1-account": "inventory:"}, "their own documents"),
        ({"1-account": "expense:no_such"}, "no such account or category"),
        ({"1-account": f"cash:{uuid.UUID(int=5)}"}, "no such cash drawer"),
        ({"1-account": "expense:rent"}, "debited and credited at once"),
        ({"1-currency": "USD"}, "differ in PKR"),
        ({"1-currency": ""}, "Choose the currency"),
        ({"0-debit": "1e5"}, "Debit"),
        ({"memo": ""}, "Memo"),
        ({"0-account": "", "0-debit": "", "1-account": "", "1-credit": ""}, "two lines"),
        ({"day": "2026-02-30"}, "Day"),
    ],
)
def test_a_manual_form_comes_back_with_what_is_wrong_and_what_was_typed(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], sentence: str
) -> None:
    form = manual_form(shop, **changed)

    answer = client_of(shop).post_form("/transactions/manual/", form, htmx=True)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="manual-form"' in answer.text
    assert form["op_id"] in answer.text
    assert balances(shop) == {}


def test_more_lines_are_given_and_nothing_is_posted(shop: Shop, client_of: ClientOf) -> None:
    form = manual_form(shop, more="y")

    answer = client_of(shop).post_form("/transactions/manual/", form, htmx=True)

    assert answer.status_code == 200
    assert 'name="7-account"' in answer.text
    assert "100.00" in answer.text
    assert form["op_id"] in answer.text
    assert balances(shop) == {}


def test_a_manual_form_may_begin_with_an_account(shop: Shop, client_of: ClientOf) -> None:
    put_in(shop)
    client = client_of(shop)
    account = account_id(shop.tenant_id, equity("PKR", "owner"))

    page = client.get(f"/transactions/manual/new?account={account}").text

    assert '<option value="equity:owner" selected>' in page
    for nonsense in ("x", new_id(), "", "\x00"):
        assert client.get("/transactions/manual/new", query_string={"account": nonsense}).status_code == 200


def test_an_earlier_day_is_for_those_who_may_go_back(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop, "manager")
    answer = client.post_form("/transactions/owner/", owner_form(shop, day="2026-01-31"))
    assert answer.status_code == 303

    with shop.act() as uow:
        uow.execute(
            """
            UPDATE roles SET built_in = NULL, permissions = %(rights)s
             WHERE tenant_id = %(tenant_id)s AND name = 'manager'
            """,
            {"rights": sorted(BUILT_IN_ROLES["manager"] - {"journal.backdate"})},
        )
    page = client.get("/transactions/owner/new").text
    refused = client.post_form("/transactions/owner/", owner_form(shop, day="2026-01-31"), htmx=True)

    assert 'name="day"' not in page
    assert refused.status_code == 422
    assert count(shop, "entries") == 1


def test_a_locked_day_is_refused_and_only_who_may_can_insist(shop: Shop, client_of: ClientOf) -> None:
    day = get_books(shop.tenant_id).today - dt.timedelta(days=10)
    lock(shop, day)
    form = owner_form(shop, day=str(day))
    manager, owner = client_of(shop, "manager"), client_of(shop, "owner")

    for client, may in ((manager, False), (owner, True)):
        refused = client.post_form("/transactions/owner/", form, htmx=True)
        assert refused.status_code == 422
        assert "lies in a locked period" in refused.text
        assert ('name="overrides_lock"' in refused.text) is may
    assert manager.post_form("/transactions/owner/", form | {"overrides_lock": "y"}).status_code == 422
    assert balances(shop) == {}

    insisted = owner.post_form("/transactions/owner/", form | {"overrides_lock": "y"})
    assert insisted.status_code == 303
    assert "into a locked period" in owner.get(insisted.headers["Location"]).text
    log = owner.get("/transactions/?overrides=y").text
    assert log.count("locked period</span>") == 1


def test_a_reversal_of_a_locked_day_asks_for_the_same_right(shop: Shop, client_of: ClientOf) -> None:
    day = get_books(shop.tenant_id).today - dt.timedelta(days=10)
    id = put_in(shop, day=day)
    lock(shop, day)
    form = {"reason": "Entered twice", "op_id": str(new_id())}
    client = client_of(shop, "owner")

    refused = client.post_form(f"/transactions/{id}/reversal", form, htmx=True)
    assert refused.status_code == 422
    assert 'name="overrides_lock"' in refused.text
    assert client.post_form(f"/transactions/{id}/reversal", form | {"overrides_lock": "y"}).status_code == 303
    assert balances(shop) == {}


def test_a_sale_of_a_locked_day_is_taken_back_as_a_return_of_today_by_whoever_asks(
    shop: Shop, client_of: ClientOf
) -> None:
    sale = sell(shop, (add_product(shop), 1, 115_00))
    with shop.act() as uow:  # the day after: what was sold today lies in the past now
        uow.execute("UPDATE tenants SET locked_until = current_date + 1 WHERE tenant_id = %(tenant_id)s")
    form = {"reason": "Rung up twice", "op_id": str(new_id())}

    for role in ("manager", "owner"):
        refused = client_of(shop, role).post_form(f"/sales/{sale}/deletion", form, htmx=True)
        assert refused.status_code == 422
        assert f'href="/sales/{sale}/return?all=y"' in refused.text
    assert count(shop, "transactions") == 3
    assert_the_books_agree(shop)


def test_strangers_are_sent_to_sign_in_and_cashiers_are_refused(shop: Shop, client_of: ClientOf) -> None:
    id = put_in(shop)
    cashier, stranger = client_of(shop, "cashier"), client_of(shop, "")

    for url in (*GET, f"/transactions/{id}", f"/transactions/{id}/reversal"):
        assert cashier.get(url).status_code == 403, url
        assert stranger.get(url).status_code == 303, url
    for url in (*POST, f"/transactions/{id}/reversal"):
        assert cashier.post_form(url, {}).status_code == 403, url
        assert stranger.post_form(url, {}).status_code in {303, 403}, url
    assert balances(shop)["cash", "Till 1"] == 1000_00


def test_a_rivals_transaction_looks_like_one_that_never_was(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    theirs, client = put_in(rival), client_of(shop)
    form = {"reason": "Entered twice", "op_id": str(new_id())}

    for id in (theirs, new_id()):
        assert client.get(f"/transactions/{id}").status_code == 404
        assert client.get(f"/transactions/{id}/reversal").status_code == 404
        assert client.post_form(f"/transactions/{id}/reversal", form).status_code == 404
    posted = client.post_form("/transactions/owner/", owner_form(shop, place=f"cash:{rival.drawer_id}"))
    assert posted.status_code == 422
    assert balances(shop) == {}
    assert balances(rival)["cash", "Till 1"] == 1000_00


def test_no_text_whatever_breaks_a_form(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    texts = SENDABLE[::7]

    for text in texts:
        for name in ("amount", "currency", "place", "memo", "day", "direction", "op_id", "overrides_lock"):
            answer = client.post_form("/transactions/owner/", owner_form(shop, **{name: text}), htmx=True)
            assert answer.status_code in {204, 409, 413, 422}, (name, text[:40])
        for name in ("0-account", "0-currency", "0-debit", "1-credit", "memo", "day"):
            answer = client.post_form("/transactions/manual/", manual_form(shop, **{name: text}), htmx=True)
            assert answer.status_code in {204, 409, 413, 422}, (name, text[:40])
        answer = client.get("/transactions/", query_string=dict.fromkeys(("q", "before"), text[:500]))
        assert answer.status_code in {200, 422}, text[:40]
    assert_the_books_agree(shop)


def test_hostile_names_of_lines_are_no_lines(shop: Shop, client_of: ClientOf) -> None:
    form = manual_form(shop, **{"²-account": "x", "99999999999-account": "x", "-1-account": "x", "39-account": "zz:"})

    answer = client_of(shop).post_form("/transactions/manual/", form, htmx=True)

    assert answer.status_code == 422
    assert answer.text.count("Choose an account that is in the list.") == 1


def test_the_register_is_a_file_with_a_row_for_each_amount(shop: Shop, client_of: ClientOf) -> None:
    sell(shop, (add_product(shop, quantity=5), 1, 115_00))
    client = client_of(shop)

    rows = client.get("/transactions/register.csv?kind=sale").text.splitlines()

    assert rows[0].startswith("\ufeffDay,What,With,Memo,By,Posted,Undone,Amount,Currency")
    assert [row.rpartition(",,")[2] for row in rows[1:]] == ["115.00,PKR"]
    assert client.get("/transactions/register.xlsx").data.startswith(b"PK")
    assert client.get("/transactions/register.csv?since=x").status_code == 404
    assert "/transactions/register.xlsx?kind=sale" in client.get("/transactions/?kind=sale").text
