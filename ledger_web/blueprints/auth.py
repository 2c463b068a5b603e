"""Signing in and out. A session is the thing: it is made new, created, and deleted."""

from flask import Blueprint, Response, g, make_response, request, session, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import (
    LedgerError,
    NotFoundError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from ledger_web.domain.languages import gettext
from ledger_web.error_pages import show, status_of
from ledger_web.forms.account import CodeForm
from ledger_web.forms.auth import SignInForm
from ledger_web.identity import (
    SESSION_COOKIE,
    claimed_session,
    cookie_value,
    login_manager,
    new_act,
    public,
    signed_in_required,
)
from ledger_web.rendering import current_page, redirect_to, redirect_to_path, render, safe_path, say, wants_fragment
from ledger_web.services.credentials import enter_code
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import SignedIn, SignOut, sign_in, sign_out
from ledger_web.tenancy import even_while_suspended, operators_too

blueprint = Blueprint("auth", __name__)

KEPT_ON_THE_SERVER = frozenset({"sell", "purchase_drafts", "stock_counts"})


@blueprint.get("/sign-in")
@public
@operators_too
def new() -> ResponseReturnValue:
    if g.identity:
        return redirect_to_path(_next(request.args.get("next")))
    return _form(SignInForm(data={"next": request.args.get("next", "")}))


@blueprint.post("/sign-in")
@public
@even_while_suspended
@operators_too
def create() -> ResponseReturnValue:
    form = SignInForm(request.form)
    if not form.validate():
        return _form(form, 422)
    command = form.to_command(request.remote_addr or "", current_session(), request.headers.get("User-Agent", ""))
    try:
        signed_in = sign_in(command, UnitOfWork(g.tenant.id))
    except (WrongPasswordError, TooManyAttemptsError) as refusal:
        return _refused(form, refusal)
    path = _next(form.next.data)
    return let_in(signed_in, url_for(".new_code", next=path) if signed_in.waits_for_code else path)


@blueprint.get("/sign-in/code")
@public
@operators_too
def new_code() -> ResponseReturnValue:
    if g.identity or current_session() is None:
        return redirect_to(".new")
    return render("auth/code.html", form=CodeForm(data={"next": request.args.get("next", "")}), refusal="")


@blueprint.post("/sign-in/code")
@public
@operators_too
def create_code() -> ResponseReturnValue:
    form = CodeForm(request.form)
    session_id = current_session()
    if g.identity or session_id is None:
        return redirect_to(".new")
    if not form.validate():
        return render("auth/code.html", status=422, form=form, refusal="")
    command = form.to_command(session_id, request.remote_addr or "", request.headers.get("User-Agent", ""))
    try:
        signed_in = enter_code(command, UnitOfWork(g.tenant.id))
    except NotFoundError as refusal:
        say(refusal.message, "bad")
        return redirect_to(".new")
    except (WrongCodeError, TooManyAttemptsError) as refusal:
        response = render("auth/code.html", status=status_of(refusal), form=form, refusal=refusal.message)
        if isinstance(refusal, TooManyAttemptsError):
            response.headers["Retry-After"] = str(refusal.seconds)
        return response
    return let_in(signed_in, _next(form.next.data))


@blueprint.post("/sign-out")
@signed_in_required
@even_while_suspended
@operators_too
def delete() -> ResponseReturnValue:
    sign_out(SignOut(g.identity.session_id), new_act())
    session.clear()
    response = make_response(redirect_to("auth.new"))
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def ask_to_sign_in() -> ResponseReturnValue:
    """Send a stranger to the sign-in page, and from there back to where they were.

    A form that htmx sends stays as it was typed, and its page says how to go on (static/js/ledger.js renews its
    token); what is kept line by line on the server is there after the sign-in anyway.
    """
    sign_in_page = url_for("auth.new", next=_next(current_page()))
    if not wants_fragment():
        return redirect_to_path(sign_in_page)
    response = show(401, gettext("You were signed out. Sign in again to go on."))
    if request.method == "GET" or request.blueprint in KEPT_ON_THE_SERVER:
        response.headers["HX-Redirect"] = sign_in_page
    return response


def _form(form: SignInForm, status: int = 200, refusal: str = "") -> Response:
    return render("auth/new.html", status=status, form=form, refusal=refusal)


def _refused(form: SignInForm, refusal: LedgerError) -> Response:
    response = _form(form, status_of(refusal), refusal.message)
    if isinstance(refusal, TooManyAttemptsError):
        response.headers["Retry-After"] = str(refusal.seconds)
    return response


def let_in(signed_in: SignedIn, path: str) -> Response:
    """Begin a new visit: nothing that was agreed with a stranger goes on."""
    session.clear()
    response = make_response(redirect_to_path(path))
    response.set_cookie(
        SESSION_COOKIE,
        cookie_value(g.tenant.id, signed_in.token),
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return response


def current_session() -> bytes | None:
    claim = claimed_session()
    return claim.session_id if claim and claim.tenant_id == g.tenant.id else None


def _next(text: str | None) -> str:
    return safe_path(text) or url_for("home.index")
