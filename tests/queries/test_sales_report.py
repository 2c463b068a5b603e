"""Gross, deleted, returned and net stand beside each other, and who undoes more than others is seen."""

import datetime as dt

from ledger_web.domain.ids import new_id
from ledger_web.queries.sales_report import sales_report, total_of, who_undid
from ledger_web.services.deletions import Undo, undo
from tests.returns import ask, close_the_shift, give_back, reason_of, record
from tests.shops import Shop, add_product, person, sell

ALWAYS = dt.date(2020, 1, 1), dt.date(2199, 1, 1)


def test_gross_deleted_returned_and_net_are_columns_of_their_own(shop: Shop) -> None:
    milk = add_product(shop)
    kept, wrong, back = (sell(shop, (milk, 2, price)) for price in (100_00, 50_00, 30_00))
    undo(Undo(id=new_id(), transaction_id=wrong, reason_id=reason_of(shop)), shop.act())
    give_back(shop, back, (1, 1), reason_id=reason_of(shop, "damaged"))
    today = ask(shop, "SELECT sold_on FROM sales WHERE tenant_id = :tenant_id AND id = :id", id=kept)[0].sold_on

    days, staff = (sales_report(shop.tenant_id, *ALWAYS, by) for by in ("day", "staff"))

    assert [(row.key, row.sales, row.gross, row.voided, row.returned, row.net) for row in days] == [
        (str(today), 3, 360_00, 100_00, 30_00, 230_00)
    ]
    assert [(row.key, row.net) for row in staff] == [("Olga Owner", 230_00)]
    by_reason = {row.key: (row.voided, row.returned) for row in sales_report(shop.tenant_id, *ALWAYS, "reason")}
    assert by_reason == {"Rung up by mistake": (100_00, 0), "Damaged or does not work": (0, 30_00)}
    for by in ("hour", "drawer"):
        assert total_of(sales_report(shop.tenant_id, *ALWAYS, by)).net == 230_00
    assert sales_report(shop.tenant_id, dt.date(2020, 1, 1), dt.date(2020, 1, 2), "day") == []


def test_who_undoes_far_more_than_the_others_is_marked(shop: Shop) -> None:
    milk, cashier = add_product(shop, quantity=1000), person(shop, "cashier")
    for _ in range(12):
        sell(shop, (milk, 1, 10_00))
    for _ in range(4):
        sale_id = record(shop, (milk, 1, 10_00), by=cashier)
        undo(Undo(id=new_id(), transaction_id=sale_id, reason="Nobody saw"), shop.act(cashier))

    found = {each.name: each for each in who_undid(shop.tenant_id, *ALWAYS)}

    assert found["Cashier Smith"].is_unusual
    assert (found["Cashier Smith"].voids, found["Cashier Smith"].amount) == (4, 40_00)
    assert found["Olga Owner"].is_unusual is False


def test_the_report_of_a_closed_shift_stays_and_the_return_is_of_the_day_it_came_back(shop: Shop) -> None:
    sale_id = sell(shop, (add_product(shop), 1, 115_00))
    close_the_shift(shop)
    before = ask(shop, "SELECT contents FROM z_reports WHERE tenant_id = :tenant_id")[-1].contents

    give_back(shop, sale_id, (1, 1))

    assert ask(shop, "SELECT contents FROM z_reports WHERE tenant_id = :tenant_id")[-1].contents == before
    assert total_of(sales_report(shop.tenant_id, *ALWAYS, "day")).net == 0
