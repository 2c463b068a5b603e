"""Price lists: those of the shop, what is in one, and who has it."""

import uuid
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.product_page import both_values
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_PRICE
from ledger_web.error_pages import status_of
from ledger_web.forms.prices import (
    CustomerPriceListForm,
    PriceListArchivalForm,
    PriceListForm,
    PriceListNameForm,
)
from ledger_web.identity import new_act, permission_required
from ledger_web.queries import prices as queries
from ledger_web.queries.prices import CustomerPriceList, PriceListRow
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import prices as services

blueprint = Blueprint("price_lists", __name__, url_prefix="/price-lists")


@blueprint.get("/")
@permission_required(PRODUCT_PRICE)
def index() -> ResponseReturnValue:
    return _index(PriceListForm())


@blueprint.post("/")
@permission_required(PRODUCT_PRICE)
def create() -> ResponseReturnValue:
    form = PriceListForm(request.form)
    if not form.validate():
        return _index(form, 422)
    try:
        created = services.create_price_list(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _index(form, status_of(refusal), trouble=refusal.message)
    say(gettext("%(data)s was added. Give it prices on the pages of products.", data=form.name.data))
    return redirect_to("price_lists.show", price_list_id=created.id)


@blueprint.get("/<uuid:price_list_id>")
@permission_required(PRODUCT_PRICE)
def show(price_list_id: uuid.UUID) -> ResponseReturnValue:
    price_list = queries.get_price_list(g.tenant.id, price_list_id)
    return _show(_name_of(price_list), price_list)


@blueprint.post("/<uuid:price_list_id>")
@permission_required(PRODUCT_PRICE)
def update(price_list_id: uuid.UUID) -> ResponseReturnValue:
    form = PriceListNameForm(request.form)
    price_list = queries.get_price_list(g.tenant.id, price_list_id)
    if not form.validate():
        return _show(form, price_list, 422)
    try:
        services.rename_price_list(form.to_command(price_list_id), new_act())
    except StaleEditError as refusal:
        price_list = queries.get_price_list(g.tenant.id, price_list_id)
        both = both_values(form, _name_of(price_list), price_list.version)
        return _show(form, price_list, status_of(refusal), trouble=refusal.message, both=both)
    except (RuleViolationError, ConflictError) as refusal:
        return _show(form, price_list, status_of(refusal), trouble=refusal.message)
    say("The list was renamed.")
    return redirect_to("price_lists.show", price_list_id=price_list_id)


@blueprint.post("/<uuid:price_list_id>/archival")
@permission_required(PRODUCT_PRICE)
def create_archival(price_list_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(price_list_id, archived=True, sentence=gettext("The list counts no more. Its prices are kept."))


@blueprint.post("/<uuid:price_list_id>/archival/delete")
@permission_required(PRODUCT_PRICE)
def delete_archival(price_list_id: uuid.UUID) -> ResponseReturnValue:
    return _archive(price_list_id, archived=False, sentence=gettext("The list counts again."))


@blueprint.get("/customers/<uuid:party_id>")
@permission_required(PRODUCT_PRICE)
def edit_customer(party_id: uuid.UUID) -> ResponseReturnValue:
    customer = queries.get_customer_price_list(g.tenant.id, party_id)
    return _customer(_customer_form(customer, None), customer)


@blueprint.post("/customers/<uuid:party_id>")
@permission_required(PRODUCT_PRICE)
def update_customer(party_id: uuid.UUID) -> ResponseReturnValue:
    customer = queries.get_customer_price_list(g.tenant.id, party_id)
    form = _customer_form(customer, request.form)
    if not form.validate():
        return _customer(form, customer, 422)
    try:
        services.choose_price_list(form.to_command(party_id), new_act())
    except (ConflictError, NotFoundError) as refusal:
        return _customer(form, customer, status_of(refusal), trouble=refusal.message)
    say("The price list was saved. It counts from the next line that is added to a sale.")
    return redirect_to("customers.show", party_id=party_id)


def _index(form: PriceListForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "price_lists/index.html",
        "price_lists/_price_lists.html",
        status,
        form=form,
        lists=queries.list_price_lists(g.tenant.id),
        trouble=trouble,
    )


def _name_of(price_list: PriceListRow) -> PriceListNameForm:
    return PriceListNameForm(data={"name": price_list.name, "version": price_list.version})


def _show(form: PriceListNameForm, price_list: PriceListRow, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {
        "price_list": price_list,
        "prices": queries.list_listed_prices(g.tenant.id, price_list.id),
        "customers": queries.list_listed_customers(g.tenant.id, price_list.id),
        "trouble": "",
        "both": (),
    }
    return render("price_lists/show.html", "price_lists/_price_list_form.html", status, form=form, **(known | context))


def _archive(price_list_id: uuid.UUID, *, archived: bool, sentence: str) -> ResponseReturnValue:
    price_list = queries.get_price_list(g.tenant.id, price_list_id)
    form = PriceListArchivalForm(request.form)
    if not form.validate():
        return _show(_name_of(price_list), price_list, 422, trouble=" ".join(form.sentences))
    try:
        services.archive_price_list(form.to_command(price_list_id, archived=archived), new_act())
    except RuleViolationError as refusal:
        return _show(_name_of(price_list), price_list, status_of(refusal), trouble=refusal.message)
    say(sentence)
    return redirect_to("price_lists.show", price_list_id=price_list_id)


def _customer_form(customer: CustomerPriceList, sent: Any) -> CustomerPriceListForm:
    form = CustomerPriceListForm(sent, data={"price_list_id": customer.price_list_id})
    lists = queries.list_price_lists(g.tenant.id)
    usable = [each for each in lists if each.archived_at is None or each.id == customer.price_list_id]
    form.price_list_id.choices = [("", gettext("Everybody's prices")), *((each.id, each.name) for each in usable)]
    return form


def _customer(
    form: CustomerPriceListForm, customer: CustomerPriceList, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "price_lists/customer.html",
        "price_lists/_customer_form.html",
        status,
        form=form,
        customer=customer,
        trouble=trouble,
    )
