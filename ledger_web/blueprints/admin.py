"""Looking after the shop: proving its balances, and repairing them."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError
from ledger_web.domain.permissions import RECALCULATION_RUN, RECALCULATION_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.recalculation import ExplanationForm, RecalculationForm, StepForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.health import get_health, list_open_drawers
from ledger_web.queries.recalculation import (
    DiscrepancyRow,
    explain_accounts,
    get_run,
    list_discrepancies,
    list_open_discrepancies,
    list_runs,
)
from ledger_web.queries.reports import get_totalling
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services.cached_balances import MISSING_ENTRIES
from ledger_web.services.daily_totals import ATTEMPTS_MAX
from ledger_web.services.recalculation import CACHED_BALANCES, continue_recalculation, start_recalculation

SHOWN_MAX = 200

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


@blueprint.get("/")
@permission_required(RECALCULATION_VIEW)
def index() -> ResponseReturnValue:
    return render(
        "admin/index.html",
        runs=list_runs(g.tenant.id, limit=1),
        totalling=get_totalling(g.tenant.id, ATTEMPTS_MAX),
        health=get_health(g.tenant.id),
        drawers=list_open_drawers(g.tenant.id),
    )


@blueprint.get("/recalculation")
@permission_required(RECALCULATION_VIEW)
def new_recalculation() -> ResponseReturnValue:
    return _show_new(RecalculationForm(data={"all_models": True}))


@blueprint.post("/recalculation")
@permission_required(RECALCULATION_RUN)
def create_recalculation() -> ResponseReturnValue:
    form = RecalculationForm(request.form)
    if not form.validate():
        return _show_new(form, 422)
    try:
        run = start_recalculation(form.to_command(), new_act())
    except ConflictError as error:
        return _show_new(form, status_of(error), trouble=error.message)
    return redirect_to(".show_recalculation", run_id=run.id)


@blueprint.get("/recalculation/<uuid:run_id>")
@permission_required(RECALCULATION_VIEW)
def show_recalculation(run_id: uuid.UUID) -> ResponseReturnValue:
    return _show_run(run_id)


@blueprint.post("/recalculation/<uuid:run_id>/step")
@permission_required(RECALCULATION_RUN)
def create_step(run_id: uuid.UUID) -> ResponseReturnValue:
    form = StepForm(request.form)
    if not form.validate():
        get_run(g.tenant.id, run_id)  # a run that is not there is not there, whatever was sent
        say(" ".join(form.sentences), "bad")
        return _show_run(run_id, 422)
    continue_recalculation(form.to_command(run_id), new_act())
    return _show_run(run_id) if wants_fragment() else redirect_to(".show_recalculation", run_id=run_id)


@blueprint.get("/recalculation/explanation/<uuid:holder_id>")
@permission_required(RECALCULATION_VIEW)
def show_explanation(holder_id: uuid.UUID) -> ResponseReturnValue:
    form = ExplanationForm(request.args)
    until = form.until.data if form.validate() else None
    return render(
        "admin/show_explanation.html",
        accounts=explain_accounts(g.tenant.id, holder_id, until=until),
        until=until,
    )


def _show_new(form: RecalculationForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "admin/new_recalculation.html",
        "admin/_recalculation_form.html",
        status,
        form=form,
        trouble=trouble,
        models=CACHED_BALANCES,
        runs=list_runs(g.tenant.id),
        found=list_open_discrepancies(g.tenant.id, tuple(CACHED_BALANCES)),
    )


def _show_run(run_id: uuid.UUID, status: int = 200) -> ResponseReturnValue:
    run = get_run(g.tenant.id, run_id)
    found = list_discrepancies(g.tenant.id, run_id, SHOWN_MAX)
    return render(
        "admin/show_recalculation.html",
        "admin/_run_panel.html",
        status,
        run=run,
        found=found,
        models=CACHED_BALANCES,
        step_form=StepForm(data={"step": run.step}),
        repair_form=RecalculationForm(),
        force_form=RecalculationForm(),
        can_be_repaired=any(row.can_be_repaired for row in found),
        can_be_forced=run.is_stopped or any(_lacks_entries(row) for row in found),
    )


def _lacks_entries(row: DiscrepancyRow) -> bool:
    return row.fixed_at is None and row.refusal == MISSING_ENTRIES
