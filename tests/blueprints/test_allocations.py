"""What settles what, over HTTP: the open documents on a party's page, settling, releasing, moving."""

import uuid
from collections.abc import Callable

from ledger_web.domain.ids import new_id
from tests import bad_input
from tests.books import assert_the_books_agree, count
from tests.clients import ShopClient
from tests.services.test_open_items import allocation_of, owing, pay, still_open
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]


def form(**values: str) -> dict[str, str]:
    return {"op_id": str(new_id()), **values}


def test_a_customers_page_shows_what_is_open_and_how_old_it_is(shop: Shop, client_of: ClientOf) -> None:
    alice, (first, _) = owing(shop, 30_00, 50_00)
    credit = pay(shop, alice, 20_00, allocations=())

    page = client_of(shop, "cashier").get(f"/customers/{alice}").text

    for part in ("Sale A-000001", "Sale A-000002", "20.00 credit", "Not yet due", "80.00", "Over 90 days"):
        assert part in page
    assert f"/allocations/{first}" in page
    assert f"/allocations/{credit}" in page


def test_a_credit_is_allocated_released_and_moved(shop: Shop, client_of: ClientOf) -> None:
    alice, (first, second) = owing(shop, 30_00, 50_00)
    credit, client = pay(shop, alice, 40_00, allocations=()), client_of(shop, "manager")
    settling = form(**{f"of_{second.hex}": "15"})

    shown = client.get(f"/allocations/{credit}").text
    answers = [client.post_form(f"/allocations/{credit}", settling).status_code for _ in range(2)]
    changed = client.post_form(f"/allocations/{credit}", settling | {f"of_{second.hex}": "14"})
    made = allocation_of(shop, credit, second)
    release = form(reason="Meant the first", instead=str(first))
    asked = client.get(f"/allocations/{credit}/{made}/release").text
    moved = [client.post_form(f"/allocations/{credit}/{made}/release", release).status_code for _ in range(2)]
    page = client.get(f"/allocations/{credit}").text

    assert "Sale A-000001" in shown
    assert answers == [303, 303]
    assert changed.status_code == 409
    assert "15.00 PKR between Payment and Sale A-000002 is taken back" in asked
    assert moved == [303, 303]
    assert still_open(shop, first, second, credit) == [15_00, 50_00, 25_00]
    for part in ("released", "Meant the first", "25.00 PKR"):
        assert part in page
    rest = client.post_form(f"/allocations/{credit}", form(), htmx=True)
    assert rest.headers["HX-Redirect"] == f"/allocations/{credit}"
    assert still_open(shop, first, second, credit) == [0, 40_00, 0]
    assert_the_books_agree(shop)


def test_what_is_refused_comes_back_as_it_was_typed(shop: Shop, client_of: ClientOf) -> None:
    alice, (sale,) = owing(shop, 30_00)
    credit, client = pay(shop, alice, 20_00, allocations=()), client_of(shop)
    address, field = f"/allocations/{credit}", f"of_{sale.hex}"

    for typed, sentence in (
        ("20.01", "More is allocated than there is"),
        ("30.01", "Only 30.00 PKR of this is still open"),
        ("x", "Write an amount in PKR"),
        ("0", "Nothing is allocated"),
    ):
        answer = client.post_form(address, form(**{field: typed}), htmx=True)
        assert (answer.status_code, sentence in answer.text, f'value="{typed}"' in answer.text) == (422, True, True)
    client.post_form(address, form())
    made = allocation_of(shop, credit, sale)
    nameless = client.post_form(f"{address}/{made}/release", form(reason=""), htmx=True)
    assert (nameless.status_code, "Reason: " in nameless.text) == (422, True)
    assert client.post_form(f"{address}/{made}/release", form(reason="Once")).status_code == 303
    again = client.post_form(f"{address}/{made}/release", form(reason="Twice"), htmx=True)
    assert (again.status_code, "released already" in again.text) == (422, True)
    assert client.post_form(f"{address}/{made}/release", {"reason": "No number"}).status_code == 422
    assert_the_books_agree(shop)


def test_t1_a_rivals_documents_are_not_there(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    alice, (sale,) = owing(shop, 30_00)
    credit, client = pay(shop, alice, 20_00), client_of(rival)
    made = allocation_of(shop, credit, sale)

    for path in (f"/allocations/{credit}", f"/allocations/{credit}/{made}/release", f"/allocations/{new_id()}"):
        assert client.get(path).status_code == 404
        assert client.post_form(path, form(reason="Mine")).status_code == 404
    assert client_of(shop).get(f"/allocations/{credit}/{new_id()}/release").status_code == 404
    assert still_open(shop, credit) == [0]


def test_roles_and_strangers(shop: Shop, client_of: ClientOf) -> None:
    alice, (sale,) = owing(shop, 30_00)
    credit, cashier, stranger = pay(shop, alice, 20_00), client_of(shop, "cashier"), client_of(shop, "")
    release = f"/allocations/{credit}/{allocation_of(shop, credit, sale)}/release"

    assert cashier.get(f"/allocations/{credit}").status_code == 200
    assert "Release or move" not in cashier.get(f"/allocations/{credit}").text
    assert cashier.get(release).status_code == cashier.post_form(release, form(reason="No")).status_code == 403
    assert stranger.get(f"/allocations/{credit}").status_code in {302, 303}
    assert stranger.post_form(f"/allocations/{credit}", form()).status_code in {302, 303}


def test_i1_no_text_breaks_the_forms(shop: Shop, client_of: ClientOf) -> None:
    alice, (sale,) = owing(shop, 30_00)
    credit, client = pay(shop, alice, 20_00, allocations=()), client_of(shop)
    other: uuid.UUID = pay(shop, alice, 10_00)
    release = f"/allocations/{other}/{allocation_of(shop, other, sale)}/release"

    for address, good in (
        (f"/allocations/{credit}", form(**{f"of_{sale.hex}": "1"})),
        (release, form(reason="Because", instead="")),
    ):
        for number, name in enumerate(good):
            for hostile in bad_input.SENDABLE[number::9]:
                answer = client.post_form(address, {**good, "op_id": str(new_id()), name: hostile})
                assert answer.status_code in {303, 404, 409, 413, 422}, (address, name, hostile[:50])
    assert count(shop, "payments") == 2
    assert_the_books_agree(shop)


def test_what_is_undone_says_before_what_it_opens_again(shop: Shop, client_of: ClientOf) -> None:
    alice, (first, _) = owing(shop, 30_00, 50_00)
    credit, client = pay(shop, alice, 40_00), client_of(shop)

    deletion = client.get(f"/sales/{first}/deletion").text
    reversal = client.get(f"/transactions/{credit}/reversal").text

    assert "open again: Payment 30.00 PKR." in deletion
    assert "open again: Sale A-000001 30.00 PKR, Sale A-000002 10.00 PKR." in reversal
