"""Stock: levels with their value on any day, what moved a product, and the list of what to buy."""

import uuid
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_COST, PRODUCT_VIEW
from ledger_web.domain.sheets import Cell, Row, amount_cell, quantity_cell
from ledger_web.downloads import download
from ledger_web.forms.purchases import ReorderForm
from ledger_web.forms.stock import LevelsForm, MovesForm
from ledger_web.identity import may, permission_required
from ledger_web.queries import stock as queries
from ledger_web.queries.purchases import list_vendor_choices
from ledger_web.queries.stock import LedgerLine, LevelDetails, LevelRow, ToBuyRow
from ledger_web.rendering import render

blueprint = Blueprint("stock", __name__, url_prefix="/stock")


@blueprint.get("/")
@permission_required(PRODUCT_VIEW)
def index() -> ResponseReturnValue:
    form = LevelsForm(request.args)
    status = 200 if form.validate() else 422
    asked = _asked_of(form) if status == 200 else {}
    page = queries.list_levels(g.tenant.id, **asked, after=form.after.data) if status == 200 else None
    addressed: dict[str, Any] = {"q": form.q.data or None, "shown": form.shown.data or None, "day": form.day.data}
    return render(
        "stock/index.html",
        "stock/_levels.html",
        status,
        form=form,
        levels=page.rows if page else (),
        total=queries.get_total(g.tenant.id, form.day.data if page else None),
        first=url_for(".index", **addressed) if form.after.data and page else "",
        later=url_for(".index", **addressed, after=page.after) if page and page.after else "",
        asked={name: value for name, value in addressed.items() if value and page},
    )


@blueprint.get("/levels.<any(csv, xlsx):ending>")
@permission_required(PRODUCT_VIEW)
def levels_file(ending: str) -> ResponseReturnValue:
    form = LevelsForm(request.args)
    if not form.validate():
        raise NotFoundError("There is no such list. Choose the day again.")
    name = f"stock-{form.day.data}" if form.day.data else "stock"
    return download(name, ending, _rows_of_levels(queries.iterate_levels(g.tenant.id, **_asked_of(form))))


@blueprint.get("/to-buy")
@permission_required(PRODUCT_VIEW)
def to_buy() -> ResponseReturnValue:
    rows, form = queries.list_to_buy(g.tenant.id), ReorderForm()
    form.vendor_id.choices = [("", gettext("any vendor")), *((v.id, v.name) for v in list_vendor_choices(g.tenant.id))]
    cost = sum(map(_cost_of, rows))
    return render("stock/to_buy.html", rows=rows, form=form, cost=cost, most=queries.TO_BUY_MAX)


@blueprint.get("/to-buy.<any(csv, xlsx):ending>")
@permission_required(PRODUCT_VIEW)
def to_buy_file(ending: str) -> ResponseReturnValue:
    return download("to-buy", ending, _rows_to_buy(queries.list_to_buy(g.tenant.id)))


@blueprint.get("/<uuid:product_id>")
@permission_required(PRODUCT_VIEW)
def show(product_id: uuid.UUID) -> ResponseReturnValue:
    form = MovesForm(request.args)
    status = 200 if form.validate() else 422
    level = queries.get_level(g.tenant.id, product_id)
    ledger = None
    if status == 200:
        ledger = queries.get_ledger(g.tenant.id, product_id, until=form.until.data, before=form.place)
    addressed: dict[str, Any] = {"product_id": product_id, "until": form.until.data if ledger else None}
    return render(
        "stock/show.html",
        "stock/_ledger.html",
        status,
        form=form,
        level=level,
        lines=ledger.lines if ledger else (),
        newest=url_for(".show", **addressed) if form.place else "",
        older=url_for(".show", **addressed, before=str(ledger.older)) if ledger and ledger.older else "",
        asked={"until": form.until.data} if ledger and form.until.data else {},
    )


@blueprint.get("/<uuid:product_id>/moves.<any(csv, xlsx):ending>")
@permission_required(PRODUCT_VIEW)
def moves_file(product_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    form = MovesForm(request.args)
    level = queries.get_level(g.tenant.id, product_id)
    if not form.validate():
        raise NotFoundError("There is no such list. Choose the day again.")
    lines = queries.iterate_ledger(g.tenant.id, product_id, until=form.until.data)
    return download("movements", ending, _rows_of_moves(level, lines))


def _asked_of(form: LevelsForm) -> dict[str, Any]:
    return {"search": form.q.data or "", "shown": form.shown.data or "", "day": form.day.data}


# Rows of files: what costs the shop something is for those who may see costs.


def _rows_of_levels(levels: Iterator[LevelRow]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    sees_cost = may(PRODUCT_COST)
    yield "name", "sku", "quantity", "unit", "reorder_level", *(("value", "currency") if sees_cost else ())
    for level in levels:
        worth: tuple[Cell, ...] = (amount_cell(level.value, currency), currency) if sees_cost else ()
        yield level.name, level.sku, quantity_cell(level.quantity), level.unit, _cell(level.reorder_level), *worth


def _rows_of_moves(level: LevelDetails, lines: Iterator[LedgerLine]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    sees_cost = may(PRODUCT_COST)
    yield (
        gettext("Day"),
        gettext("Document"),
        gettext("Memo"),
        gettext("By"),
        gettext("Quantity"),
        gettext("Left"),
        gettext("Unit"),
        *((gettext("Value"), gettext("Value left"), gettext("Currency")) if sees_cost else ()),
    )
    for line in lines:
        worth: tuple[Cell, ...] = ()
        if sees_cost:
            worth = amount_cell(line.value, currency), amount_cell(line.value_left, currency), currency
        moved = quantity_cell(line.quantity), quantity_cell(line.left), level.unit
        yield line.place.day, line.title, line.memo, line.actor, *moved, *worth


def _rows_to_buy(rows: list[ToBuyRow]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    sees_cost = may(PRODUCT_COST)
    yield (
        "name",
        "sku",
        "on_hand",
        "unit",
        "reorder_level",
        "buy",
        "buy_unit",
        *(("cost_about", "currency") if sees_cost else ()),
    )
    for row in rows:
        worth: tuple[Cell, ...] = (amount_cell(_cost_of(row), currency), currency) if sees_cost else ()
        on_hand, level = quantity_cell(row.on_hand), quantity_cell(row.reorder_level)
        buy = quantity_cell(row.suggestion.quantity)
        yield row.name, row.sku, on_hand, row.unit, level, buy, row.unit_name, *worth


def _cost_of(row: ToBuyRow) -> int:
    return round(row.unit_cost_last * row.suggestion.in_base)


def _cell(quantity: Any) -> Cell:
    return None if quantity is None else quantity_cell(quantity)
