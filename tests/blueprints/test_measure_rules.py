"""The rules for the codes of scales over HTTP."""

from collections.abc import Callable

import pytest

from ledger_web.domain.ids import new_id
from tests.bad_input import SENDABLE
from tests.books import count
from tests.clients import ShopClient
from tests.shops import Shop

ClientOf = Callable[..., ShopClient]
PATH = "/admin/barcodes/"


def form(**changed: str) -> dict[str, str]:
    plain = {"prefix": "20", "kind": "weight", "item_digits": "5", "value_digits": "5", "decimals": "3"}
    return {"op_id": str(new_id())} | plain | changed


def test_a_rule_is_added_shown_and_removed(shop: Shop, client_of: ClientOf) -> None:
    client, sent = client_of(shop), form()

    assert client.post_form(PATH, sent).headers["Location"] == PATH
    assert client.post_form(PATH, sent).status_code == 303
    assert count(shop, "measure_rules") == 1
    assert "20 IIIII VV,VVV C" in client.get(PATH).text
    panel = client.post_form(f"{PATH}{sent['op_id']}/delete", {"op_id": str(new_id())}, htmx=True)

    assert panel.text.lstrip().startswith('<section id="measure-rules"')
    assert "No rule yet" in panel.text
    assert count(shop, "measure_rules") == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"prefix": "21"}, "the shop&#39;s own"),
        ({"prefix": "20"}, "Another rule reads"),
        ({"prefix": "77"}, "begin with 02"),
        ({"prefix": "22", "value_digits": "4"}, "10 together"),
        ({"prefix": "22", "kind": "price"}, "have 2 decimals"),
        ({"prefix": "22", "item_digits": "x"}, "Digits of the item"),
        ({"prefix": "22", "kind": "size"}, "in the list"),
    ],
)
def test_a_rule_that_clashes_or_cannot_be_is_refused(
    shop: Shop, client_of: ClientOf, changed: dict[str, str], reason: str
) -> None:
    client = client_of(shop)
    client.post_form(PATH, form())

    answer = client.post_form(PATH, form(**changed), htmx=True)

    assert answer.status_code == 422
    assert reason in answer.text
    assert count(shop, "measure_rules") == 1


def test_a_sample_shows_how_it_is_read(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    client.post_form(PATH, form())

    read = client.get(f"{PATH}?sample=2012345012349", htmx=True)
    wrong = client.get(f"{PATH}?sample=2012345012340", htmx=True)
    other = client.get(f"{PATH}?sample=5012345678900", htmx=True)

    assert read.text.lstrip().startswith('<section id="sample"')
    assert "12345" in read.text
    assert "1.234 kg" in read.text
    assert "2012345000001" in read.text
    assert "misread" in wrong.text
    assert "No rule is about this code" in other.text


def test_only_the_owner_makes_rules_and_a_rival_has_their_own(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    sent = form()
    client_of(rival).post_form(PATH, sent)

    assert client_of(shop, "manager").get(PATH).status_code == 200
    assert client_of(shop, "manager").post_form(PATH, form()).status_code == 403
    assert client_of(shop, "cashier").get(PATH).status_code == 403
    assert client_of(shop).post_form(f"{PATH}{sent['op_id']}/delete", {"op_id": str(new_id())}).status_code == 404
    assert (count(shop, "measure_rules"), count(rival, "measure_rules")) == (0, 1)


@pytest.mark.parametrize("field", ["prefix", "kind", "item_digits", "value_digits", "decimals", "has_value_check"])
def test_nothing_typed_into_the_form_breaks_it(shop: Shop, client_of: ClientOf, field: str) -> None:
    client = client_of(shop)

    statuses = {client.post_form(PATH, form(**{field: text}), htmx=True).status_code for text in SENDABLE[::3]}

    assert statuses <= {200, 422}


def test_no_sample_breaks_the_tester(shop: Shop, client_of: ClientOf) -> None:
    client = client_of(shop)
    client.post_form(PATH, form())

    statuses = {client.get(PATH, query_string={"sample": text}).status_code for text in SENDABLE if len(text) < 6_000}

    assert statuses <= {200, 422}
