"""A purchase of 500 lines: one line changed on the form, and the whole of it received.

Yardsticks: what is promised for a changed line, 30 ms and 15 kB whatever the length; as many statements for 5 lines
as for 500; and one INSERT of the same rows with many values, into a table with the same keys.
"""

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from flask import Flask
from psycopg import sql
from sqlalchemy import event

from benchmarks.ground import BASE_DOMAIN, Ground, Result
from ledger_web.domain.ids import new_id
from ledger_web.models.base import db
from ledger_web.services.purchase_draft_lines import WantedLine
from ledger_web.services.purchase_drafts import StartDraft, start_draft
from tests.clients import ShopClient, browser_at
from tests.purchases import add_goods, add_vendor, receive, say_rate
from tests.shops import Shop, open_a_shop

LINES = 500
CHANGES = 60
PROMISED_MS = 30.0
PROMISED_BYTES = 15_000.0


def measure_purchases(ground: Ground) -> list[Result]:
    """Change lines of a long draft as its form does, then receive drafts of both lengths."""
    lines, changes, rounds = (50, 10, 2) if ground.quick else (LINES, CHANGES, 7)
    slug = f"bench-buy-{uuid.uuid4().hex[:6]}"
    with ground.app.app_context():
        shop = open_a_shop(slug, "AFN")
        vendor_id = add_vendor(shop)
        goods = [add_goods(shop, f"Goods {number}") for number in range(lines)]
        draft_id = _draft(shop, vendor_id, goods)
        client = browser_at(ground.app, slug)
        client.host = f"{slug}.{BASE_DOMAIN}"
        client.sign_in_as(shop, "owner")
        took, size = _change_lines(client, draft_id, changes)
        receive(shop, draft_id)
        few, many = _draft(shop, vendor_id, goods[:5]), _draft(shop, vendor_id, goods)
        statements = {length: _statements(ground.app, shop, id) for length, id in ((5, few), (lines, many))}
        stored = min(_timed(shop, _draft(shop, vendor_id, goods)) for _ in range(rounds))
        inserted = min(_insert(ground, many) for _ in range(rounds))
    more = statements[lines] - statements[5]
    return [
        Result("purchase.line_swap_ms.500", took, PROMISED_MS, PROMISED_MS / took, "ms"),
        Result("purchase.line_swap_bytes.500", size, PROMISED_BYTES, PROMISED_BYTES / size, "bytes"),
        Result("purchase.statements.500_minus_5", more, 0, 1 if more == 0 else 0, "statements"),
        Result("purchase.store.500.vs_insert", stored, inserted, inserted / stored, "ms"),
    ]


def _draft(shop: Shop, vendor_id: uuid.UUID, goods: list[uuid.UUID]) -> uuid.UUID:
    lines = tuple(WantedLine(product_id=id, quantity=Decimal(3)) for id in goods)
    draft_id = start_draft(StartDraft(id=new_id(), vendor_id=vendor_id, lines=lines), shop.act()).id
    say_rate(shop, draft_id, "71.5", "USD")
    with shop.act() as uow:
        uow.execute(
            """
            UPDATE purchase_draft_lines SET unit_cost = 2.37, net = 711
             WHERE tenant_id = %(tenant_id)s AND draft_id = %(id)s
            """,
            {"id": draft_id},
        )
    return draft_id


def _change_lines(client: ShopClient, draft_id: uuid.UUID, changes: int) -> tuple[float, int]:
    """Return the median time of a change in ms, and the size of the largest answer."""
    path = f"/purchases/drafts/{draft_id}"
    ids = re.findall(r'<li id="purchase-line-([0-9a-f-]{36})"', client.get(path).text)
    took, size = [], 0
    for number in range(changes):
        form = {"op_id": str(new_id()), "quantity": str(number + 1), "unit_cost": "2.41"}
        sent = {"csrf_token": client.csrf_token()} | form
        began = time.perf_counter()
        answer = client.post(f"{path}/lines/{ids[number * 7 % len(ids)]}", data=sent, htmx=True)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
        size = max(size, len(answer.data))
    return sorted(took)[len(took) // 2], size


def _statements(app: Flask, shop: Shop, draft_id: uuid.UUID) -> int:
    with _counted(app) as seen:
        receive(shop, draft_id)
    return len(seen)


def _timed(shop: Shop, draft_id: uuid.UUID) -> float:
    began = time.perf_counter()
    receive(shop, draft_id)
    return (time.perf_counter() - began) * 1000


def _insert(ground: Ground, purchase_id: uuid.UUID) -> float:
    """Insert the lines of a purchase once more, in one statement with its commit; return how long it took, in ms."""
    connection = ground.superuser
    connection.execute("CREATE TABLE lines_again (LIKE purchase_lines INCLUDING ALL)")
    rows = connection.execute("SELECT * FROM purchase_lines WHERE purchase_id = %s", [purchase_id]).fetchall()
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(rows[0])))
    statement = sql.SQL("INSERT INTO lines_again VALUES {}").format(sql.SQL(", ").join([row] * len(rows)))
    values = [value for each in rows for value in each]
    began = time.perf_counter()
    connection.execute(statement, values)
    took = (time.perf_counter() - began) * 1000
    connection.execute("DROP TABLE lines_again")
    return took


@contextmanager
def _counted(app: Flask) -> Iterator[list[str]]:
    """Note every statement that is sent."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
