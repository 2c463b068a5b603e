"""Roles: what each of them may do, and how much."""

import uuid
from itertools import groupby
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import Texts
from ledger_web.domain.permissions import ALL, BUILT_IN_ROLES, LIMITS, ROLE_EDIT, describe, limits_of
from ledger_web.error_pages import status_of
from ledger_web.forms.roles import FIELD_OF, RoleActForm, RoleForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.drawers import list_drawers
from ledger_web.queries.people import RoleRow, get_role, list_roles
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.roles import create_role, delete_role, edit_role

AREAS = Texts(
    {  # how the first part of a right is called
        "home": "Front page",
        "journal": "Books",
        "party": "People the shop deals with",
        "shift": "Shifts",
        "user": "People who sign in",
        "audit": "Audit",
        "barcode": "Barcode",
        "domain": "Domains",
        "drawer": "Drawer",
        "employee": "Employee",
        "expense": "Expense",
        "label": "Label",
        "payment": "Payment",
        "product": "Product",
        "purchase": "Purchase",
        "rate": "Rate",
        "recalculation": "Recalculation",
        "report": "Report",
        "role": "Role",
        "sale": "Sale",
        "settings": "Settings",
        "shop": "Shop",
        "stock": "Stock",
        "till": "Till",
    }
)

blueprint = Blueprint("roles", __name__, url_prefix="/roles")


@blueprint.get("/")
@permission_required(ROLE_EDIT)
def index() -> ResponseReturnValue:
    return render("roles/index.html", roles=list_roles(g.tenant.id), limits=LIMITS)


@blueprint.get("/new")
@permission_required(ROLE_EDIT)
def new() -> ResponseReturnValue:
    rights = BUILT_IN_ROLES["cashier"] & g.identity.permissions
    return _show_form(RoleForm.of("", rights, limits_of(None, {}), 0))


@blueprint.post("/")
@permission_required(ROLE_EDIT)
def create() -> ResponseReturnValue:
    form = RoleForm(request.form)
    if not form.validate():
        return _show_form(form, status=422)
    try:
        role = create_role(form.to_creation(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_form(form, status=status_of(error), trouble=error.message)
    say("This role was made already." if role.replayed else "The role was made.")
    return redirect_to(".index")


@blueprint.get("/<uuid:role_id>")
@permission_required(ROLE_EDIT)
def edit(role_id: uuid.UUID) -> ResponseReturnValue:
    role = get_role(g.tenant.id, role_id)
    return _show_form(_form_of(role), role)


@blueprint.post("/<uuid:role_id>")
@permission_required(ROLE_EDIT)
def update(role_id: uuid.UUID) -> ResponseReturnValue:
    role = get_role(g.tenant.id, role_id)
    form = RoleForm(request.form)
    if not form.validate():
        return _show_form(form, role, 422)
    try:
        edit_role(form.to_edit(role_id), new_act())
    except StaleEditError as error:
        role = get_role(g.tenant.id, role_id)
        form.compare_with(role.version)
        return _show_form(form, role, 409, error.message)
    except (RuleViolationError, ConflictError) as error:
        return _show_form(form, role, status_of(error), error.message)
    say("Saved. It counts from everybody's next click on.")
    return redirect_to(".index")


@blueprint.post("/<uuid:role_id>/delete")
@permission_required(ROLE_EDIT)
def delete(role_id: uuid.UUID) -> ResponseReturnValue:
    role = get_role(g.tenant.id, role_id)
    form = RoleActForm(request.form)
    if not form.validate():
        trouble = " ".join(form.sentences)
        return _show_form(_form_of(role), role, 422, trouble)
    try:
        delete_role(form.to_delete(role_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        as_it_is = _form_of(role)
        return _show_form(as_it_is, role, status_of(error), error.message)
    say("The role is gone.")
    return redirect_to(".index")


def _show_form(
    form: RoleForm, role: RoleRow | None = None, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "roles/edit.html",
        "roles/_role_form.html",
        status,
        form=form,
        role=role,
        act=RoleActForm(),
        areas=_rights_by_area(),
        limits=[(limit, form[FIELD_OF[name]]) for name, limit in LIMITS.items()],
        own=g.identity.permissions,
        drawers=list_drawers(g.tenant.id),
        trouble=trouble,
    )


def _form_of(role: RoleRow) -> RoleForm:
    return RoleForm.of(
        role.name, role.rights, role.limits, role.version, own_records=role.own_records, drawer_ids=role.drawer_ids
    )


def _rights_by_area() -> list[tuple[str, list[dict[str, Any]]]]:
    areas = groupby(sorted(ALL), key=lambda right: right.partition(".")[0])
    return [(AREAS[area], [{"name": right, "sentence": describe(right)} for right in rights]) for area, rights in areas]
