"""A cart from the first scan to the last coin: units, prices of lists, discounts and who may give them, any mix of
tenders, gift cards, and carts that are put aside."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from ledger_web.domain.discounts import Discount
from ledger_web.domain.errors import ApprovalNeededError, InsufficientFundsError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import bank, cash, store_credit
from ledger_web.models.base import db
from ledger_web.queries.carts import CartDetails, CartRow, find_cart
from ledger_web.queries.recalculation import list_discrepancies
from ledger_web.queries.sales import get_sale
from ledger_web.queries.tills import list_parked_carts
from ledger_web.services.banks import CreateBank, create_bank
from ledger_web.services.carts import (
    AddToCart,
    Ceilings,
    ChangeCart,
    ChangeCartLine,
    ChooseCustomer,
    DiscardCart,
    ParkCart,
    RecallCart,
    RemoveCartLine,
    SellGiftCard,
    add_to_cart,
    change_cart,
    change_cart_line,
    choose_customer,
    discard_cart,
    park_cart,
    recall_cart,
    remove_cart_line,
    sell_gift_card,
)
from ledger_web.services.prices import (
    ChoosePriceList,
    CreatePriceList,
    SetPrice,
    choose_price_list,
    create_price_list,
    set_price,
)
from ledger_web.services.recalculation import StartRecalculation, recalculate_balances
from ledger_web.services.sales import ChangeChoice, StoreCart, TenderChoice, store_cart
from ledger_web.services.units import CreateUnit, create_unit
from tests.books import assert_the_books_agree, cached_balance, count, stock_of
from tests.shops import Shop, add_customer, add_product, add_user, sell

FIVE = Decimal(5)


def cart_of(shop: Shop, user_id: uuid.UUID | None = None) -> CartDetails:
    cart = find_cart(shop.tenant_id, user_id or shop.owner_id, shop.currency)
    assert cart is not None
    return cart


def add(shop: Shop, product_id: uuid.UUID, quantity: int | str = 1, unit_id: uuid.UUID | None = None) -> CartRow:
    command = AddToCart(id=new_id(), product_id=product_id, quantity=Decimal(quantity), unit_id=unit_id)
    add_to_cart(command, shop.act())
    return next(row for row in cart_of(shop).rows if (row.product_id, row.unit_id) == (product_id, unit_id))


def store(shop: Shop, *tenders: TenderChoice, **given: Any) -> uuid.UUID:
    cart = cart_of(shop)
    command = StoreCart(
        id=cart.id, version=cart.version, drawer_id=shop.drawer_id, currency=shop.currency, tenders=tenders, **given
    )
    return store_cart(command, shop.act()).id


def change(shop: Shop, row: CartRow, **given: Any) -> None:
    said: dict[str, Any] = {"quantity": row.quantity, "is_whole": True, "unit_id": row.unit_id} | given
    change_cart_line(ChangeCartLine(id=new_id(), line_id=row.id, **said), shop.act())


def test_a_crate_is_sold_at_its_price_and_stock_counts_the_bottles_in_it(shop: Shop) -> None:
    cola = add_product(shop, "Cola", price=10_00, cost=6_00, quantity=30)
    crate = create_unit(
        CreateUnit(id=new_id(), product_id=cola, name="crate", factor_numerator=12, unit_price=100_00), shop.act()
    ).id
    add(shop, cola, 2, crate)
    add(shop, cola, 3)

    sale = get_sale(shop.tenant_id, store(shop))

    assert [(int(row.quantity), row.unit_price, row.total) for row in sale.lines] == [
        (2, 100_00, 200_00),
        (3, 10_00, 30_00),
    ]
    assert stock_of(shop, cola) == (3, 18_00)
    assert_the_books_agree(shop)


def test_the_price_follows_the_quantity_and_the_customers_list_but_not_a_price_set_by_hand(shop: Shop) -> None:
    tea, alice = add_product(shop, "Tea", price=100_00), add_customer(shop)
    list_id = create_price_list(CreatePriceList(id=new_id(), name="Friends"), shop.act()).id
    set_price(SetPrice(id=new_id(), product_id=tea, unit_price=90_00, quantity_from=Decimal(10)), shop.act())
    set_price(SetPrice(id=new_id(), product_id=tea, unit_price=80_00, price_list_id=list_id), shop.act())
    choose_price_list(ChoosePriceList(op_id=new_id(), party_id=alice, price_list_id=list_id), shop.act())

    assert add(shop, tea, 9).unit_price == 100_00
    assert add(shop, tea, 1).unit_price == 90_00
    choose_customer(ChooseCustomer(id=new_id(), customer_id=alice), shop.act())
    assert cart_of(shop).rows[0].unit_price == 80_00
    change(shop, cart_of(shop).rows[0], unit_price=85_00)
    choose_customer(ChooseCustomer(id=new_id(), customer_id=None), shop.act())
    (row,) = cart_of(shop).rows

    assert (row.unit_price, row.list_price) == (85_00, 90_00)


def test_discounts_of_a_line_and_of_the_whole_are_kept_with_the_sale(shop: Shop) -> None:
    milk, tea = add_product(shop, "Milk", price=100_00), add_product(shop, "Tea", price=200_00)
    change(shop, add(shop, milk), discount=Discount(percent=Decimal(10)), note="dented")
    add(shop, tea)
    change_cart(ChangeCart(id=new_id(), discount=Discount(amount=29_00), note="Eid", salesperson_id=None), shop.act())

    sale_id = store(shop)

    assert get_sale(shop.tenant_id, sale_id).total == 261_00
    with shop.act() as uow:
        rows = uow.execute(
            "SELECT discount, document_discount, note, tax, taxes FROM sale_lines"
            " WHERE tenant_id = %(tenant_id)s ORDER BY line"
        ).all()
        head = uow.execute("SELECT discount, note FROM sales WHERE tenant_id = %(tenant_id)s").one()
    assert [(row.discount, row.document_discount, row.note) for row in rows] == [
        (10_00, 9_00, "dented"),
        (0, 20_00, ""),
    ]
    assert rows[0].taxes == [{"name": "Tax", "percent": "15", "amount": rows[0].tax}]
    assert tuple(head) == (29_00, "Eid")
    assert_the_books_agree(shop)


def test_beyond_the_ceiling_a_discount_takes_an_approval_which_counts_so_far_and_no_further(shop: Shop) -> None:
    mine = Ceilings(discount=FIVE, price_cut=FIVE)
    row = add(shop, add_product(shop, "Milk", price=100_00), 2)
    ten = Discount(amount=20_00)

    with pytest.raises(ApprovalNeededError, match="more than you may give: 5 %"):
        change(shop, row, discount=ten, ceilings=mine)
    with pytest.raises(ApprovalNeededError, match="A price cut of 10 %"):
        change(shop, row, unit_price=90_00, ceilings=mine)
    approved = Ceilings(discount=Decimal(10), price_cut=FIVE, approved_by=add_user(shop, "mina", "manager"))
    change(shop, row, discount=ten, ceilings=approved)
    with pytest.raises(ApprovalNeededError):  # the same money on half of it would be twice the discount
        change_cart_line(ChangeCartLine(id=new_id(), line_id=row.id, quantity=Decimal(1), ceilings=mine), shop.act())

    sale_id = store(shop, discount_max=FIVE, price_cut_max=FIVE)

    with shop.act() as uow:
        kept = uow.execute("SELECT approved_by FROM sale_lines WHERE tenant_id = %(tenant_id)s").scalar_one()
    assert kept == approved.approved_by
    assert get_sale(shop.tenant_id, sale_id).total == 180_00


def test_a_discount_in_money_is_asked_again_when_the_cart_has_shrunk(shop: Shop) -> None:
    rice, salt = add_product(shop, "Rice", price=950_00), add_product(shop, "Salt", price=50_00)
    large = add(shop, rice)
    add(shop, salt)
    change_cart(ChangeCart(id=new_id(), discount=Discount(amount=50_00), ceilings=Ceilings(discount=FIVE)), shop.act())
    remove_cart_line(RemoveCartLine(id=new_id(), line_id=large.id), shop.act())

    with pytest.raises(ApprovalNeededError, match="100 % on the whole sale"):
        store(shop, discount_max=FIVE, price_cut_max=FIVE)

    assert count(shop, "sales") == 0


def test_a_line_that_was_removed_before_payment_is_in_the_audit(shop: Shop) -> None:
    row = add(shop, add_product(shop, "Milk"), 3)

    remove_cart_line(RemoveCartLine(id=new_id(), line_id=row.id), shop.act())

    with shop.act() as uow:
        found = uow.execute(
            "SELECT before FROM audit_events WHERE tenant_id = %(tenant_id)s AND action = 'cart.remove_line'"
        ).scalar_one()
    assert found["product"] == "Milk"


def test_a_sale_is_paid_by_card_in_dollars_and_in_rupees_at_once(shop: Shop) -> None:
    hbl = create_bank(CreateBank(id=new_id(), name="HBL", currency="PKR"), shop.act()).id
    add(shop, add_product(shop, "Rice", price=5000_00))

    sale_id = store(
        shop,
        TenderChoice(method="bank", bank_id=hbl, amount=1000_00),
        TenderChoice(currency="USD", amount=10_00, rate=Decimal(280), rate_unit="USD"),
        TenderChoice(amount=1500_00),
        change=ChangeChoice(currency="USD", amount=1_00, rate=Decimal(280), rate_unit="USD"),
    )

    drawer = shop.drawer_id
    assert cached_balance(shop, cash(drawer, "USD")) == 9_00
    assert cached_balance(shop, cash(drawer, "PKR")) == 1500_00 - 20_00
    payments = get_sale(shop.tenant_id, sale_id).payments
    assert len(payments) == 3
    with shop.act() as uow:
        code = uow.execute("SELECT code FROM bank_accounts WHERE tenant_id = %(tenant_id)s").scalar_one()
        paid = uow.execute("SELECT sum(applied_base) FROM payments WHERE tenant_id = %(tenant_id)s").scalar_one()
    assert cached_balance(shop, bank("PKR", code)) == 1000_00
    assert paid == 5000_00
    assert_the_books_agree(shop)
    assert_documents_agree(shop)


def test_change_in_a_currency_that_the_drawer_does_not_hold_is_refused(shop: Shop) -> None:
    add(shop, add_product(shop, "Rice", price=100_00))

    with pytest.raises(InsufficientFundsError):
        store(
            shop,
            TenderChoice(amount=1000_00),
            change=ChangeChoice(currency="USD", amount=1_00, rate=Decimal(280), rate_unit="USD"),
        )

    assert count(shop, "sales") == 0


def test_a_gift_card_is_owed_when_sold_and_earned_when_used(shop: Shop) -> None:
    sell_gift_card(SellGiftCard(id=new_id(), amount=500_00, code="CARD-000 17"), shop.act())
    store(shop)

    assert cached_balance(shop, store_credit("PKR", None, "card-00017")) == 500_00
    add(shop, add_product(shop, "Milk", price=115_00))
    store(shop, TenderChoice(method="gift_card", gift_card_code="card-00017"))
    assert cached_balance(shop, store_credit("PKR", None, "card-00017")) == 385_00
    with pytest.raises(RuleViolationError, match="sold already"):
        sell_gift_card(SellGiftCard(id=new_id(), amount=1_00, code="card-00017"), shop.act())
    add(shop, add_product(shop, "Rice", price=400_00))
    with pytest.raises(InsufficientFundsError, match="card-00017 holds 385"):
        store(shop, TenderChoice(method="gift_card", gift_card_code="card-00017"))
    store(shop, TenderChoice(method="gift_card", gift_card_code="card-00017", amount=385_00), TenderChoice())

    assert cached_balance(shop, store_credit("PKR", None, "card-00017")) == 0
    assert_the_books_agree(shop)
    assert_documents_agree(shop)


def test_an_unknown_or_blocked_gift_card_pays_nothing(shop: Shop) -> None:
    sell_gift_card(SellGiftCard(id=new_id(), amount=500_00, code="card-00017"), shop.act())
    store(shop)
    with shop.act() as uow:
        uow.execute("UPDATE gift_cards SET blocked_at = now() WHERE tenant_id = %(tenant_id)s")
    add(shop, add_product(shop, "Milk"))

    with pytest.raises(RuleViolationError, match="is blocked"):
        store(shop, TenderChoice(method="gift_card", gift_card_code="card-00017"))
    with pytest.raises(RuleViolationError, match="There is no gift card"):
        store(shop, TenderChoice(method="gift_card", gift_card_code="card-00018"))


def test_a_parked_cart_is_taken_up_by_somebody_else_and_ones_own_is_parked_instead(shop: Shop) -> None:
    basir = add_user(shop, "basir", "cashier")
    add(shop, add_product(shop, "Milk"))
    parked = park_cart(ParkCart(id=new_id(), label="Red hat"), shop.act()).id
    tea = add_product(shop, "Tea")
    add_to_cart(AddToCart(id=new_id(), product_id=tea), shop.act(basir))

    recall_cart(RecallCart(id=new_id(), cart_id=parked), shop.act(basir))

    assert [row.name for row in cart_of(shop, basir).rows] == ["Milk"]
    assert [(each.parked_by, each.goods) for each in list_parked_carts(shop.tenant_id)] == [("Basir Smith", "Tea")]
    with pytest.raises(NotFoundError, match="somebody else took it up"):
        recall_cart(RecallCart(id=new_id(), cart_id=parked), shop.act())


def test_a_parked_cart_that_is_discarded_leaves_a_trace(shop: Shop, rival: Shop) -> None:
    add(shop, add_product(shop, "Milk"), 2)
    parked = park_cart(ParkCart(id=new_id()), shop.act()).id
    with pytest.raises(NotFoundError):
        discard_cart(DiscardCart(id=new_id(), cart_id=parked), rival.act())

    discard_cart(DiscardCart(id=new_id(), cart_id=parked), shop.act())

    assert list_parked_carts(shop.tenant_id) == []
    with shop.act() as uow:
        found = uow.execute(
            "SELECT before FROM audit_events WHERE tenant_id = %(tenant_id)s AND action = 'cart.discard'"
        ).scalar_one()
    assert found["goods"] == "2 × Milk"


def test_rounding_of_cash_has_an_account_of_its_own(shop: Shop) -> None:
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET cash_step = 500 WHERE tenant_id = %(tenant_id)s")
    add(shop, add_product(shop, "Milk", price=112_00))

    sale = get_sale(shop.tenant_id, store(shop, TenderChoice(amount=200_00)))

    assert sale.payments[0].applied == 110_00
    assert cached_balance(shop, cash(shop.drawer_id, "PKR")) == 110_00
    with shop.act() as uow:
        rounding = uow.execute("SELECT rounding FROM sales WHERE tenant_id = %(tenant_id)s").scalar_one()
    assert rounding == -2_00
    assert_the_books_agree(shop)
    assert_documents_agree(shop)


def test_prices_without_tax_are_taxed_by_all_rates_of_the_class_and_the_sale_keeps_the_parts(shop: Shop) -> None:
    milk, class_id = add_product(shop, "Milk", price=100_00, tax=0), new_id()
    with shop.act() as uow:
        uow.execute("UPDATE tenants SET prices_include_tax = false WHERE tenant_id = %(tenant_id)s")
        uow.execute(
            "INSERT INTO tax_classes (tenant_id, id, name) VALUES (%(tenant_id)s, %(id)s, 'Both')", {"id": class_id}
        )
        uow.execute(
            "INSERT INTO tax_rates (tenant_id, tax_class_id, position, name, percent, is_compound)"
            " VALUES (%(tenant_id)s, %(id)s, 1, 'GST', 5, false), (%(tenant_id)s, %(id)s, 2, 'PST', 10, true)",
            {"id": class_id},
        )
        uow.execute(
            "UPDATE products SET tax_class_id = %(id)s, tax_percent = 15.5 WHERE tenant_id = %(tenant_id)s",
            {"id": class_id},
        )
    add(shop, milk)

    sale = get_sale(shop.tenant_id, store(shop))

    assert (sale.total, sale.tax_total) == (115_50, 15_50)
    with shop.act() as uow:
        taxes = uow.execute("SELECT taxes FROM sale_lines WHERE tenant_id = %(tenant_id)s").scalar_one()
    assert [(part["name"], part["amount"]) for part in taxes] == [("GST", 5_00), ("PST", 10_50)]
    assert_the_books_agree(shop)


@pytest.mark.parametrize("lines", [5, 40])
def test_storing_takes_twelve_statements_however_many_lines_and_a_line_three(shop: Shop, lines: int) -> None:
    """Beside them only the one that names the shop."""
    wares = [add_product(shop, f"Ware {number}") for number in range(lines)]
    sell(shop, (wares[0], 1, 115_00))  # the first sale of a shop opens the accounts
    for ware in wares[1:]:
        add_to_cart(AddToCart(id=new_id(), product_id=ware), shop.act())

    with statements() as of_line:
        add_to_cart(AddToCart(id=new_id(), product_id=wares[0]), shop.act())
    cart = cart_of(shop)
    command = StoreCart(id=cart.id, version=cart.version, drawer_id=shop.drawer_id, currency=shop.currency)
    with statements() as of_sale:
        store_cart(command, shop.act())

    assert len(of_line) <= 3, of_line
    assert len(of_sale) <= 12, of_sale


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note what is asked of the database meanwhile, but for naming the shop."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "app.tenant_id" not in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def assert_documents_agree(shop: Shop) -> None:
    command = StartRecalculation(id=new_id(), models=("documents",), fix=False, force=False, batch=100)
    run = recalculate_balances(command, shop.act())
    assert (run.phase, run.rows_wrong) == ("done", 0), list_discrepancies(shop.tenant_id, run.id)
