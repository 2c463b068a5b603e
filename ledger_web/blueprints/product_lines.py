"""What a line of a sale or of a purchase shows of the product chosen in it: one function says it for both."""

import uuid
from decimal import Decimal

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.permissions import PRODUCT_COST, PURCHASE_CREATE, SALE_CREATE
from ledger_web.filters import shop_today
from ledger_web.forms.products import LineDetailsForm
from ledger_web.identity import may, permission_required
from ledger_web.queries.carts import find_cart
from ledger_web.queries.prices import LineDetails, line_details
from ledger_web.queries.purchase_drafts import cost_in_draft_currency, get_draft_head
from ledger_web.rendering import render

blueprint = Blueprint("product_lines", __name__, url_prefix="/products/<uuid:product_id>")


@blueprint.get("/sale-line")
@permission_required(SALE_CREATE)
def show_of_sale(product_id: uuid.UUID) -> ResponseReturnValue:
    """Say what the product costs whoever the cart is for, what is there of it, and its tax."""
    form = LineDetailsForm(request.args)
    form.validate_or_refuse()
    cart = find_cart(g.tenant.id, g.identity.user_id, g.tenant.base_currency)
    line = line_details(
        g.tenant.id,
        product_id,
        form.unit_id.data,
        quantity=form.quantity.data or Decimal(1),
        on=shop_today(),
        customer_id=cart.customer_id if cart else None,
    )
    return _show(line, form, g.tenant.base_currency, line.unit_cost)


@blueprint.get("/purchase-line/<uuid:draft_id>")
@permission_required(PURCHASE_CREATE)
def show_of_purchase(product_id: uuid.UUID, draft_id: uuid.UUID) -> ResponseReturnValue:
    """The same for goods that are bought: what they cost last is told in the currency of the draft."""
    form = LineDetailsForm(request.args)
    form.validate_or_refuse()
    head = get_draft_head(g.tenant.id, draft_id)
    quantity = form.quantity.data or Decimal(1)
    line = line_details(g.tenant.id, product_id, form.unit_id.data, quantity=quantity, on=shop_today())
    cost = cost_in_draft_currency(line.unit_cost, head)
    if cost is None:  # no rate yet
        return _show(line, form, head.base_currency, line.unit_cost)
    return _show(line, form, head.currency, cost)


def _show(line: LineDetails, form: LineDetailsForm, currency: str, cost: Decimal | None) -> ResponseReturnValue:
    return render(
        "products/line.html",
        "products/_line_details.html",
        line=line,
        at=form.line_id.data,
        cost=round(cost) if cost is not None and may(PRODUCT_COST) else None,
        cost_currency=currency,
    )
