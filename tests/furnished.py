"""A shop in which something of everything has happened, so that every page of it has something to show."""

import uuid
from decimal import Decimal
from typing import Any

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.labels import TEMPLATES, Printer
from ledger_web.services.carts import AddToCart, ChooseCustomer, add_to_cart, choose_customer
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, PayOut, create_drawer, pay_in, pay_out
from ledger_web.services.label_jobs import PrintLabels, print_labels
from ledger_web.services.label_templates import SavePrinter, SaveTemplate, save_printer, save_template
from ledger_web.services.labels import QueueLabel, queue_label
from ledger_web.services.own_codes import ReserveCodes, reserve_codes
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.product_imports import UploadProducts, upload_products
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.recalculation import StartRecalculation, start_recalculation
from ledger_web.services.shop_exports import FinishExport, StartExport, finish_export, start_export
from ledger_web.services.stock_counts import AddToCount, StartCount, add_to_count, start_count
from tests.purchases import add_charge, begin, buy, receive, split
from tests.shops import Shop, buy_below, price_and_picture, sell

FILE = b"name,barcode,price\nCandles,2100000009015,30\nMatches,2100000009022,2.345\n"


def furnish(shop: Shop) -> None:
    """Let something of everything happen; the owner's cart is left half filled."""
    tea, cloth = (
        _product(shop, "Green tea", "2100000001002", 260_00),
        _product(shop, "چای سیاه", "2100000001019", 290_00),
    )
    alice, vendor = _parties(shop)
    price_and_picture(shop, "Tall", tea, alice)
    create_drawer(CreateDrawer(id=new_id(), name="Till 2", series="B"), shop.act())
    paid: dict[str, Any] = {"drawer_id": shop.drawer_id, "currency": shop.currency, "reason": "Float"}
    pay_in(PayIn(id=new_id(), amount=5_000_00, **paid), shop.act())
    pay_in(PayIn(id=new_id(), amount=100_00, **paid | {"currency": "USD"}), shop.act())
    pay_out(PayOut(id=new_id(), amount=50_00, category="food", **paid), shop.act())
    wrong = sell(shop, (tea, 1, 260_00))
    undo(Undo(id=new_id(), transaction_id=wrong, reason="Scanned twice"), shop.act())
    sell(shop, (tea, 2, 260_00), (cloth, 1, 290_00), tendered=1_000_00)
    sell(shop, (cloth, 1, 290_00), customer_id=alice, tendered=90_00, rest_on_account=True)
    payment = RecordPayment(
        id=new_id(),
        party_id=alice,
        direction="in",
        drawer_id=shop.drawer_id,
        currency=shop.currency,
        amount=50_00,
        tendered=100_00,
        memo="Part of it",
    )
    record_payment(payment, shop.act())
    models = ("customers", "cash_drawer_money")
    start_recalculation(StartRecalculation(id=new_id(), models=models, fix=False, force=False, batch=1), shop.act())
    upload_products(
        UploadProducts(op_id=new_id(), file_name="candles.csv", content=FILE, stock_policy="warn"), shop.act()
    )
    export_id = new_id()
    start_export(StartExport(id=export_id), shop.act(), take_turn=lambda: True)
    finish_export(FinishExport(export_id=export_id, attempt=1, size=1, sha256=bytes(32)), shop.act())
    _print_labels(shop, tea, cloth)
    counting = start_count(StartCount(id=new_id(), name="Shelf by the door"), shop.act()).id
    add_to_count(AddToCount(op_id=new_id(), count_id=counting, product_id=tea, quantity=Decimal(35)), shop.act())
    buy_below(shop, cloth, 50, 100)
    add_to_cart(AddToCart(id=new_id(), product_id=tea, quantity=Decimal(3)), shop.act())
    choose_customer(ChooseCustomer(id=new_id(), customer_id=alice), shop.act())
    buy(shop, vendor, (tea, 12, "1.25"), (cloth, 3, "2.40"), currency="USD", rate="281.5")
    part = begin(shop, vendor, (tea, 6, "1.25"), currency="USD", rate="281.5")
    split(shop, split(shop, part, 3), 1)
    receive(shop, part)
    draft_id = begin(shop, vendor, (tea, 2, "1.30"), (cloth, 1, None), currency="USD")
    add_charge(shop, draft_id, 4_00, "hand")


def _print_labels(shop: Shop, printed: uuid.UUID, waiting: uuid.UUID) -> None:
    template, printer = new_id(), new_id()
    paper, blocks = TEMPLATES["L7160"].paper, TEMPLATES["L7160"].blocks
    save_template(
        SaveTemplate(op_id=template, template_id=template, name="Shelf", paper=paper, blocks=blocks), shop.act()
    )
    save_printer(SavePrinter(op_id=printer, printer_id=printer, name="Office", printer=Printer()), shop.act())
    queue_label(QueueLabel(op_id=new_id(), product_id=printed, copies=3), shop.act())
    print_labels(PrintLabels(id=new_id(), template=str(template), printer_id=printer), shop.act())
    queue_label(QueueLabel(op_id=new_id(), product_id=waiting, copies=2), shop.act())
    reserve_codes(ReserveCodes(id=new_id(), symbology="ean8", count=20, note="Roll by the door"), shop.act())


def _product(shop: Shop, name: str, code: str, price: int) -> uuid.UUID:
    command = CreateProduct(
        id=new_id(),
        name=name,
        sku=code[-4:],
        barcodes=(read_barcode(code),),
        unit_price=price,
        tax_percent=Decimal(15),
        currency=shop.currency,
        opening_quantity=Decimal(40),
        opening_unit_cost=price // 2,
    )
    return create_product(command, shop.act()).id


def _parties(shop: Shop) -> tuple[uuid.UUID, uuid.UUID]:
    alice = CreateParty(
        id=new_id(), kind="customer", name="Alice", phone="0300 5550101", currency=shop.currency, credit_limit=9_000_00
    )
    others = [
        CreateParty(id=new_id(), kind=kind, name=name, currency=shop.currency)
        for kind, name in (("vendor", "Mühle & Söhne"), ("employee", "Farid"), ("member", "Union"))
    ]
    for command in (alice, *others):
        create_party(command, shop.act())
    vendor_id = others[0].id
    owed = RecordOpeningBalance(
        id=new_id(), party_id=vendor_id, currency=shop.currency, amount=700_00, is_owed_to_us=False
    )
    record_opening_balance(owed, shop.act())
    return alice.id, vendor_id
