"""Receipts as files and by e-mail: counted like every print, and clear about what fails."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from ledger_web.domain.ids import new_id
from tests.books import count
from tests.clients import ShopClient
from tests.shops import Shop, add_product, sell

ClientOf = Callable[..., ShopClient]


@pytest.mark.parametrize(("paper", "width"), [("58", 58), ("80", 80), ("a5", 148), ("a4", 210)])
def test_a_receipt_is_a_pdf_of_its_paper_and_counted(shop: Shop, client_of: ClientOf, paper: str, width: int) -> None:
    milk = add_product(shop, "شیر Milk")
    sale_id = sell(shop, *[(milk, 1, 100_00 + n) for n in range(60)])
    client = client_of(shop, "cashier")

    answer = client.post_form(f"/sales/{sale_id}/prints", {"op_id": str(new_id()), "paper": paper, "as_pdf": "y"})
    file = client.get(answer.headers["Location"])

    assert file.mimetype == "application/pdf"
    boxes = {round(float(x) / 72 * 25.4) for x in re.findall(rb"/MediaBox \[0 0 ([\d.]+)", file.get_data())}
    assert width in boxes
    assert boxes <= {width, 210}  # the file says what its pages are, if they do not say it themselves
    assert count(shop, "receipt_prints") == 1
    assert client.get(f"/sales/{sale_id}/receipt.pdf?paper={paper}").status_code == 404
    assert client.get(f"/sales/{sale_id}/receipt.pdf?paper={paper}&print={new_id()}").status_code == 404


def test_a_receipt_is_sent_once_with_its_pdf(shop: Shop, client_of: ClientOf, letters: list[bytes]) -> None:
    sale_id, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop, "cashier")
    form = {"op_id": str(new_id()), "address": "alice@example.com"}

    answers = [client.post_form(f"/sales/{sale_id}/mails", form).status_code for _ in range(2)]

    assert answers == [303, 303]
    (letter,) = (message_from_bytes(each, policy=default) for each in letters)
    assert (letter["To"], letter["Subject"]) == ("alice@example.com", "Receipt A-000001")
    (attached,) = letter.iter_attachments()
    assert attached.get_filename() == "receipt-A-000001.pdf"
    assert attached.get_content().startswith(b"%PDF")
    assert b"115.00 PKR" in letters[0]
    assert count(shop, "receipt_prints") == 1


def test_an_address_that_is_none_or_refused_is_said_and_can_be_corrected(
    shop: Shop, client_of: ClientOf, letters: list[bytes]
) -> None:
    sale_id, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop, "cashier")

    for address in ("", "alice", "a@b", "alice@example.com\nBcc: all@example.com", "nobody@example.com"):
        form = {"op_id": str(new_id()), "address": address}
        answer = client.post_form(f"/sales/{sale_id}/mails", form)
        assert answer.status_code == 422, address
    assert "could not be sent" in answer.text
    assert letters == []


def test_without_a_server_nothing_offers_to_send(shop: Shop, client_of: ClientOf) -> None:
    sale_id, client = sell(shop, (add_product(shop), 1, 115_00)), client_of(shop, "cashier")

    assert 'name="address"' not in client.get(f"/sales/{sale_id}/receipt").text
    form: dict[str, Any] = {"op_id": str(new_id()), "address": "alice@example.com"}
    assert client.post_form(f"/sales/{sale_id}/mails", form).status_code == 404
