"""Who sold what: all of a sale, or a line of it; kept on the sale, in the report and, if wanted, on the receipt."""

import re
import uuid
from collections.abc import Callable

from ledger_web.domain.ids import new_id
from tests.blueprints.test_sell import line_of, pay, scan
from tests.clients import ShopClient
from tests.returns import ask, give_back
from tests.shops import Shop, add_product, add_user, person

ClientOf = Callable[..., ShopClient]


def test_a_line_counts_for_who_sold_it_and_the_rest_for_whoever_sold_the_rest(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk", price=100_00), add_product(shop, "Coat", price=900_00), add_product(shop, "Hat")
    mina, zahra = add_user(shop, "mina", "cashier"), add_user(shop, "zahra", "cashier")
    client = client_of(shop, "cashier")
    for name in ("milk", "coat", "hat"):
        scan(client, name)
    form = {"quantity": "1", "is_whole": "1", "salesperson_id": str(zahra), "op_id": str(new_id())}
    panel = client.post_form(f"/sell/lines/{line_of(client, 'Coat')}", form, htmx=True).text
    assert "sold by Zahra Smith" in panel
    client.post_form("/sell/cart", {"salesperson_id": str(mina), "op_id": str(new_id())})
    client.post_form(f"/sell/lines/{line_of(client, 'Coat')}", {"quantity": "2", "op_id": str(new_id())})

    _, receipt = pay(client, shop)
    sale_id = re.findall(r"[0-9a-f-]{36}", receipt)[0]
    lines = ask(shop, "SELECT name, salesperson_id FROM sale_lines WHERE tenant_id = :tenant_id ORDER BY line")
    give_back(shop, uuid.UUID(sale_id), (2, 1))

    assert [tuple(line) for line in lines] == [("Milk", None), ("Coat", zahra), ("Hat", None)]
    report = _report(client_of(shop))
    assert report["Mina Smith"] == ["1", "215.00 PKR", "", "", "215.00 PKR"]
    assert report["Zahra Smith"] == ["1", "1,800.00 PKR", "", "1 · 900.00 PKR", "900.00 PKR"]
    assert report["Together"][:2] == ["1", "2,015.00 PKR"]
    assert "Cashier Smith" not in report
    assert "Zahra Smith" not in client.get(receipt).text
    assert "Zahra Smith" in client_of(shop).get(f"/sales/{sale_id}").text


def test_more_of_a_line_that_somebody_sold_is_a_line_of_its_own(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    mina, client = add_user(shop, "mina", "cashier"), client_of(shop, "cashier")
    scan(client, "milk")
    form = {"quantity": "1", "is_whole": "1", "salesperson_id": str(mina), "op_id": str(new_id())}
    client.post_form(f"/sell/lines/{line_of(client, 'Milk')}", form)

    panel = scan(client, "milk")

    assert panel.count("data-last-line") == 1
    assert panel.count('<bdi class="name">Milk</bdi>') == 2


def test_a_receipt_says_who_sold_it_where_the_shop_wants_it(shop: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Coat")
    mina, owner = add_user(shop, "mina", "cashier"), client_of(shop)
    scan(owner, "coat")
    form = {"quantity": "1", "is_whole": "1", "salesperson_id": str(mina), "op_id": str(new_id())}
    owner.post_form(f"/sell/lines/{line_of(owner, 'Coat')}", form)
    _, receipt = pay(owner, shop)
    assert "Mina Smith" not in owner.get(receipt).text

    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', owner.get("/admin/settings/").text))
    chosen = {"time_zone": "Asia/Karachi", "locale": "en", "digits": "latn", "stock_policy": "block"}
    kept = {name: fields[name] for name in ("version", "name", "base_currency")}
    saved = owner.post_form(
        "/admin/settings/",
        {**kept, **chosen, "op_id": str(new_id()), "receipt_paper": "80", "receipt_names_salesperson": "y"},
    )

    assert saved.status_code == 303
    for paper in ("58", "80", "a5", "a4"):
        assert "Mina Smith" in owner.get(f"{receipt}?paper={paper}").text


def test_only_who_works_here_can_have_sold_something(shop: Shop, rival: Shop, client_of: ClientOf) -> None:
    add_product(shop, "Milk")
    client, gone = client_of(shop, "cashier"), add_user(shop, "gone", "cashier")
    with shop.act() as uow:
        uow.execute("UPDATE users SET active = false WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": gone})
    scan(client, "milk")
    line = line_of(client, "Milk")

    for wrong, status in ((gone, 404), (person(rival, "cashier"), 404), (new_id(), 404), ("mina", 422)):
        form = {"quantity": "1", "is_whole": "1", "salesperson_id": str(wrong), "op_id": str(new_id())}
        answer = client.post_form(f"/sell/lines/{line}", form, htmx=True)
        assert answer.status_code == status, wrong

    assert "Gone Smith" not in client.get("/sell/").text
    assert "sold by" not in client.get("/sell/").text


def _report(client: ShopClient) -> dict[str, list[str]]:
    page = client.get("/sales/report/?by=salesperson").text.partition("</table>")[0]
    rows = re.findall(r"<tr><t[hd][^>]*>(?:<bdi>)?([^<]+)(?:</bdi>)?</t[hd]>(.*?)</tr>", page)
    return {name: re.findall(r"<td[^>]*>([^<]*)</td>", row) for name, row in rows}
