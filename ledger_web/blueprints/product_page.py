"""The page of a product: its panels, what each of them reads, and how an edit of what is stale is answered."""

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask import Response, g
from flask.typing import ResponseReturnValue

from ledger_web.domain.charts import columns
from ledger_web.domain.errors import DuplicateBarcodeError, DuplicateSkuError, LedgerError
from ledger_web.domain.permissions import PRODUCT_COST, SALE_VIEW
from ledger_web.domain.products import STOCK_POLICIES
from ledger_web.domain.units import in_packs
from ledger_web.filters import shop_today
from ledger_web.forms.labels import GiveCodesForm
from ledger_web.forms.products import AdjustmentForm, BarcodeForm, ReceiptForm
from ledger_web.identity import may
from ledger_web.queries.prices import list_price_changes, list_prices
from ledger_web.queries.product_history import list_moves, list_product_sales, list_received, list_sales_by_month
from ledger_web.queries.products import Holder, ProductDetails, find_holder, get_product_details
from ledger_web.queries.units import UnitRow, list_units
from ledger_web.rendering import redirect_to, render, say, wants_fragment

SHOW: Final = "products/show.html"

# The fragment of each panel, and what it reads beside the product itself.
PANELS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "overview": ("products/_overview.html", ()),
        "units": ("products/_units_panel.html", ("units",)),
        "prices": ("products/_prices_panel.html", ("prices", "changes")),
        "cost": ("products/_cost_panel.html", ("received",)),
        "stock": ("products/_stock_panel.html", ("units",)),
        "barcodes": ("products/_barcodes_panel.html", ("units",)),
        "movements": ("products/_movements.html", ("moves",)),
        "sales-by-month": ("products/_sales_by_month.html", ("months",)),
        "last-received": ("products/_last_received.html", ("received",)),
        "last-sales": ("products/_last_sales.html", ("sales",)),
    }
)
# What only some may see; who may not is shown nothing where the panel would be.
RIGHTS: Final = MappingProxyType(
    {
        "cost": PRODUCT_COST,
        "last-received": PRODUCT_COST,
        "sales-by-month": SALE_VIEW,
        "last-sales": SALE_VIEW,
    }
)

# What an act on a panel changes; the templates of other panels that show it listen for that.
CHANGED: Final = MappingProxyType(
    {"stock": "ledger:goods", "units": "ledger:units", "prices": "ledger:prices", "barcodes": "ledger:codes"}
)

_READERS: Final[Mapping[str, Callable[[ProductDetails], Any]]] = MappingProxyType(
    {
        "units": lambda product: list_units(g.tenant.id, product.id, archived=True),
        "prices": lambda product: list_prices(g.tenant.id, product.id),
        "changes": lambda product: list_price_changes(g.tenant.id, product.id),
        "received": lambda product: list_received(g.tenant.id, product.id),
        "moves": lambda product: list_moves(g.tenant.id, product.id),
        "months": lambda product: columns(
            [(each.month, each.quantity) for each in list_sales_by_month(g.tenant.id, product.id, shop_today())]
        ),
        "sales": lambda product: list_product_sales(g.tenant.id, product.id),
    }
)


def show_product(product_id: uuid.UUID, panel: str = "", status: int = 200, **context: Any) -> Response:
    """Answer with the page of a product, or for htmx with one panel of it, which reads only what it shows."""
    fragment = PANELS[panel][0] if panel else ""
    shown = [panel] if panel and wants_fragment() else [name for name in PANELS if may_see(name)]
    product = get_product_details(g.tenant.id, product_id)
    needed = {name for each in shown for name in PANELS[each][1]}
    read = {name: _READERS[name](product) for name in sorted(needed)}
    known = read | _around(product, read.get("units", []))
    return render(SHOW, fragment, status, **(known | context))


def may_see(panel: str) -> bool:
    return panel not in RIGHTS or may(RIGHTS[panel])


def done(product_id: uuid.UUID, panel: str, sentence: str) -> ResponseReturnValue:
    """Answer an act on one panel: htmx gets the panel anew, a plain browser is sent to the page.

    The other panels that show what was changed hear of it and load themselves again.
    """
    say(sentence)
    if not wants_fragment():
        return redirect_to("products.show", product_id=product_id)
    answer = show_product(product_id, panel)
    answer.headers["HX-Trigger"] = CHANGED[panel]
    return answer


def barcode_form(units: list[UnitRow], base: str, sent: Any = None) -> BarcodeForm:
    form = BarcodeForm(sent)
    form.unit_id.choices = [("", base), *((unit.id, unit.name) for unit in units if unit.archived_at is None)]
    return form


def holder_of(refusal: LedgerError, product_id: uuid.UUID | None) -> Holder | None:
    """Find the product that has the code or SKU already, for a link to it; none if it is the one that is shown."""
    if isinstance(refusal, DuplicateBarcodeError):
        holder = find_holder(g.tenant.id, code=refusal.code)
    elif isinstance(refusal, DuplicateSkuError):
        holder = find_holder(g.tenant.id, sku=refusal.sku)
    else:
        holder = None
    return holder if holder and holder.id != product_id else None


def both_values(form: Any, saved: Any, version: int) -> list[tuple[str, str, str]]:
    """Return label, what was typed and what somebody else saved, of each field where the two differ.

    The form takes the version that was saved: sending it again is then a choice, not an accident.

    Args:
        saved: The same form, filled with what is saved now.
    """
    names = [name for name in form._fields if name not in {"op_id", "version", "reason", "is_free"}]
    pairs: list[tuple[Any, Any]] = [(form[name], saved[name]) for name in names]
    form.version.process_formdata([str(version)])
    form.version.raw_data = None
    return [
        (mine.label.text, _written(mine), _written(theirs)) for mine, theirs in pairs if _said(mine) != _said(theirs)
    ]


def _around(product: ProductDetails, units: list[UnitRow]) -> dict[str, Any]:
    """Return what the panels show beside what they read."""
    packs = [unit.pack for unit in units if unit.archived_at is None]
    return {
        "product": product,
        "policies": STOCK_POLICIES,
        "today": shop_today(),
        "counted": in_packs(product.quantity, packs, product.unit),
        "receipt_form": ReceiptForm(),
        "adjustment_form": AdjustmentForm(data={"way": "counted", "reason": "counted"}),
        "barcode_form": barcode_form(units, product.unit),
        "codes_form": GiveCodesForm(),
        "stock_trouble": "",
        "barcode_trouble": "",
        "trouble": "",
        "holder": None,
    }


def _said(field: Any) -> Any:
    return field.data if field.type == "BooleanField" else field.raw


def _written(field: Any) -> str:
    if field.type == "BooleanField":
        return "yes" if field.data else "no"
    labels = {str(value): label for value, label in getattr(field, "choices", ())}
    return str(labels.get(field.raw, field.raw))
