"""What a shop asks of the database: its acts first, then all of its pages."""

from flask import Flask

from ledger_web.commands.indexes import shapes_of_pages
from ledger_web.queries.plans import Shape, recorded
from ledger_web.queries.tenants import get_place, get_shop
from tests.furnished import furnish
from tests.returns import close_the_shift, give_back
from tests.shops import Shop, add_product, open_a_shop, sell


def ask_everything(app: Flask, slug: str) -> tuple[Shop, list[Shape]]:
    """Open a shop in which everything happens, look at every page, and return it with each statement, once."""
    shapes: dict[str, Shape] = {}
    with recorded(shapes, ["a service"]):
        shop = open_a_shop(slug)
        furnish(shop)
        rice = add_product(shop, "Rice")
        give_back(shop, sell(shop, (rice, 2, 115_00)), (1, 1))
        close_the_shift(shop)
    for shape in shapes_of_pages(app, get_place(shop.slug), get_shop(shop.tenant_id)):
        shapes.setdefault(shape.statement, shape)
    return shop, list(shapes.values())
