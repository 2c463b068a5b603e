"""Tax classes, whether prices contain tax, and how cash is rounded."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import SETTINGS_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.taxes import TaxArchiveForm, TaxClassForm, TaxSettingsForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries import taxes as queries
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import tax_classes as services

blueprint = Blueprint("taxes", __name__, url_prefix="/admin/taxes")


@blueprint.get("/")
@permission_required(SETTINGS_EDIT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/")
@permission_required(SETTINGS_EDIT)
def create() -> ResponseReturnValue:
    form = TaxClassForm(request.form)
    if not form.validate():
        return _show(422, form=form)
    try:
        services.create_tax_class(form.to_create(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), form=form, trouble=error.message)
    say(gettext("%(data)s is there. Give it to products on their pages.", data=form.name.data))
    return redirect_to(".index")


@blueprint.post("/settings")
@permission_required(SETTINGS_EDIT)
def update_settings() -> ResponseReturnValue:
    form = TaxSettingsForm(request.form)
    if not form.validate():
        return _show(422, settings_form=form)
    try:
        services.set_tax_settings(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), settings_form=form, trouble=error.message)
    say("Saved. It counts from the next sale on.")
    return redirect_to(".index")


@blueprint.get("/<uuid:tax_class_id>")
@permission_required(SETTINGS_EDIT)
def edit(tax_class_id: uuid.UUID) -> ResponseReturnValue:
    return _edit(tax_class_id)


@blueprint.post("/<uuid:tax_class_id>")
@permission_required(SETTINGS_EDIT)
def update(tax_class_id: uuid.UUID) -> ResponseReturnValue:
    form = TaxClassForm(request.form)
    if not form.validate():
        return _edit(tax_class_id, form, 422)
    try:
        services.edit_tax_class(form.to_edit(tax_class_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _edit(tax_class_id, form, status_of(error), error.message)
    say(gettext("%(data)s was changed. What was sold keeps the tax it was sold with.", data=form.name.data))
    return redirect_to(".index")


@blueprint.post("/<uuid:tax_class_id>/archive")
@permission_required(SETTINGS_EDIT)
def archive(tax_class_id: uuid.UUID) -> ResponseReturnValue:
    form = TaxArchiveForm(request.form)
    if not form.validate():
        return _edit(tax_class_id, status=422, trouble=" ".join(form.sentences))
    services.archive_tax_class(form.to_command(tax_class_id), new_act())
    return redirect_to(".index")


def _edit(
    tax_class_id: uuid.UUID, form: TaxClassForm | None = None, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    row = queries.get_tax_class(g.tenant.id, tax_class_id)
    return render("taxes/edit.html", status=status, row=row, form=form or TaxClassForm.of(row), trouble=trouble)


def _show(
    status: int = 200,
    *,
    form: TaxClassForm | None = None,
    settings_form: TaxSettingsForm | None = None,
    trouble: str = "",
) -> ResponseReturnValue:
    settings = queries.get_tax_settings(g.tenant.id)
    prices = "with" if settings.prices_include_tax else "without"
    return render(
        "taxes/index.html",
        status=status,
        classes=queries.list_tax_classes(g.tenant.id),
        form=form or TaxClassForm(),
        settings_form=settings_form or TaxSettingsForm(data={"prices": prices, "cash_step": settings.cash_step}),
        trouble=trouble,
    )
