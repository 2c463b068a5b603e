"""Shifts of a drawer: opened with a count, looked at (X), closed with a count (Z)."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.permissions import DRAWER_VIEW, SETTINGS_EDIT, SHIFT_APPROVE, SHIFT_CLOSE, SHIFT_OPEN
from ledger_web.error_pages import status_of
from ledger_web.forms.shifts import ClosingForm, CountingForm, CountingRulesForm, Form, OpeningForm, counting_form
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import shifts as queries
from ledger_web.queries.drawers import get_drawer
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.shifts import SetCountingRules, close_shift, open_shift, set_counting_rules, shift_so_far

blueprint = Blueprint("shifts", __name__)


@blueprint.get("/drawers/<uuid:drawer_id>/shifts/")
@permission_required(DRAWER_VIEW)
def index(drawer_id: uuid.UUID) -> ResponseReturnValue:
    drawer = get_drawer(g.tenant.id, drawer_id)
    return render("shifts/index.html", drawer=drawer, shifts=queries.list_shifts(g.tenant.id, drawer_id))


@blueprint.get("/drawers/<uuid:drawer_id>/shifts/new")
@permission_required(SHIFT_OPEN)
def new(drawer_id: uuid.UUID) -> ResponseReturnValue:
    get_drawer(g.tenant.id, drawer_id)
    return _show_new(drawer_id, _form(OpeningForm, drawer_id))


@blueprint.post("/drawers/<uuid:drawer_id>/shifts/")
@permission_required(SHIFT_OPEN)
def create(drawer_id: uuid.UUID) -> ResponseReturnValue:
    get_drawer(g.tenant.id, drawer_id)
    form = _form(OpeningForm, drawer_id, sent=True)
    if not form.validate():
        return _show_new(drawer_id, form, 422)
    try:
        opened = open_shift(form.to_command(drawer_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(drawer_id, form, status_of(error), error.message)
    say("This drawer was opened already." if opened.replayed else "The drawer is open.")
    return redirect_to("sell.show")


@blueprint.get("/shifts/<uuid:shift_id>")
@permission_required(DRAWER_VIEW)
def show(shift_id: uuid.UUID) -> ResponseReturnValue:
    """The X report of an open shift, the Z report of a closed one."""
    shift = queries.get_shift(g.tenant.id, shift_id)
    if shift.closed_at:
        z = queries.get_z_report(g.tenant.id, shift_id)
        return render("shifts/report.html", shift=shift, report=z.contents, z=z, hides_expected=False)
    return render(
        "shifts/report.html", shift=shift, report=shift_so_far(shift_id, new_act()), z=None, hides_expected=_is_blind()
    )


@blueprint.get("/shifts/<uuid:shift_id>/closing")
@permission_required(SHIFT_CLOSE)
def new_closing(shift_id: uuid.UUID) -> ResponseReturnValue:
    shift = queries.get_shift(g.tenant.id, shift_id)
    if shift.closed_at:
        return redirect_to(".show", shift_id=shift_id)
    return _show_closing(shift, _form(ClosingForm, shift.drawer_id))


@blueprint.post("/shifts/<uuid:shift_id>/closing")
@permission_required(SHIFT_CLOSE)
def create_closing(shift_id: uuid.UUID) -> ResponseReturnValue:
    shift = queries.get_shift(g.tenant.id, shift_id)
    form = _form(ClosingForm, shift.drawer_id, sent=True)
    if not form.validate():
        return _show_closing(shift, form, 422)
    try:
        closed = close_shift(form.to_command(shift_id, may_approve=may(SHIFT_APPROVE)), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_closing(shift, form, status_of(error), error.message)
    say("This shift was closed already." if closed.replayed else "The shift is closed. This report is final.")
    return redirect_to(".show", shift_id=shift_id)


@blueprint.get("/drawers/counting")
@permission_required(SETTINGS_EDIT)
def edit_rules() -> ResponseReturnValue:
    rules = queries.get_counting_rules(g.tenant.id)
    data = {"over_short_limit": rules.over_short_limit, "blind_count": "1" if rules.blind_count else ""}
    return render("shifts/rules.html", "shifts/_rules_form.html", form=CountingRulesForm(data=data))


@blueprint.post("/drawers/counting")
@permission_required(SETTINGS_EDIT)
def update_rules() -> ResponseReturnValue:
    form = CountingRulesForm(request.form)
    if not form.validate():
        return render("shifts/rules.html", "shifts/_rules_form.html", 422, form=form)
    set_counting_rules(
        SetCountingRules(
            op_id=form.op_id.data,
            over_short_limit=form.over_short_limit.data,
            blind_count=form.blind_count.data == "1",
        ),
        new_act(),
    )
    say("Drawers are counted by these rules from now on.")
    return redirect_to("drawers.index")


def _form(kind: type[Form], drawer_id: uuid.UUID, *, sent: bool = False) -> Form:
    currencies = [each.currency for each in queries.list_drawer_currencies(g.tenant.id, drawer_id)]
    return counting_form(kind, currencies)(request.form if sent else None)


def _show_new(drawer_id: uuid.UUID, form: CountingForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "shifts/new.html",
        "shifts/_opening_form.html",
        status,
        drawer=get_drawer(g.tenant.id, drawer_id),
        open_shift=queries.find_open_shift(g.tenant.id, drawer_id),
        expected=_expected(drawer_id),
        form=form,
        trouble=trouble,
    )


def _show_closing(
    shift: queries.ShiftRow, form: CountingForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "shifts/closing.html",
        "shifts/_closing_form.html",
        status,
        shift=shift,
        expected={} if _is_blind() else _expected(shift.drawer_id),
        form=form,
        trouble=trouble,
    )


def _expected(drawer_id: uuid.UUID) -> dict[str, int]:
    return {each.currency: each.amount for each in queries.list_drawer_currencies(g.tenant.id, drawer_id)}


def _is_blind() -> bool:
    """Say whether whoever counts must not see what should be there."""
    return queries.get_counting_rules(g.tenant.id).blind_count and not may(SHIFT_APPROVE)
