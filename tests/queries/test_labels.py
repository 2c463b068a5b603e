"""What labels show: the code and the price of what they stand on."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.queries.labels import LabelRow, list_found_products, list_queued_labels, list_repriced_products
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.labels import QueueLabel, queue_label
from ledger_web.services.prices import ChangePrice, SetPrice, change_price, set_price
from ledger_web.services.units import CreateUnit, create_unit
from tests.shops import Shop, add_product

DAY = dt.date(2026, 11, 20)


def label_of(shop: Shop, product_id: UUID, unit_id: UUID | None = None, on: dt.date = DAY) -> LabelRow:
    queue_label(QueueLabel(op_id=new_id(), product_id=product_id, unit_id=unit_id, copies=1), shop.act())
    rows = list_queued_labels(shop.tenant_id, shop.owner_id, on)
    return next(row for row in rows if (row.product_id, row.unit_id) == (product_id, unit_id))


def test_a_pack_has_a_label_of_its_own_with_its_code_and_its_price(shop: Shop) -> None:
    milk = add_product(shop, "Milk", price=55_00)
    crate, dozen = new_id(), new_id()
    code = read_barcode("15901234123454")
    create_unit(CreateUnit(id=crate, product_id=milk, name="crate", factor_numerator=12, unit_price=600_00), shop.act())
    create_unit(CreateUnit(id=dozen, product_id=milk, name="dozen", factor_numerator=12), shop.act())
    add_barcode(AddBarcode(op_id=new_id(), product_id=milk, barcode=code, unit_id=crate), shop.act())

    base, own, times = label_of(shop, milk), label_of(shop, milk, crate), label_of(shop, milk, dozen)

    assert (base.code, base.unit_price) == (None, 55_00)
    assert (own.code, own.unit, own.unit_price) == ("15901234123454", "crate", 600_00)
    assert (times.code, times.unit, times.unit_price) == (None, "dozen", 660_00)


def test_a_price_for_a_time_is_on_the_label_while_it_holds_beside_the_ordinary_one(shop: Shop) -> None:
    milk = add_product(shop, "Milk", price=55_00)
    for unit_price, quantity_from in ((49_00, Decimal(0)), (40_00, Decimal(6))):
        set_price(
            SetPrice(
                id=new_id(),
                product_id=milk,
                unit_price=unit_price,
                quantity_from=quantity_from,
                starts_on=DAY,
                ends_on=DAY + dt.timedelta(days=7),
            ),
            shop.act(),
        )

    before, during = label_of(shop, milk, on=DAY - dt.timedelta(days=1)), label_of(shop, milk)

    assert (before.unit_price, before.old_price) == (55_00, None)
    assert (during.unit_price, during.old_price) == (49_00, 55_00)


def test_what_became_cheaper_shows_what_it_cost_and_what_became_dearer_does_not(shop: Shop) -> None:
    milk, tea, salt = (add_product(shop, name, price=55_00) for name in ("Milk", "Tea", "Salt"))
    start = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    for product_id, price in ((milk, 50_00), (tea, 60_00)):
        change_price(
            ChangePrice(op_id=new_id(), product_id=product_id, version=1, unit_price=price, reason="Season"),
            shop.act(),
        )

    assert (label_of(shop, milk).unit_price, label_of(shop, milk).old_price) == (50_00, 55_00)
    assert label_of(shop, tea).old_price is None
    assert set(list_repriced_products(shop.tenant_id, start, 10)) - {salt} == {milk, tea}
    assert list_repriced_products(shop.tenant_id, start + dt.timedelta(days=1), 10) == []


def test_a_search_finds_products_to_label_by_words_and_codes_never_a_rivals(shop: Shop, rival: Shop) -> None:
    milk, powder = add_product(shop, "Milk"), add_product(shop, "Milk powder")
    add_product(rival, "Milk")
    add_barcode(AddBarcode(op_id=new_id(), product_id=powder, barcode=read_barcode("5901234123457")), shop.act())

    assert list_found_products(shop.tenant_id, "mil", 10) == [milk, powder]
    assert list_found_products(shop.tenant_id, "mil", 1) == [milk]
    assert list_found_products(shop.tenant_id, "5901234123457", 10) == [powder]
    assert list_found_products(shop.tenant_id, "nothing such", 10) == []
