"""The whole surface of the site, found and never listed: its rules, forms and fields, a shop's rows, ids and words."""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

import psycopg
from flask import Flask
from psycopg import sql
from werkzeug.routing import AnyConverter, PathConverter, Rule, UnicodeConverter, UUIDConverter
from werkzeug.test import TestResponse

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import cash, equity
from ledger_web.domain.labels import TEMPLATES, Printer
from ledger_web.domain.transactions import ManualLine
from ledger_web.forms.base import QueryForm
from ledger_web.forms.fields import IdField
from ledger_web.services.carts import AddToCart, ChooseCustomer, add_to_cart, choose_customer
from ledger_web.services.deletions import Undo, undo
from ledger_web.services.drawers import CreateDrawer, PayIn, create_drawer, pay_in
from ledger_web.services.expenses import AddCategory, RecordExpense, add_category, record_expense
from ledger_web.services.label_jobs import PrintLabels, print_labels
from ledger_web.services.label_templates import SavePrinter, SaveTemplate, save_printer, save_template
from ledger_web.services.labels import QueueLabel, queue_label
from ledger_web.services.parties import CreateParty, create_party
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from ledger_web.services.product_imports import UploadProducts, upload_products
from ledger_web.services.products import CreateProduct, create_product
from ledger_web.services.purchase_papers import AddPaper, add_paper
from ledger_web.services.purchase_returns import AddLateCharge, ReturnToVendor, add_late_charge, return_to_vendor
from ledger_web.services.rates import RecordRate, record_rate
from ledger_web.services.recalculation import StartRecalculation, start_recalculation
from ledger_web.services.shifts import CloseShift, Count, OpenShift, close_shift, open_shift
from ledger_web.services.shop_exports import FinishExport, StartExport, finish_export, start_export
from ledger_web.services.stock_counts import AddToCount, StartCount, add_to_count, start_count
from ledger_web.services.transactions import PostManual, post_manual
from ledger_web.services.vendor_prices import SetVendorPrice, set_vendor_price
from tests.clients import ShopClient
from tests.databases import Database
from tests.pages import FoundForm, FoundPage, endpoint_of, read_page, walk
from tests.purchases import add_charge, begin, receive, say_head
from tests.shops import Shop, add_user, price_and_picture, sell

Connection = psycopg.Connection[tuple[Any, ...]]
Rows = dict[str, tuple[int, int]]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TOKEN = re.compile(r"\bI[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")  # of a form, as itsdangerous writes it

# The button by which a form does something: without it, it only shows itself again.
PRESSED = {"exchanges.create": {"act": "exchange", "q": ""}}
# What a form wants and its page does not say, by the name of the field.
FILLED = {
    "0-account": "equity:owner",
    "0-debit": "5",
    "1-account": "equity:opening",
    "1-credit": "5",
    "amount": "5",
    "barcodes": "2100000007776",
    "code": "2100000007783",
    "columns": "2",
    "copies": "2",
    "dpi": "300",
    "label_height": "30",
    "label_width": "60",
    "left": "20",
    "length": "100",
    "memo": "As agreed",
    "name": "Something new",
    "name_line": "1",
    "page_height": "297",
    "factor_numerator": "6",
    "page_width": "210",
    "price": "30",
    "q": "tea",
    "quantity": "2",
    "reason": "As agreed",
    "rows": "2",
    "search": "tea",
    "series": "Z",
    "since": "2026-01-05",
    "top": "20",
    "unit": "pcs",
    "source": "typed",
    "unit_cost": "20",
    "unit_price": "30",
    "value": "280",
    "net": "5",
}


def furnish_with(shop: Shop, word: str, code: str) -> None:
    """Let one of everything happen in a shop, each thing named with the word.

    Args:
        word: Stands in every text that the shop keeps.
        code: Of a product, EAN-13.
    """
    person = add_user(shop, f"{word.lower()}-cashier", "cashier")
    tea = CreateProduct(
        id=new_id(),
        name=f"{word} product",
        sku=f"{word}-1",
        note=f"{word} note",
        barcodes=(read_barcode(code),),
        unit_price=260_00,
        tax_percent=Decimal(15),
        currency=shop.currency,
        opening_quantity=Decimal(40),
        opening_unit_cost=130_00,
    )
    create_product(tea, shop.act())
    parties = {kind: _party(shop, kind, word) for kind in ("customer", "vendor", "employee", "member")}
    for kind in ("customer", "vendor"):
        owed = RecordOpeningBalance(
            id=new_id(),
            party_id=parties[kind],
            currency=shop.currency,
            amount=700_00,
            is_owed_to_us=kind == "customer",
            memo=f"{word} opening",
        )
        record_opening_balance(owed, shop.act())
    price_and_picture(shop, word, tea.id, parties["customer"])
    _let_money_move(shop, word, parties["customer"])
    _let_goods_come(shop, word, parties["vendor"], tea.id)
    sell(shop, (tea.id, 2, 260_00), tendered=1_000_00)
    sell(shop, (tea.id, 1, 260_00), customer_id=parties["customer"], tendered=0, rest_on_account=True)
    wrong = sell(shop, (tea.id, 1, 260_00))
    undo(Undo(id=new_id(), transaction_id=wrong, reason=f"{word} reason"), shop.act())
    _keep_house(shop, word)
    counting = start_count(StartCount(id=new_id(), name=f"{word[:40]} count"), shop.act()).id
    add_to_count(AddToCount(op_id=new_id(), count_id=counting, product_id=tea.id, quantity=Decimal(2)), shop.act())
    for actor in (shop.owner_id, person):
        _print_labels(shop, word, tea.id, actor)
        add_to_cart(AddToCart(id=new_id(), product_id=tea.id, quantity=Decimal(3)), shop.act(actor))
    choose_customer(ChooseCustomer(id=new_id(), customer_id=parties["customer"]), shop.act())


def _let_goods_come(shop: Shop, word: str, vendor_id: uuid.UUID, product_id: uuid.UUID) -> None:
    """A rate, a purchase with all that can come of one, one that is being written down, and what its vendor asks."""
    valid_on = dt.datetime.now(dt.UTC).date()
    command = RecordRate(
        id=new_id(), currency="USD", unit="USD", value=Decimal(280), valid_on=valid_on, note=f"{word[:100]} rate"
    )
    record_rate(command, shop.act())
    for is_received in (True, False):
        draft_id = begin(shop, vendor_id, (product_id, 3, "1.25"), currency="USD", rate="280")
        say_head(shop, draft_id, vendor_id, invoice_number=f"{word[:40]} {is_received}", memo=f"{word} memo")
        add_charge(shop, draft_id, 4_00, "hand" if not is_received else "value", name=f"{word[:40]} freight")
        if is_received:
            _let_more_come(shop, word, vendor_id, receive(shop, draft_id))
    asked = SetVendorPrice(
        id=new_id(),
        vendor_id=vendor_id,
        product_id=product_id,
        code=f"{word[:40]} 7",
        currency="USD",
        unit_cost=Decimal("1.25"),
        pack=Decimal(12),
        lead_days=14,
    )
    set_vendor_price(asked, shop.act())


def _let_more_come(shop: Shop, word: str, vendor_id: uuid.UUID, purchase_id: uuid.UUID) -> None:
    """A paper, goods that go back, and a charge that comes late."""
    paper = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF"
    add_paper(AddPaper(id=new_id(), purchase_id=purchase_id, name=f"{word[:40]}.pdf", content=paper), shop.act())
    back = ReturnToVendor(id=new_id(), purchase_id=purchase_id, lines=((1, Decimal(1)),), reason=f"{word[:40]} reason")
    return_to_vendor(back, shop.act())
    late = AddLateCharge(
        id=new_id(),
        purchase_id=purchase_id,
        name=f"{word[:40]} duty",
        payee_id=vendor_id,
        currency=shop.currency,
        net=50_00,
        tax_percent=Decimal(0),
        rate=None,
        rate_unit=None,
        spread_by="quantity",
    )
    add_late_charge(late, shop.act())


def _party(shop: Shop, kind: str, word: str) -> uuid.UUID:
    command = CreateParty(
        id=new_id(),
        kind=kind,
        name=f"{word} {kind}",
        phone="0300 5550101",
        note=f"{word} note",
        currency=shop.currency,
        credit_limit=9_000_00 if kind == "customer" else None,
    )
    return create_party(command, shop.act()).id


def _let_money_move(shop: Shop, word: str, customer_id: uuid.UUID) -> None:
    till, owner = cash(shop.drawer_id, shop.currency), equity(shop.currency, "owner")
    paid = PayIn(id=new_id(), drawer_id=shop.drawer_id, currency=shop.currency, amount=5_000_00, reason=f"{word} float")
    pay_in(paid, shop.act())
    payment = RecordPayment(
        id=new_id(),
        party_id=customer_id,
        direction="in",
        drawer_id=shop.drawer_id,
        currency=shop.currency,
        amount=50_00,
        tendered=100_00,
        memo=f"{word} payment",
    )
    record_payment(payment, shop.act())
    add_category(AddCategory(id=new_id(), kind="expense", name=f"{word} category"), shop.act())
    spent = RecordExpense(id=new_id(), category="rent", paid_from=till, amount=10_00, memo=f"{word} rent")
    record_expense(spent, shop.act())
    lines = (ManualLine(till, 30_00, 0), ManualLine(owner, 0, 30_00))
    post_manual(PostManual(id=new_id(), lines=lines, memo=f"{word} by hand"), shop.act())


def _keep_house(shop: Shop, word: str) -> None:
    second = create_drawer(CreateDrawer(id=new_id(), name=f"{word} till", series="B"), shop.act()).id
    shift = open_shift(OpenShift(id=new_id(), drawer_id=second, counts=()), shop.act()).id
    nothing = (Count(currency=shop.currency, counted=0, pieces=()),)
    close_shift(
        CloseShift(id=new_id(), shift_id=shift, counts=nothing, may_approve=True, note=f"{word} closing"), shop.act()
    )
    start_recalculation(StartRecalculation(id=new_id(), models=("customers",), batch=1), shop.act())
    export_id = new_id()
    start_export(StartExport(id=export_id), shop.act(), take_turn=lambda: True)
    finish_export(FinishExport(export_id=export_id, attempt=1, size=1, sha256=bytes(32)), shop.act())
    name = word.replace('"', '""')
    content = f'name,barcode,price\n"{name} candles",2100000009015,30\n"{name} matches",2100000009022,2.345\n'.encode()
    upload_products(
        UploadProducts(op_id=new_id(), file_name=f"{word[:100]}.csv", content=content, stock_policy="warn"), shop.act()
    )


def _print_labels(shop: Shop, word: str, product_id: uuid.UUID, actor: uuid.UUID) -> None:
    template, printer = new_id(), new_id()
    paper, blocks = TEMPLATES["L7160"].paper, TEMPLATES["L7160"].blocks
    name = f"{word[:40]} {str(template)[-6:]}"  # no id: whatever holds one is asked with a rival's
    save_template(
        SaveTemplate(op_id=template, template_id=template, name=name, paper=paper, blocks=blocks), shop.act(actor)
    )
    save_printer(SavePrinter(op_id=printer, printer_id=printer, name=name, printer=Printer()), shop.act(actor))
    queue_label(QueueLabel(op_id=new_id(), product_id=product_id, copies=1), shop.act(actor))
    print_labels(PrintLabels(id=new_id(), template=str(template), printer_id=printer), shop.act(actor))
    queue_label(QueueLabel(op_id=new_id(), product_id=product_id, copies=2), shop.act(actor))


# What is in the database, seen by a superuser.


def rows_of(connection: Connection, tenant_id: int | None = None, *, without: tuple[str, ...] = ()) -> Rows:
    """Count the rows of each table, of one shop or of all, with a sum of what is in them."""
    tables = [name for name in _tables(connection) if name not in without]
    count = sql.SQL("SELECT {name}, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} AS t {where}")
    where = sql.SQL("WHERE tenant_id = {}").format(sql.Literal(tenant_id)) if tenant_id else sql.SQL("")
    query = sql.SQL(" UNION ALL ").join(
        count.format(name=sql.Literal(name), table=sql.Identifier(name), where=where) for name in tables
    )
    return {name: (rows, content) for name, rows, content in connection.execute(query)}


def ids_of(connection: Connection, tenant_id: int) -> dict[str, set[uuid.UUID]]:
    """Return every id in every column of a shop, by table."""
    columns = connection.execute(
        """
        SELECT c.table_name, c.column_name FROM information_schema.columns AS c
          JOIN pg_tables AS t ON t.schemaname = 'public' AND t.tablename = c.table_name
         WHERE c.table_schema = 'public' AND c.data_type = 'uuid'
        """
    ).fetchall()
    found: dict[str, set[uuid.UUID]] = {}
    for table, column in columns:
        query = sql.SQL("SELECT DISTINCT {column} FROM {table} WHERE tenant_id = {shop} AND {column} IS NOT NULL")
        ids = connection.execute(
            query.format(column=sql.Identifier(column), table=sql.Identifier(table), shop=sql.Literal(tenant_id))
        ).fetchall()
        found.setdefault(table, set()).update(value for (value,) in ids)
    return {table: ids for table, ids in found.items() if ids}


def homes_of(connection: Connection, tenant_id: int) -> dict[str, set[str]]:
    """Return each id of a shop's things with the tables that it is the key of."""
    tables = connection.execute(
        """
        SELECT c.table_name FROM information_schema.columns AS c
          JOIN pg_tables AS t ON t.schemaname = 'public' AND t.tablename = c.table_name
         WHERE c.table_schema = 'public' AND c.data_type = 'uuid' AND c.column_name = 'id'
        """
    ).fetchall()
    found: dict[str, set[str]] = {}
    for (table,) in tables:
        query = sql.SQL("SELECT id FROM {table} WHERE tenant_id = {shop}")
        for (id,) in connection.execute(query.format(table=sql.Identifier(table), shop=sql.Literal(tenant_id))):
            found.setdefault(str(id), set()).add(table)
    return found


def one_of_each(ids: dict[str, set[uuid.UUID]]) -> list[uuid.UUID]:
    """Return an id of each table, no id twice: of two tables with the same ids, two different ones where there are."""
    chosen: list[uuid.UUID] = []
    for table in sorted(ids):
        fresh = sorted(ids[table] - set(chosen))
        chosen += fresh[:1]
    return chosen


def _tables(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM information_schema.columns AS c"
        "  JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'tenant_id' ORDER BY 1"
    )
    return [name for (name,) in rows]


# What can be asked of the site.


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, without what differs each time: tokens, numbers of requests and forms, the ids asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def masked(response: TestResponse) -> Answer:
    """Make two answers comparable."""
    number = response.headers.get("X-Request-Id", "")
    headers = {
        name: _mask(value, number)
        for name, value in response.headers
        if name not in {"X-Request-Id", "Content-Length", "Set-Cookie", "Date"}
    }
    return Answer(response.status_code, tuple(sorted(headers.items())), _mask(_text(response), number))


def _text(response: TestResponse) -> str:
    return response.get_data().decode("utf-8", "replace")


def _mask(text: str, number: str) -> str:
    text = TOKEN.sub("TOKEN", UUID.sub("ID", text))
    return text.replace(number, "NUMBER") if number else text


@dataclass(frozen=True, slots=True)
class Post:
    """What an address takes that is posted to: found out by posting nothing to it, nothing but a number."""

    endpoint: str
    path: str  # of a thing there is, where the address names one
    fields: dict[str, str]  # name and what a person would send; no number, no token
    ids: dict[str, set[str]]  # the fields that take an id, with how it is written into them: "ID", "cash:ID"
    kinds: dict[str, set[str]]  # of these fields: the tables of the things it was offered

    def data(self) -> dict[str, str]:
        """Return the form filled in, with a number of its own."""
        return self.fields | {"op_id": str(new_id())}


@dataclass(frozen=True, slots=True)
class Site:
    """Every rule of the site, what can be posted to it, and the pages that links lead to."""

    app: Flask
    posts: dict[str, Post]  # by endpoint
    pages: list[str]
    kinds: dict[str, set[str]]  # by endpoint: the tables of the things that links and forms name in its address

    @property
    def rules(self) -> list[Rule]:
        return [rule for rule in self.app.url_map.iter_rules() if rule.endpoint != "static"]

    def posted(self) -> Iterator[tuple[Rule, str]]:
        """Yield every rule with each method that may write."""
        return _posted(self.app)

    def data(self, endpoint: str, method: str) -> dict[str, str]:
        """Return what a person would send to an endpoint; nothing with a method that only asks, or where it is not."""
        return {} if method == "GET" or is_elsewhere(self.app, endpoint) else self.posts[endpoint].data()

    def paths(self, rule: Rule, value: str, method: str) -> list[str]:
        """Return the addresses of a rule, as `paths_of`."""
        return paths_of(self.app, rule, value, method)


def find_site(app: Flask, open_browser: Callable[[], ShopClient], superuser: Connection, tenant_id: int) -> Site:
    """Walk through the site of a shop, and post nothing to every address. `open_browser` signs a new one in."""
    own, homes = ids_of(superuser, tenant_id), homes_of(superuser, tenant_id)
    client = open_browser()
    pages = walk(app, client)
    seen = {page.path.partition("?")[0] for page in pages}
    plain = {rule.rule for rule in app.url_map.iter_rules() if not rule._converters and "GET" in (rule.methods or ())}
    for address in sorted(plain - seen):  # no link leads there
        answer = client.get(address)
        if answer.mimetype == "text/html":
            pages.append(read_page(address, "", answer.text))
    found: dict[str, FoundForm] = {}
    for page in pages:
        for form in page.forms:
            if form.method == "post":
                found.setdefault(endpoint_of(app, form.action, "POST") or "", form)
    posts = {
        rule.endpoint: _find_post(app, rule, open_browser(), own, homes, found.get(rule.endpoint))
        for rule, _ in _posted(app)
    }
    return Site(app, posts, sorted({page.path for page in pages}), _kinds_of_addresses(app, pages, homes))


def _kinds_of_addresses(app: Flask, pages: list[FoundPage], homes: dict[str, set[str]]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for page in pages:
        targets = [(link, "GET") for link in page.links]
        targets += [(form.action, form.method.upper()) for form in page.forms]
        for target, method in targets:
            named = set().union(*(homes.get(id, set()) for id in UUID.findall(target.partition("?")[0])))
            if named:
                kinds.setdefault(endpoint_of(app, target, method) or "", set()).update(named)
    return kinds


def is_elsewhere(app: Flask, endpoint: str) -> bool:
    """Say whether no shop has it: it is on the bare domain only, or in the room of those who run the system.

    What is asked of the room is in isolation/test_operators.py: it finds shops by their addresses, not by ids.
    """
    view = app.view_functions[endpoint]
    return getattr(view, "is_on_bare_domain", False) or getattr(view, "is_operators_only", False)


def _posted(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if is_elsewhere(app, rule.endpoint):
            continue
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set())):
            yield rule, method


def paths_of(app: Flask, rule: Rule, value: str, method: str) -> list[str]:
    """Return the addresses of a rule: a value for each argument, and each of the words it lists."""
    listed = {
        name: sorted(converter.items) if isinstance(converter, AnyConverter) else [value]
        for name, converter in rule._converters.items()
    }
    adapter, fixed = app.url_map.bind(""), dict(rule.defaults or {})
    return [
        adapter.build(rule.endpoint, fixed | dict(zip(listed, values, strict=True)), method=method)
        for values in product(*listed.values())
    ]


def _find_post(
    app: Flask,
    rule: Rule,
    client: ShopClient,
    own: dict[str, set[uuid.UUID]],
    homes: dict[str, set[str]],
    found: FoundForm | None,
) -> Post:
    """Post nothing to an address, at one thing of the shop after another until a form is made of it."""
    paths = [path for id in one_of_each(own) for path in paths_of(app, rule, str(id), "POST")]
    if found:
        paths.insert(0, found.action)
    path, forms = paths[0], list[QueryForm]()
    with forms_noted() as noted:
        for each in paths:
            client.post_form(each)
            forms = [form for form, is_sent in noted if is_sent]
            if forms:
                path = each
                break
    own_ids = {str(id): homes.get(str(id), set()) for ids in own.values() for id in ids}
    fields, ids, kinds = dict[str, str](), dict[str, set[str]](), dict[str, set[str]]()
    for field in (field for form in forms[:1] for field in form):
        values = [str(value) for value, _ in getattr(field, "choices", ())]
        if field.flags.required:
            fields[field.name] = FILLED.get(field.name) or next(filter(None, values), "1")
        _note_ids(ids, kinds, field.name, ["ID"] if isinstance(field, IdField) else values, own_ids)
    for control in found.fields if found else ():
        if control.kind == "button":
            continue
        value = control.value if control.kind in {"checkbox", "radio"} else control.value or FILLED.get(control.name)
        if value:
            fields[control.name] = value
        _note_ids(ids, kinds, control.name, [control.value or "", *control.choices], own_ids)
    for name in ("op_id", "csrf_token"):
        fields.pop(name, None)
    # Of lines that repeat themselves, 0-account, 1-account …, the first stands for all.
    ids = {
        name: written
        for name, written in ids.items()
        if name not in {"op_id", "csrf_token"} and name[0] not in "123456789"
    }
    return Post(rule.endpoint, path, fields, ids, kinds)


def _note_ids(
    ids: dict[str, set[str]], kinds: dict[str, set[str]], name: str, values: list[str], own: dict[str, set[str]]
) -> None:
    """Note that a field takes an id, and of what, if it was offered one of a thing of the shop."""
    offered = {value: own.keys() & set(UUID.findall(value)) for value in values}
    written = {UUID.sub("ID", value) for value, named in offered.items() if value == "ID" or named}
    if written:
        ids.setdefault(name, set()).update(written)
        kinds.setdefault(name, set()).update(*(own[id] for named in offered.values() for id in named))


def takes_ids(rule: Rule) -> bool:
    """Say whether a rule takes an id. What is neither an id, a text nor a list has to be thought about here."""
    kinds = {type(converter) for converter in rule._converters.values()} - {AnyConverter}
    assert kinds <= {UUIDConverter, UnicodeConverter, PathConverter}, f"{rule}: what may stand in it?"
    assert len(kinds) == 1 or UUIDConverter not in kinds, f"{rule}: an id beside a text"
    return kinds == {UUIDConverter}


@contextmanager
def forms_noted() -> Iterator[list[tuple[QueryForm, bool]]]:
    """Note every form that is made while requests are answered, and whether it was made of what was sent."""
    noted: list[tuple[QueryForm, bool]] = []
    original: Callable[..., None] = QueryForm.__init__

    def note(form: QueryForm, formdata: Any = None, *args: Any, **kwargs: Any) -> None:
        original(form, formdata, *args, **kwargs)
        noted.append((form, formdata is not None))

    QueryForm.__init__ = note  # type: ignore[method-assign, assignment]
    try:
        yield noted
    finally:
        QueryForm.__init__ = original  # type: ignore[method-assign]


@contextmanager
def looking_at(database: Database) -> Iterator[Connection]:
    """A superuser who only looks."""
    with database.connect() as connection:
        yield connection
