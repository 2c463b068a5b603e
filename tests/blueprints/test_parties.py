"""Customers, vendors, employees and members over HTTP: the same questions asked of each address."""

import csv
import io
import re
import uuid
from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.queries.parties import get_party
from ledger_web.services.parties import CreateParty, EditParty, create_party, edit_party
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from tests import bad_input
from tests.books import count
from tests.clients import ShopClient
from tests.shops import Shop, add_customer

ClientOf = Callable[..., ShopClient]
NOUNS = [("customer", "customers"), ("vendor", "vendors"), ("employee", "employees"), ("member", "members")]


def add(shop: Shop, kind: str = "customer", name: str = "Akbar") -> uuid.UUID:
    command = CreateParty(id=new_id(), kind=kind, name=name, phone="0300 1", currency="PKR")
    return create_party(command, shop.act()).id


def owe(shop: Shop, party_id: uuid.UUID, amount: int = 5_00, memo: str = "") -> None:
    command = RecordOpeningBalance(
        id=new_id(), party_id=party_id, currency="PKR", amount=amount, is_owed_to_us=True, memo=memo
    )
    record_opening_balance(command, shop.act())


def party_form(**changed: str) -> dict[str, str]:
    return {"op_id": str(new_id()), "name": "Nadia", "phone": "0311", "currency": "PKR", "note": "", **changed}


@pytest.mark.parametrize(("kind", "plural"), NOUNS)
def test_each_noun_is_listed_added_shown_edited_archived_and_restored(
    shop: Shop, client_of: ClientOf, kind: str, plural: str
) -> None:
    client = client_of(shop, "manager")
    assert f"No {plural} yet" in client.get(f"/{plural}/").text
    assert f"New {kind}" in client.get(f"/{plural}/new").text

    created = client.post_form(f"/{plural}/", party_form())
    assert created.status_code == 303
    address = created.headers["Location"]
    assert "Nadia was added." in client.get(address).text
    assert "Nadia" in client.get(f"/{plural}/").text

    edited = client.post_form(address, party_form(name="Nadia Aziz", version="1"))
    assert (edited.status_code, edited.headers["Location"]) == (303, address)
    assert "Nadia Aziz" in client.get(address).text

    assert client.post_form(f"{address}/archive", {"op_id": str(new_id())}).status_code == 303
    assert "archived" in client.get(address).text
    assert "Nadia" not in client.get(f"/{plural}/").text
    assert "Nadia" in client.get(f"/{plural}/?standing=archived").text
    assert client.post_form(f"{address}/archive/delete", {"op_id": str(new_id())}).status_code == 303
    assert "Nadia" in client.get(f"/{plural}/").text


def test_htmx_gets_fragments_and_is_led_on_by_a_header(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop), add(shop)

    for address, root in [
        ("/customers/", "parties-list"),
        ("/customers/new", "new-party-form"),
        (f"/customers/{alice}", "statement-panel"),
        (f"/customers/{alice}/edit", "party-form"),
        (f"/customers/{alice}/credit-limit", "credit-limit-form"),
    ]:
        answer = client.get(address, htmx=True)
        assert (answer.status_code, "<html" in answer.text) == (200, False)
        assert f'id="{root}"' in answer.text

    created = client.post_form("/customers/", party_form(), htmx=True)
    assert (created.status_code, created.headers["HX-Redirect"][:11]) == (204, "/customers/")


def test_a_form_that_is_refused_keeps_what_was_typed_and_its_number(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop), party_form(name=" ", phone="0312 77", credit_limit="1.234")

    page = client.post_form("/customers/", form)
    fragment = client.post_form("/customers/", form, htmx=True)

    assert (page.status_code, fragment.status_code) == (422, 422)
    for answer in (page, fragment):
        assert "Name: Enter some text." in answer.text
        assert "Credit limit: Write an amount in PKR" in answer.text
        assert 'value="0312 77"' in answer.text
        assert 'value="1.234"' in answer.text
        assert form["op_id"] in answer.text
    assert count(shop, "parties") == 0
    assert client.post_form("/customers/", form | {"name": "Nadia", "credit_limit": "1.23"}).status_code == 303


def test_x1_x2_x6_a_form_sent_twice_changed_or_without_its_number(shop: Shop, client_of: ClientOf) -> None:
    client, form = client_of(shop), party_form()

    answers = [client.post_form("/customers/", form) for _ in range(3)]
    changed = client.post_form("/customers/", form | {"name": "Other"})
    without = client.post_form("/customers/", {key: form[key] for key in form if key != "op_id"})

    assert {answer.headers["Location"] for answer in answers} == {f"/customers/{form['op_id']}"}
    assert changed.status_code == 409
    assert without.status_code == 422
    assert count(shop, "parties") == 1


def test_c7_a_stale_edit_shows_both_values_and_overwrites_nothing(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop), add(shop, name="Alice")
    form = party_form(name="Mine", version="1", note="Two\r\nlines")
    theirs = EditParty(
        op_id=new_id(), party_id=alice, kind="customer", version=1, name="Theirs", phone="0311", note="Two\nlines"
    )
    edit_party(theirs, shop.act())

    answer = client.post_form(f"/customers/{alice}", form, htmx=True)

    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert 'Name is now: <bdi class="kept">Theirs</bdi>' in answer.text
    assert "Phone is now" not in answer.text
    assert "Note is now" not in answer.text
    assert get_party(shop.tenant_id, alice).name == "Theirs"
    version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)
    assert version is not None
    assert client.post_form(f"/customers/{alice}", form | {"version": version[1]}).status_code == 303
    assert get_party(shop.tenant_id, alice).name == "Mine"


def test_the_credit_limit_is_set_shown_and_not_overwritten(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop, "manager"), add(shop)
    form = {"op_id": str(new_id()), "version": "1", "credit_limit": "1,500.00"}

    assert client.post_form(f"/customers/{alice}/credit-limit", form).status_code == 303
    assert "1,500.00 PKR" in client.get(f"/customers/{alice}").text
    stale = client.post_form(f"/customers/{alice}/credit-limit", form | {"op_id": str(new_id()), "credit_limit": "9"})
    wrong = client.post_form(f"/customers/{alice}/credit-limit", form | {"op_id": str(new_id()), "credit_limit": "x"})

    assert (stale.status_code, wrong.status_code) == (409, 422)
    assert "The limit is now 1,500.00 PKR" in stale.text
    assert get_party(shop.tenant_id, alice).own.credit_limit == 1_500_00


def test_who_is_not_settled_stays_out_of_the_archive_with_a_kind_sentence(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop), add(shop, name="Alice")
    owe(shop, alice)

    page = client.post_form(f"/customers/{alice}/archive", {"op_id": str(new_id())})
    line = client.post_form(f"/customers/{alice}/archive", {"op_id": str(new_id())}, htmx=True)
    without = client.post_form(f"/customers/{alice}/archive", {})

    assert (page.status_code, line.status_code, without.status_code) == (422, 422, 422)
    assert "Alice still owes you 5.00 PKR. Take the payment first, then archive." in page.text
    assert line.headers["HX-Retarget"] == "#messages"


def test_the_list_says_balances_in_words_and_filters_them(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop, "cashier"), add(shop, name="Alice")
    add(shop, name="Bob")
    owe(shop, alice)

    everybody, debtors = client.get("/customers/").text, client.get("/customers/?standing=owes_us", htmx=True).text

    assert "owes you 5.00 PKR" in everybody
    assert "settled" in everybody
    assert "Bob" not in debtors
    assert "Nobody found" in client.get("/customers/?q=nobody").text
    assert client.get("/customers/?standing=rich").status_code == 422


def test_a_statement_takes_days_and_shows_what_was_before(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop, "cashier"), add(shop)
    owe(shop, alice, memo="Old book")

    page = client.get(f"/customers/{alice}").text
    before = client.get(f"/customers/{alice}?until=2001-01-01").text
    wrong = client.get(f"/customers/{alice}?since=2026-02-30", htmx=True)
    turned = client.get(f"/customers/{alice}?since=2026-02-10&until=2026-02-01")

    assert "Old book" in page
    assert "Old book" not in before
    assert (wrong.status_code, turned.status_code) == (422, 422)
    assert "not before the first one" in turned.text
    assert 'value="2026-02-30"' in wrong.text


def test_a_statement_is_printed_on_both_papers(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop, "cashier"), add(shop, name="Alice")
    owe(shop, alice)

    sheet = client.get(f"/customers/{alice}/statement").text
    roll = client.get(f"/customers/{alice}/statement?paper=80").text

    assert 'class="paper a4"' in sheet
    assert 'class="paper receipt-80"' in roll
    for paper in (sheet, roll):
        assert "<bdi>Alice</bdi> owes <bdi>Corner</bdi> <bdi>5.00 PKR</bdi>" in paper
    assert client.get(f"/customers/{alice}/statement?since=x").status_code == 404


def test_b4_a_statement_as_a_file_is_inert_and_its_numbers_are_numbers(shop: Shop, client_of: ClientOf) -> None:
    client, alice = client_of(shop, "cashier"), add(shop)
    owe(shop, alice, 1_234_56, memo="=HYPERLINK(1)")

    answer = client.get(f"/customers/{alice}/statement.csv")

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-PKR.csv"'
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0][5:] == ["Charged", "Paid", "Balance", "Currency"]
    assert rows[1][7] == "0.00"
    assert rows[2][3] == "'=HYPERLINK(1)"
    assert rows[2][5:] == ["1234.56", "", "1234.56", "PKR"]
    assert rows[-1][1] == "Closing balance"
    assert float(rows[-1][7]) == 1234.56


def test_t1_a_rival_finds_nothing(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    alice, client = add(shop, name="Canary"), client_of(rival)
    absent = new_id()

    for method, path in [
        ("GET", ""),
        ("GET", "/edit"),
        ("GET", "/statement"),
        ("GET", "/statement.csv"),
        ("GET", "/credit-limit"),
        ("POST", ""),
        ("POST", "/archive"),
        ("POST", "/archive/delete"),
        ("POST", "/credit-limit"),
    ]:
        for plural in ("customers", "vendors") if path != "/credit-limit" else ("customers",):
            form = party_form(version="1", credit_limit="1")
            ask = client.get if method == "GET" else client.post_form
            theirs = ask(f"/{plural}/{alice}{path}", **({"data": form} if method == "POST" else {}))
            nobodys = ask(
                f"/{plural}/{absent}{path}",
                **({"data": party_form(version="1", credit_limit="1")} if method == "POST" else {}),
            )
            assert (theirs.status_code, nobodys.status_code) == (404, 404), (method, path)
            assert "Canary" not in theirs.text
    assert "Canary" not in client.get("/customers/").text
    assert get_party(shop.tenant_id, alice).version == 1


def test_a_party_is_not_found_under_another_noun(shop: Shop, client_of: ClientOf) -> None:
    client, vendor = client_of(shop), add(shop, "vendor")

    assert client.get(f"/vendors/{vendor}").status_code == 200
    assert client.get(f"/customers/{vendor}").status_code == 404
    assert (
        client.post_form(f"/customers/{vendor}/credit-limit", {"op_id": str(new_id()), "version": "1"}).status_code
        == 404
    )


def test_roles_decide_who_may_change_what(shop: Shop, client_of: ClientOf) -> None:
    alice, cashier = add(shop), client_of(shop, "cashier")
    form = party_form(version="1", credit_limit="100")

    assert cashier.get("/customers/new").status_code == 200
    assert "credit_limit" not in cashier.get("/customers/new").text
    for path in ("", "/archive", "/archive/delete", "/credit-limit"):
        assert cashier.post_form(f"/customers/{alice}{path}", form).status_code == 403
    for path in ("/edit", "/credit-limit"):
        assert cashier.get(f"/customers/{alice}{path}").status_code == 403
    created = cashier.post_form("/customers/", party_form(credit_limit="100"))
    assert get_party(shop.tenant_id, uuid.UUID(created.headers["Location"][-36:])).own.credit_limit is None


def test_strangers_are_sent_to_the_door(shop: Shop, client_of: ClientOf) -> None:
    stranger, alice = client_of(shop, ""), add(shop)

    for path in ("/customers/", f"/vendors/{alice}", "/members/new"):
        answer = stranger.get(path)
        assert answer.status_code in {302, 303}
        assert "/sign-in" in answer.headers["Location"]


@pytest.mark.parametrize("number", range(6))
def test_i1_no_text_breaks_adding_somebody(shop: Shop, client_of: ClientOf, number: int) -> None:
    """Each field takes its share of the corpus over HTTP; every field takes all of it in tests/forms."""
    field = ("op_id", "name", "phone", "currency", "credit_limit", "note")[number]
    client, taken = client_of(shop), 0

    for hostile in bad_input.SENDABLE[number::6]:
        answer = client.post_form("/customers/", party_form(**{field: hostile}))
        assert answer.status_code in {303, 409, 413, 422}, (field, hostile[:50])
        taken += answer.status_code == 303

    assert count(shop, "parties") == taken


@pytest.mark.parametrize("number", range(4))
def test_i1_no_text_breaks_editing(shop: Shop, client_of: ClientOf, number: int) -> None:
    field = ("version", "name", "phone", "note")[number]
    client, alice = client_of(shop), add_customer(shop)

    for hostile in bad_input.SENDABLE[number::6]:
        answer = client.post_form(f"/customers/{alice}", party_form(**{"version": "1", field: hostile}))
        assert answer.status_code in {303, 409, 413, 422}, (field, hostile[:50])


@pytest.mark.parametrize(
    "path", ["/customers/", "/customers/{}", "/customers/{}/statement", "/customers/{}/statement.csv"]
)
def test_i2_no_query_breaks_a_page(shop: Shop, client_of: ClientOf, path: str) -> None:
    client, alice = client_of(shop), add(shop)
    owe(shop, alice)
    fields = ("q", "standing") if path == "/customers/" else ("since", "until", "currency", "paper")

    for number, field in enumerate((*fields, "after", "before")):
        for hostile in bad_input.SENDABLE[number::4]:
            answer = client.get(path.format(alice), query_string={field: hostile[:3000]})
            assert answer.status_code in {200, 404, 422}, (field, hostile[:50])


def test_w1_names_are_shown_and_never_run(shop: Shop, client_of: ClientOf) -> None:
    client, script = client_of(shop), "<script>alert(1)</script>"
    address = client.post_form("/customers/", party_form(name=script, note=script, phone='"><b>')).headers["Location"]

    for path in ("/customers/", address, f"{address}/edit", f"{address}/statement", f"{address}/credit-limit"):
        page = client.get(path).text
        assert script not in page
        assert "&lt;script&gt;" in page
