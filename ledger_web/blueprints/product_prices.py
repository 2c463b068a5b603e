"""What a product costs and in which packs: its price, further prices, units, each changed on its own panel."""

import uuid
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.product_page import both_values, done, holder_of, show_product
from ledger_web.blueprints.products import OWN_TAX
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_ARCHIVE, PRODUCT_COST, PRODUCT_EDIT, PRODUCT_PRICE
from ledger_web.error_pages import status_of
from ledger_web.forms.prices import (
    EditUnitForm,
    FurtherPriceForm,
    PriceForm,
    PriceRemovalForm,
    UnitArchivalForm,
    UnitForm,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries.prices import list_price_lists
from ledger_web.queries.products import ProductDetails, get_product_details, list_tax_choices
from ledger_web.queries.units import UnitRow, list_units
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import prices as services
from ledger_web.services import units as unit_services

blueprint = Blueprint("product_prices", __name__, url_prefix="/products/<uuid:product_id>")


@blueprint.get("/price")
@permission_required(PRODUCT_PRICE)
def edit_price(product_id: uuid.UUID) -> ResponseReturnValue:
    product = get_product_details(g.tenant.id, product_id)
    return _price(_price_of(product), product)


@blueprint.post("/price")
@permission_required(PRODUCT_PRICE)
def update_price(product_id: uuid.UUID) -> ResponseReturnValue:
    form = _with_classes(PriceForm(request.form))
    product = get_product_details(g.tenant.id, product_id)
    if not form.validate():
        return _price(form, product, 422)
    try:
        services.change_price(form.to_command(product_id), new_act())
    except StaleEditError as refusal:
        product = get_product_details(g.tenant.id, product_id)
        both = both_values(form, _price_of(product), product.version)
        return _price(form, product, status_of(refusal), trouble=refusal.message, both=both)
    except (RuleViolationError, ConflictError, NotFoundError) as refusal:
        return _price(form, product, status_of(refusal), trouble=refusal.message)
    _say_saved(product_id)
    return redirect_to("products.show", product_id=product_id)


@blueprint.get("/prices/new")
@permission_required(PRODUCT_PRICE)
def new_price(product_id: uuid.UUID) -> ResponseReturnValue:
    product = get_product_details(g.tenant.id, product_id)
    return _further(_further_form(product, None), product)


@blueprint.post("/prices")
@permission_required(PRODUCT_PRICE)
def create_price(product_id: uuid.UUID) -> ResponseReturnValue:
    product = get_product_details(g.tenant.id, product_id)
    form = _further_form(product, request.form)
    if not form.validate():
        return _further(form, product, 422)
    try:
        services.set_price(form.to_command(product_id), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as refusal:
        return _further(form, product, status_of(refusal), trouble=refusal.message)
    return done(product_id, "prices", gettext("The price was added."))


@blueprint.post("/prices/delete")
@permission_required(PRODUCT_PRICE)
def delete_price(product_id: uuid.UUID) -> ResponseReturnValue:
    form = PriceRemovalForm(request.form)
    if not form.validate():
        return show_product(product_id, "prices", 422, trouble=" ".join(form.sentences))
    services.remove_price(form.to_command(product_id), new_act())
    return done(product_id, "prices", gettext("The price was taken away."))


@blueprint.get("/units/new")
@permission_required(PRODUCT_EDIT)
def new_unit(product_id: uuid.UUID) -> ResponseReturnValue:
    return _new_unit(UnitForm(), get_product_details(g.tenant.id, product_id))


@blueprint.post("/units")
@permission_required(PRODUCT_EDIT)
def create_unit(product_id: uuid.UUID) -> ResponseReturnValue:
    form = UnitForm(request.form)
    if not may(PRODUCT_PRICE):
        form.unit_price.data = None
    product = get_product_details(g.tenant.id, product_id)
    if not form.validate():
        return _new_unit(form, product, 422)
    try:
        unit_services.create_unit(form.to_command(product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        holder = holder_of(refusal, product_id)
        return _new_unit(form, product, status_of(refusal), trouble=refusal.message, holder=holder)
    return done(product_id, "units", gettext("%(data)s was added.", data=form.name.data))


@blueprint.get("/units/<uuid:unit_id>")
@permission_required(PRODUCT_EDIT)
def edit_unit(product_id: uuid.UUID, unit_id: uuid.UUID) -> ResponseReturnValue:
    unit = _unit(product_id, unit_id)
    return _edit_unit(_form_of(unit), unit)


@blueprint.post("/units/<uuid:unit_id>")
@permission_required(PRODUCT_EDIT)
def update_unit(product_id: uuid.UUID, unit_id: uuid.UUID) -> ResponseReturnValue:
    unit = _unit(product_id, unit_id)
    form = EditUnitForm(request.form)
    if not may(PRODUCT_PRICE):
        form.unit_price.data, form.is_free.data = unit.own_price, True
    if not form.validate():
        return _edit_unit(form, unit, 422)
    try:
        unit_services.edit_unit(form.to_command(product_id, unit_id), new_act())
    except StaleEditError as refusal:
        unit = _unit(product_id, unit_id)
        both = both_values(form, _form_of(unit), unit.version)
        return _edit_unit(form, unit, status_of(refusal), trouble=refusal.message, both=both)
    except (RuleViolationError, ConflictError) as refusal:
        return _edit_unit(form, unit, status_of(refusal), trouble=refusal.message)
    return done(product_id, "units", gettext("The changes were saved."))


@blueprint.post("/units/<uuid:unit_id>/archival")
@permission_required(PRODUCT_ARCHIVE)
def create_unit_archival(product_id: uuid.UUID, unit_id: uuid.UUID) -> ResponseReturnValue:
    return _archive_unit(product_id, unit_id, archived=True)


@blueprint.post("/units/<uuid:unit_id>/archival/delete")
@permission_required(PRODUCT_ARCHIVE)
def delete_unit_archival(product_id: uuid.UUID, unit_id: uuid.UUID) -> ResponseReturnValue:
    return _archive_unit(product_id, unit_id, archived=False)


def _price_of(product: ProductDetails) -> PriceForm:
    names = ("unit_price", "tax_percent", "tax_class_id", "version")
    said = {name: getattr(product, name) for name in names} | {"is_free": product.unit_price == 0}
    return _with_classes(PriceForm(data=said))


def _with_classes(form: PriceForm) -> PriceForm:
    form.tax_class_id.choices = [("", gettext(OWN_TAX)), *list_tax_choices(g.tenant.id)]
    return form


def _price(form: PriceForm, product: ProductDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "both": ()}
    return render(
        "products/price.html", "products/_price_form.html", status, form=form, product=product, **(known | context)
    )


def _say_saved(product_id: uuid.UUID) -> None:
    """Say that the price was saved; and to those who see costs, that it is below them."""
    product = get_product_details(g.tenant.id, product_id)
    if may(PRODUCT_COST) and product.is_below_cost:
        say("The price was saved. Without its tax it is below what one costs the shop.", "warn")
    else:
        say("The price was saved.")


def _further_form(product: ProductDetails, sent: Any) -> FurtherPriceForm:
    form = FurtherPriceForm(sent)
    lists = [each for each in list_price_lists(g.tenant.id) if each.archived_at is None]
    units = [each for each in list_units(g.tenant.id, product.id) if each.is_sold]
    form.price_list_id.choices = [("", gettext("Everybody")), *((each.id, each.name) for each in lists)]
    form.unit_id.choices = [("", product.unit), *((each.id, each.name) for each in units)]
    return form


def _further(form: FurtherPriceForm, product: ProductDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": ""}
    return render(
        "products/new_price.html",
        "products/_further_price_form.html",
        status,
        form=form,
        product=product,
        **(known | context),
    )


def _new_unit(form: UnitForm, product: ProductDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "holder": None}
    return render(
        "products/new_unit.html", "products/_unit_form.html", status, form=form, product=product, **(known | context)
    )


def _unit(product_id: uuid.UUID, unit_id: uuid.UUID) -> UnitRow:
    found = [each for each in list_units(g.tenant.id, product_id, archived=True) if each.id == unit_id]
    if not found:
        raise NotFoundError("This product has no such unit.")
    return found[0]


def _form_of(unit: UnitRow) -> EditUnitForm:
    said = {name: getattr(unit, name) for name in ("name", "is_sold", "is_bought", "version")}
    return EditUnitForm(data=said | {"unit_price": unit.own_price, "is_free": unit.own_price == 0})


def _edit_unit(form: EditUnitForm, unit: UnitRow, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {"trouble": "", "both": (), "product": get_product_details(g.tenant.id, unit.product_id)}
    return render(
        "products/edit_unit.html", "products/_edit_unit_form.html", status, form=form, unit=unit, **(known | context)
    )


def _archive_unit(product_id: uuid.UUID, unit_id: uuid.UUID, *, archived: bool) -> ResponseReturnValue:
    form = UnitArchivalForm(request.form)
    if not form.validate():
        return show_product(product_id, "units", 422, trouble=" ".join(form.sentences))
    try:
        unit_services.archive_unit(form.to_command(product_id, unit_id, archived=archived), new_act())
    except RuleViolationError as refusal:
        return show_product(product_id, "units", status_of(refusal), trouble=refusal.message)
    return done(product_id, "units", gettext("It is used no more.") if archived else gettext("It is used again."))
