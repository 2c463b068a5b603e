"""Variants of a product: made from its options, shown as a grid, priced together."""

import uuid
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import PRODUCT_CREATE, PRODUCT_EDIT, PRODUCT_PRICE, PRODUCT_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.families import NewFamilyForm, OptionForm, VariantPricesForm, VariantsForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.families import FamilyDetails, get_family
from ledger_web.queries.products import get_product_details
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services import families as services

blueprint = Blueprint("product_families", __name__, url_prefix="/product-families")


@blueprint.get("/new/<uuid:product_id>")
@permission_required(PRODUCT_EDIT)
def new(product_id: uuid.UUID) -> ResponseReturnValue:
    return _new(product_id, NewFamilyForm())


@blueprint.post("/new/<uuid:product_id>")
@permission_required(PRODUCT_CREATE)
def create(product_id: uuid.UUID) -> ResponseReturnValue:
    form = NewFamilyForm(request.form)
    if not form.validate():
        return _new(product_id, form, 422)
    try:
        created = services.create_family(form.to_command(product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _new(product_id, form, status_of(refusal), refusal.message)
    say("The variants were made. Give them codes under Labels, and count what is there of each.")
    return redirect_to("product_families.show", family_id=created.id)


@blueprint.get("/<uuid:family_id>")
@permission_required(PRODUCT_VIEW)
def show(family_id: uuid.UUID) -> ResponseReturnValue:
    return _show(get_family(g.tenant.id, family_id))


@blueprint.post("/<uuid:family_id>/variants")
@permission_required(PRODUCT_CREATE)
def create_variants(family_id: uuid.UUID) -> ResponseReturnValue:
    family = get_family(g.tenant.id, family_id)
    form = VariantsForm.of(family.options, family.version, request.form)
    if not form.validate():
        return _show(family, 422, variants_form=form)
    try:
        services.add_variants(form.to_command(family_id, [option.name for option in family.options]), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(family, status_of(refusal), variants_form=form, trouble=refusal.message)
    return _done(family_id, gettext("The variants were made."))


@blueprint.post("/<uuid:family_id>/options")
@permission_required(PRODUCT_EDIT)
def create_option(family_id: uuid.UUID) -> ResponseReturnValue:
    family = get_family(g.tenant.id, family_id)
    form = OptionForm(request.form)
    if not form.validate():
        return _show(family, 422, option_form=form)
    try:
        services.add_option(form.to_command(family_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(family, status_of(refusal), option_form=form, trouble=refusal.message)
    return _done(family_id, gettext("The option was added. Add its other values to make more variants."))


@blueprint.post("/<uuid:family_id>/prices")
@permission_required(PRODUCT_PRICE)
def update_prices(family_id: uuid.UUID) -> ResponseReturnValue:
    family = get_family(g.tenant.id, family_id)
    form = _prices_form(family, request.form)
    if not form.validate():
        return _show(family, 422, prices_form=form)
    try:
        services.price_variants(form.to_command(family_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(family, status_of(refusal), prices_form=form, trouble=refusal.message)
    return _done(family_id, gettext("The prices were saved."))


def _new(product_id: uuid.UUID, form: NewFamilyForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    product = get_product_details(g.tenant.id, product_id)
    return render(
        "product_families/new.html",
        "product_families/_family_form.html",
        status,
        form=form,
        product=product,
        trouble=trouble,
    )


def _prices_form(family: FamilyDetails, sent: Any = None) -> VariantPricesForm:
    rows = [(each.id, ", ".join(each.values), each.unit_price) for each in family.variants if not each.archived_at]
    return VariantPricesForm.of(rows, sent)


def _show(family: FamilyDetails, status: int = 200, **context: Any) -> ResponseReturnValue:
    known = {
        "family": family,
        "variants_form": VariantsForm.of(family.options, family.version),
        "option_form": OptionForm(data={"version": family.version}),
        "prices_form": _prices_form(family),
        "trouble": "",
    }
    return render("product_families/show.html", "product_families/_variants.html", status, **(known | context))


def _done(family_id: uuid.UUID, sentence: str) -> ResponseReturnValue:
    say(sentence)
    if wants_fragment():
        return _show(get_family(g.tenant.id, family_id))
    return redirect_to("product_families.show", family_id=family_id)
