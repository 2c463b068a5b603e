"""What is done with a purchase that was received: returns, late charges, selling prices, papers; and vendors' lists."""

import math
import uuid
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict

from ledger_web.domain.errors import ConflictError, PeriodLockedError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.papers import BYTES_MAX
from ledger_web.domain.permissions import (
    PRODUCT_PRICE,
    PURCHASE_CREATE,
    PURCHASE_DELETE,
    PURCHASE_VIEW,
)
from ledger_web.domain.sheets import Row, amount_cell
from ledger_web.downloads import download
from ledger_web.error_pages import status_of
from ledger_web.filters import shop_today
from ledger_web.forms.payments import offer_first
from ledger_web.forms.purchases import (
    DraftActForm,
    ExchangeForm,
    LateChargeForm,
    PaperForm,
    PurchaseDeletionForm,
    ReorderForm,
    VendorPriceForm,
    prices_form,
    return_form,
)
from ledger_web.identity import new_act, permission_required
from ledger_web.queries import purchase_papers as papers
from ledger_web.queries import purchases as queries
from ledger_web.queries.carts import list_product_hits
from ledger_web.queries.parties import get_party
from ledger_web.queries.stock import ToBuyRow, list_to_buy
from ledger_web.queries.vendor_accounts import account_place_of, get_vendor_account, iterate_vendor_account
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.purchase_draft_lines import WantedLine
from ledger_web.services.purchase_drafts import StartDraft, start_draft
from ledger_web.services.purchase_papers import add_paper
from ledger_web.services.purchase_returns import (
    DeleteLateCharge,
    DeleteReturn,
    add_late_charge,
    delete_late_charge,
    delete_return,
    return_to_vendor,
)
from ledger_web.services.vendor_prices import (
    RemoveVendorPrice,
    remove_vendor_price,
    set_vendor_price,
    write_proposed_prices,
)

blueprint = Blueprint("purchase_acts", __name__, url_prefix="/purchases")


@blueprint.url_value_preprocessor
def _take_files(endpoint: str | None, _values: object) -> None:
    """Let a paper be larger than other forms. Here, because CSRF protection reads the form before any handler."""
    if endpoint == "purchase_acts.create_paper":
        request.max_content_length = BYTES_MAX + 64 * 1024


@blueprint.post("/reorders")
@permission_required(PURCHASE_CREATE)
def create_reorder() -> ResponseReturnValue:
    """Begin a draft with what is below its level, as much as the list of things to buy says."""
    form = ReorderForm(request.form)
    form.vendor_id.choices = [("", gettext("any vendor")), *_vendors()]
    form.validate_or_refuse()
    vendor_id = form.vendor_id.data or None
    rows = list_to_buy(g.tenant.id)
    packs = queries.list_offered(g.tenant.id, vendor_id) if vendor_id else None
    lines = tuple(_wanted(row, packs) for row in rows if packs is None or row.product_id in packs)
    if rows and not lines:
        raise RuleViolationError(
            gettext(
                "This vendor has sold or listed nothing of what is below its level. Choose another vendor, or none."
            )
        )
    if not lines:
        raise RuleViolationError("Nothing is below its level: there is nothing to buy.")
    draft = start_draft(StartDraft(id=form.op_id.data, vendor_id=vendor_id, lines=lines), new_act())
    return redirect_to("purchase_drafts.show", draft_id=draft.id)


@blueprint.get("/<uuid:purchase_id>/returns/new")
@permission_required(PURCHASE_DELETE)
def new_return(purchase_id: uuid.UUID) -> ResponseReturnValue:
    purchase = queries.get_purchase(g.tenant.id, purchase_id)
    return _show_return(purchase, return_form(line.line for line in purchase.lines)())


@blueprint.post("/<uuid:purchase_id>/returns")
@permission_required(PURCHASE_DELETE)
def create_return(purchase_id: uuid.UUID) -> ResponseReturnValue:
    purchase = queries.get_purchase(g.tenant.id, purchase_id)
    form = return_form(line.line for line in purchase.lines)(request.form)
    if not form.validate():
        return _show_return(purchase, form, 422)
    try:
        returned = return_to_vendor(form.to_command(purchase_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        is_locked = isinstance(error, PeriodLockedError)
        return _show_return(purchase, form, status_of(error), trouble=error.message, is_locked=is_locked)
    say("This return was recorded already." if returned.replayed else "The goods went back to the vendor.")
    return redirect_to("purchases.show", purchase_id=purchase_id)


@blueprint.post("/returns/<uuid:return_id>/deletion")
@permission_required(PURCHASE_DELETE)
def create_return_deletion(return_id: uuid.UUID) -> ResponseReturnValue:
    found = papers.get_return(g.tenant.id, return_id)
    form = PurchaseDeletionForm(request.form)
    form.validate_or_refuse()
    command = DeleteReturn(
        id=form.op_id.data, return_id=return_id, reason=form.reason.data, overrides_lock=form.insists
    )
    delete_return(command, new_act())
    say("The return was deleted.")
    return redirect_to("purchases.show", purchase_id=found.purchase_id)


@blueprint.get("/<uuid:purchase_id>/charges/new")
@permission_required(PURCHASE_CREATE)
def new_charge(purchase_id: uuid.UUID) -> ResponseReturnValue:
    return _show_charge(purchase_id, LateChargeForm(data={"currency": g.tenant.base_currency, "spread_by": "value"}))


@blueprint.post("/<uuid:purchase_id>/charges")
@permission_required(PURCHASE_CREATE)
def create_charge(purchase_id: uuid.UUID) -> ResponseReturnValue:
    form = LateChargeForm(request.form)
    form.payee_id.choices = [("", gettext("choose …")), *_vendors()]
    if not form.validate():
        return _show_charge(purchase_id, form, 422)
    try:
        added = add_late_charge(form.to_command(purchase_id, g.tenant.base_currency), new_act())
    except (RuleViolationError, ConflictError) as error:
        is_locked = isinstance(error, PeriodLockedError)
        return _show_charge(purchase_id, form, status_of(error), trouble=error.message, is_locked=is_locked)
    say("This charge was recorded already." if added.replayed else "The charge was recorded.")
    return redirect_to("purchases.show", purchase_id=purchase_id)


@blueprint.post("/charges/<uuid:charge_id>/deletion")
@permission_required(PURCHASE_DELETE)
def create_charge_deletion(charge_id: uuid.UUID) -> ResponseReturnValue:
    purchase_id = papers.purchase_of_charge(g.tenant.id, charge_id)
    form = PurchaseDeletionForm(request.form)
    form.validate_or_refuse()
    command = DeleteLateCharge(
        id=form.op_id.data, charge_id=charge_id, reason=form.reason.data, overrides_lock=form.insists
    )
    delete_late_charge(command, new_act())
    say("The charge was deleted.")
    return redirect_to("purchases.show", purchase_id=purchase_id)


@blueprint.get("/<uuid:purchase_id>/prices")
@permission_required(PRODUCT_PRICE)
def edit_prices(purchase_id: uuid.UUID) -> ResponseReturnValue:
    return _show_prices(purchase_id)


@blueprint.post("/<uuid:purchase_id>/prices")
@permission_required(PRODUCT_PRICE)
def update_prices(purchase_id: uuid.UUID) -> ResponseReturnValue:
    proposals = queries.list_price_proposals(g.tenant.id, purchase_id)
    form = prices_form(each.product_id for each in proposals)(request.form)
    if not form.validate():
        return _show_prices(purchase_id, form, 422, " ".join(form.sentences))
    try:
        write_proposed_prices(form.to_command(purchase_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_prices(purchase_id, form, status_of(error), error.message)
    say("The prices were changed.")
    return redirect_to("purchases.show", purchase_id=purchase_id)


@blueprint.get("/<uuid:purchase_id>/papers/new")
@permission_required(PURCHASE_CREATE)
def new_paper(purchase_id: uuid.UUID) -> ResponseReturnValue:
    return _show_paper_form(purchase_id, PaperForm())


@blueprint.post("/<uuid:purchase_id>/papers")
@permission_required(PURCHASE_CREATE)
def create_paper(purchase_id: uuid.UUID) -> ResponseReturnValue:
    sent: Any = CombinedMultiDict([request.files, request.form])
    form = PaperForm(sent)
    if not form.validate():
        return _show_paper_form(purchase_id, form, 422)
    try:
        add_paper(form.to_command(purchase_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_paper_form(purchase_id, form, status_of(error), error.message)
    say("The paper is kept with the purchase.")
    return redirect_to("purchases.show", purchase_id=purchase_id)


@blueprint.get("/papers/<uuid:paper_id>")
@permission_required(PURCHASE_VIEW)
def show_paper(paper_id: uuid.UUID) -> ResponseReturnValue:
    """Send a paper as what it was found to be; what our headers forbid on pages is forbidden in it, too."""
    paper = papers.get_paper(g.tenant.id, paper_id)
    answer = Response(paper.content, mimetype=paper.media_type)
    answer.headers.set("Content-Disposition", "inline", filename=paper.file_name)
    return answer


@blueprint.get("/vendors/<uuid:vendor_id>/prices")
@permission_required(PURCHASE_VIEW)
def vendor_prices(vendor_id: uuid.UUID) -> ResponseReturnValue:
    return _show_vendor_prices(vendor_id, VendorPriceForm())


@blueprint.post("/vendors/<uuid:vendor_id>/prices")
@permission_required(PURCHASE_CREATE)
def create_vendor_price(vendor_id: uuid.UUID) -> ResponseReturnValue:
    form = VendorPriceForm(request.form)
    if not form.validate():
        return _show_vendor_prices(vendor_id, form, 422)
    try:
        set_vendor_price(form.to_command(vendor_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_vendor_prices(vendor_id, form, status_of(error), error.message)
    say("The price is on the vendor’s list.")
    return redirect_to(".vendor_prices", vendor_id=vendor_id)


@blueprint.post("/vendors/<uuid:vendor_id>/prices/<uuid:price_id>/delete")
@permission_required(PURCHASE_CREATE)
def delete_vendor_price(vendor_id: uuid.UUID, price_id: uuid.UUID) -> ResponseReturnValue:
    form = DraftActForm(request.form)
    if not form.validate():
        return _show_vendor_prices(vendor_id, VendorPriceForm(), 422, " ".join(form.sentences))
    remove_vendor_price(RemoveVendorPrice(op_id=form.op_id.data, vendor_id=vendor_id, price_id=price_id), new_act())
    return redirect_to(".vendor_prices", vendor_id=vendor_id)


@blueprint.get("/vendors/<uuid:vendor_id>/account")
@permission_required(PURCHASE_VIEW)
def vendor_account(vendor_id: uuid.UUID) -> ResponseReturnValue:
    """Show all that happened with a vendor, in every currency and in the shop's, with both balances."""
    account = get_vendor_account(
        g.tenant.id, vendor_id, older_than=account_place_of(request.args.get("before", "")[:80])
    )
    older = url_for(".vendor_account", vendor_id=vendor_id, before=account.older_than) if account.older_than else ""
    return render(
        "purchases/vendor_account.html",
        "purchases/_account_lines.html",
        vendor=get_party(g.tenant.id, vendor_id, "vendor"),
        account=account,
        older=older,
    )


@blueprint.get("/vendors/<uuid:vendor_id>/account.<any(csv, xlsx):ending>")
@permission_required(PURCHASE_VIEW)
def vendor_account_file(vendor_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    get_party(g.tenant.id, vendor_id, "vendor")
    return download("vendor-account", ending, _account_rows(vendor_id))


@blueprint.get("/exchange")
@permission_required(PURCHASE_VIEW)
def exchange() -> ResponseReturnValue:
    """Value what the shop got and owes in foreign currencies at a day's rates of its table, or today's."""
    form = ExchangeForm(request.args)
    status = 200 if form.validate() else 422
    day = form.day.data or shop_today()
    rows = papers.list_exchange(g.tenant.id, day)
    return render("purchases/exchange.html", "", status, form=form, day=day, rows=rows)


def _account_rows(vendor_id: uuid.UUID) -> Iterator[Row]:
    base = g.tenant.base_currency
    yield (
        gettext("Day"),
        gettext("What"),
        gettext("Note"),
        gettext("Currency"),
        gettext("Owed more"),
        gettext("Owed less"),
        gettext("Owed"),
        gettext("Worth in %(base)s", base=base),
        gettext("Gain or loss in %(base)s", base=base),
        gettext("Owed in %(base)s", base=base),
    )
    for line in iterate_vendor_account(g.tenant.id, vendor_id):
        yield (
            line.day,
            line.title,
            line.memo,
            line.currency,
            amount_cell(line.amount, line.currency) if line.amount > 0 else None,
            amount_cell(-line.amount, line.currency) if line.amount < 0 else None,
            amount_cell(line.balance, line.currency),
            amount_cell(line.base, base),
            amount_cell(line.realised, base) if line.realised else None,
            amount_cell(line.base_balance, base),
        )


def _wanted(row: ToBuyRow, packs: Mapping[uuid.UUID, Decimal] | None) -> WantedLine:
    """What is to be bought of a product: in its own packs, or in whole packs of the vendor's list."""
    unit, pack = row.suggestion.unit, (packs or {}).get(row.product_id, Decimal(1))
    if unit.id is not None or pack <= 1:
        return WantedLine(product_id=row.product_id, quantity=Decimal(row.suggestion.quantity), unit_id=unit.id)
    return WantedLine(product_id=row.product_id, quantity=math.ceil(row.suggestion.in_base / pack) * pack)


def _show_return(purchase: queries.PurchaseDetails, form: Any, status: int = 200, **said: Any) -> Response:
    context = {"trouble": "", "is_locked": False, **said}
    return render(
        "purchases/new_return.html", "purchases/_return_form.html", status, purchase=purchase, form=form, **context
    )


def _show_charge(purchase_id: uuid.UUID, form: LateChargeForm, status: int = 200, **said: Any) -> Response:
    form.payee_id.choices = [("", gettext("choose …")), *_vendors()]
    offer_first(form.currency, [g.tenant.base_currency, "USD", "EUR"])
    context = {"trouble": "", "is_locked": False, **said}
    purchase = queries.get_purchase(g.tenant.id, purchase_id)
    return render(
        "purchases/new_charge.html",
        "purchases/_late_charge_form.html",
        status,
        purchase=purchase,
        form=form,
        **context,
    )


def _show_prices(purchase_id: uuid.UUID, form: Any = None, status: int = 200, trouble: str = "") -> Response:
    proposals = queries.list_price_proposals(g.tenant.id, purchase_id)
    if form is None:
        form = prices_form(each.product_id for each in proposals)(
            data={f"price_{each.product_id.hex}": each.proposed for each in proposals}
        )
    return render(
        "purchases/prices.html",
        "purchases/_prices_form.html",
        status,
        purchase=queries.get_purchase(g.tenant.id, purchase_id),
        proposals=proposals,
        form=form,
        trouble=trouble,
    )


def _show_paper_form(purchase_id: uuid.UUID, form: PaperForm, status: int = 200, trouble: str = "") -> Response:
    purchase = queries.get_purchase(g.tenant.id, purchase_id)
    return render(
        "purchases/new_paper.html", "purchases/_paper_form.html", status, purchase=purchase, form=form, trouble=trouble
    )


def _show_vendor_prices(vendor_id: uuid.UUID, form: VendorPriceForm, status: int = 200, trouble: str = "") -> Response:
    vendor = get_party(g.tenant.id, vendor_id, "vendor")
    q = request.args.get("q", "")[:100]
    offer_first(form.currency, [vendor.currency, g.tenant.base_currency, "USD"])
    return render(
        "purchases/vendor_prices.html",
        "purchases/_vendor_prices.html",
        status,
        vendor=vendor,
        rows=papers.list_vendor_prices(g.tenant.id, vendor_id),
        hits=list_product_hits(g.tenant.id, q) if len(q) > 1 else [],
        q=q,
        form=form,
        trouble=trouble,
    )


def _vendors() -> list[tuple[Any, str]]:
    return [(each.id, each.name) for each in queries.list_vendor_choices(g.tenant.id)]
