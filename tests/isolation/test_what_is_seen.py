"""What a role may not see is nowhere: not in a page, a fragment, a file, a label or a message.

Costs and salaries of the shop are figures that occur nowhere else. A cashier follows every link there is and asks
every address for every thing there is; a manager, asked the same, finds them. Source: product spec 2.
"""

import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, Rule, UUIDConverter

from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import ALL, EMPLOYEE_VIEW, EXPENSE_CREATE, PRODUCT_COST, REPORT_VIEW, SHOP_EXPORT
from ledger_web.services.party_acts import AccrueSalary, accrue_salary
from tests.clients import ShopClient
from tests.databases import Database
from tests.furnished import furnish
from tests.isolation.conftest import World
from tests.pages import walk
from tests.shops import Shop, add_product, sell
from tests.surface import Site, ids_of, looking_at

Browsers = Callable[..., ShopClient]

COST, SALARY = 71_93, 86_41  # minor units: 71.93 and 86.41
# Rights that cannot be had without knowing what goods cost, or what people earn.
TELLING = {PRODUCT_COST, EMPLOYEE_VIEW, SHOP_EXPORT, REPORT_VIEW, EXPENSE_CREATE} | {
    right for right in ALL if right.startswith(("purchase.", "journal.", "recalculation."))
}
# What one cost, what two did, and the salary, as pages and files write them.
FIGURES = re.compile(r"(?<![\w.,-])(71[.,]93|143[.,]86|86[.,]41)(?![\w-])")


def with_secrets(shop: Shop) -> None:
    """Let a product with a cost of its own be sold, and somebody earn."""
    furnish(shop)
    dear = add_product(shop, "Saffron", price=300_00, cost=COST, quantity=50, tax=0)
    sell(shop, (dear, 2, 300_00))
    with shop.act() as uow:
        employee = uow.execute(
            "SELECT id FROM parties WHERE tenant_id = %(tenant_id)s AND kind = 'employee' LIMIT 1"
        ).scalar_one()
    command = AccrueSalary(id=new_id(), employee_id=employee, currency=shop.currency, amount=SALARY, memo="November")
    accrue_salary(command, shop.act())


def addresses(app: Flask, client: ShopClient, ids: dict[str, set[uuid.UUID]], site: Site) -> Iterator[str]:
    """Yield what links lead to, then every address that takes an id: with ids of the kinds that links put into it,
    and with some of the others; where no link leads, with the ids of every table."""
    yield from {page.path for page in walk(app, client)}
    adapter = app.url_map.bind("")
    ordered = {table: sorted(map(str, found)) for table, found in ids.items()}
    some = {table: {*found[:2], *found[-2:]} for table, found in ordered.items()}  # what is secret is the newest
    every = sorted({id for found in some.values() for id in found})
    for number, rule in enumerate(app.url_map.iter_rules()):
        if "GET" not in (rule.methods or ()) or not rule._converters:
            continue
        if all(isinstance(each, UUIDConverter | AnyConverter) for each in rule._converters.values()):
            fits = {id for kind in site.kinds.get(rule.endpoint, ()) for id in some.get(kind, ())}
            takes_id = any(isinstance(each, UUIDConverter) for each in rule._converters.values())
            for words in words_of(rule):
                for id in (sorted({*fits, *every[number % 6 :: 6]}) if fits else every) if takes_id else every[:1]:
                    values = dict.fromkeys(rule._converters, id) | words | dict(rule.defaults or {})
                    yield adapter.build(rule.endpoint, values)


def words_of(rule: Rule) -> list[dict[str, str]]:
    """Return each choice of the words an address takes besides ids; of files those that can be read here."""
    chosen = [
        [(name, word) for word in sorted(each.items - {"xlsx"})]
        for name, each in rule._converters.items()
        if isinstance(each, AnyConverter)
    ]
    return [dict(each) for each in itertools.product(*chosen)]


def found_by(app: Flask, database: Database, client: ShopClient, shop: Shop, site: Site) -> dict[str, str]:
    with looking_at(database) as superuser:
        ids = {table: set(some) for table, some in ids_of(superuser, shop.tenant_id).items()}
    found = {}
    for turn, path in enumerate(addresses(app, client, ids, site)):
        text = client.get(path, htmx=turn % 3 == 0).get_data().decode("utf-8", "replace")
        seen = FIGURES.search(text)
        if seen:
            found[path] = text[max(0, seen.start() - 80) : seen.end() + 40]
    return found


def test_a_cashier_sees_no_cost_margin_or_salary_anywhere(
    app: Flask, database: Database, client_of: Browsers, corner: Shop, world: World
) -> None:
    with_secrets(corner)

    assert found_by(app, database, client_of(corner, "cashier"), corner, world.site) == {}


@pytest.mark.long
def test_an_owner_does_so_the_figures_are_there_to_be_seen(
    app: Flask, database: Database, client_of: Browsers, corner: Shop, world: World
) -> None:
    with_secrets(corner)

    found = found_by(app, database, client_of(corner), corner, world.site)

    assert any(path.startswith("/products/") for path in found)
    assert any(path.startswith(("/employees/", "/parties/")) for path in found)
    assert Decimal(COST) / 100 == Decimal("71.93")


@pytest.mark.long
def test_who_does_all_but_buying_and_the_books_sees_no_cost_or_salary_anywhere(
    app: Flask, database: Database, client_of: Browsers, corner: Shop, world: World
) -> None:
    with_secrets(corner)
    with corner.act() as uow:
        uow.execute(
            """
            UPDATE roles SET built_in = NULL, permissions = %(permissions)s
             WHERE tenant_id = %(tenant_id)s AND built_in = 'cashier'
            """,
            {"permissions": sorted(ALL - TELLING)},
        )

    assert found_by(app, database, client_of(corner, "cashier"), corner, world.site) == {}
