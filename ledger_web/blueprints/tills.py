"""Tills: browsers that were registered, where cashiers come in with a PIN, one after the other."""

import uuid

from flask import Blueprint, g, make_response, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.auth import current_session, let_in
from ledger_web.domain.errors import ConflictError, RuleViolationError, WrongPinError
from ledger_web.domain.permissions import TILL_REGISTER
from ledger_web.domain.tokens import new_token
from ledger_web.error_pages import status_of
from ledger_web.forms.account import TillSignInForm
from ledger_web.forms.people import TillActForm, TillForm
from ledger_web.identity import TILL_COOKIE, claimed_till, cookie_value, new_act, permission_required, public
from ledger_web.queries.people import find_till, list_people_with_pin, list_tills
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.tills import TAKES_A_PASSWORD, register_till, remove_till, sign_in_at_till
from ledger_web.services.unit_of_work import UnitOfWork

KEPT_SECONDS = 180 * 24 * 60 * 60

blueprint = Blueprint("tills", __name__, url_prefix="/tills")


@blueprint.get("/")
@permission_required(TILL_REGISTER)
def index() -> ResponseReturnValue:
    return _show_tills(TillForm())


@blueprint.post("/")
@permission_required(TILL_REGISTER)
def create() -> ResponseReturnValue:
    form = TillForm(request.form)
    if not form.validate():
        return _show_tills(form, 422)
    token = new_token()
    try:
        till = register_till(form.to_command(token), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_tills(form, status_of(error), error.message)
    say("This browser was registered already." if till.replayed else "This browser is a till now.")
    response = make_response(redirect_to(".index"))
    if not till.replayed:
        response.set_cookie(
            TILL_COOKIE,
            cookie_value(g.tenant.id, token),
            max_age=KEPT_SECONDS,
            path="/",
            secure=True,
            httponly=True,
            samesite="Lax",
        )
    return response


@blueprint.post("/<uuid:till_id>/delete")
@permission_required(TILL_REGISTER)
def delete(till_id: uuid.UUID) -> ResponseReturnValue:
    form = TillActForm(request.form)
    if not form.validate():
        return _show_tills(TillForm(), 422, " ".join(form.sentences))
    remove_till(form.to_remove(till_id), new_act())
    say("That browser is no till any more.")
    return redirect_to(".index")


@blueprint.get("/sign-in")
@public
def new_session() -> ResponseReturnValue:
    return _show_sign_in(TillSignInForm())


@blueprint.post("/sign-in")
@public
def create_session() -> ResponseReturnValue:
    digest = claimed_till(g.tenant.id)
    if digest is None:
        return redirect_to("auth.new")
    form = TillSignInForm(request.form)
    if not form.validate():
        return _show_sign_in(form, 422)
    agent = request.headers.get("User-Agent", "")
    command = form.to_command(digest, request.remote_addr or "", agent, current_session())
    try:
        signed_in = sign_in_at_till(command, UnitOfWork(g.tenant.id))
    except WrongPinError as error:
        return _show_sign_in(form, status_of(error), error.message)
    return let_in(signed_in, url_for("sell.show"))


def _show_tills(form: TillForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    digest = claimed_till(g.tenant.id)
    return render(
        "tills/index.html",
        "tills/_tills_panel.html",
        status,
        form=form,
        act=TillActForm(),
        tills=list_tills(g.tenant.id),
        this_till=find_till(g.tenant.id, digest) if digest else None,
        trouble=trouble,
    )


def _show_sign_in(form: TillSignInForm, status: int = 200, refusal: str = "") -> ResponseReturnValue:
    """Show who may come in here; a browser that is no till is sent to the usual door."""
    digest = claimed_till(g.tenant.id)
    till = find_till(g.tenant.id, digest) if digest else None
    if till is None:
        return redirect_to("auth.new")
    people = list_people_with_pin(g.tenant.id, TAKES_A_PASSWORD)
    return render("tills/sign_in.html", status=status, form=form, till=till, people=people, refusal=refusal)
