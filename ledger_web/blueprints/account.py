"""One's own account: password, PIN, codes from the phone, and the browsers one is signed in with."""

from typing import Any

from flask import Blueprint, g, request, session
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.blueprints.addresses import asked_sentence, question_to, tell
from ledger_web.blueprints.auth import let_in
from ledger_web.domain.errors import LedgerError, RuleViolationError, TooManyAttemptsError
from ledger_web.domain.languages import speak
from ledger_web.domain.totp import address_for_phones, new_secret
from ledger_web.error_pages import status_of
from ledger_web.forms.account import (
    BeginCodesForm,
    EmailForm,
    EndCodesForm,
    EndSessionForm,
    LanguageForm,
    PasswordForm,
    PinForm,
)
from ledger_web.identity import new_act, signed_in_required
from ledger_web.queries.people import get_own_account, list_sessions
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.credentials import begin_codes, end_codes
from ledger_web.services.users import change_password, choose_language, end_own_session, set_email, set_pin
from ledger_web.tenancy import operators_too

SECRET = "codes"  # noqa: S105 (where in the visit a secret waits to be confirmed)

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/")
@signed_in_required
@operators_too
def show() -> ResponseReturnValue:
    return _show()


@blueprint.post("/password")
@signed_in_required
@operators_too
def update_password() -> ResponseReturnValue:
    form = PasswordForm(request.form)
    if not form.validate():
        return _show(422, password_form=form)
    try:
        renewed = change_password(form.to_command(g.identity.user_id, g.identity.session_id), new_act())
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _refuse(error, "password", password_form=form)
    response = let_in(renewed, "/account/")
    say("The password is another one now. Wherever else you were signed in, you are signed out.")
    return response


@blueprint.post("/pin")
@signed_in_required
def update_pin() -> ResponseReturnValue:
    form = PinForm(request.form)
    if not form.validate():
        return _show(422, pin_form=form)
    try:
        set_pin(form.to_command(g.identity.user_id), new_act())
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _refuse(error, "pin", pin_form=form)
    say("Your PIN is set.")
    return redirect_to(".show")


@blueprint.post("/email")
@signed_in_required
def update_email() -> ResponseReturnValue:
    form = EmailForm(request.form)
    if not form.validate():
        return _show(422, email_form=form)
    try:
        change = set_email(form.to_command(g.identity.user_id, question_to(form.email.data)), new_act())
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _refuse(error, "email", email_form=form)
    tell(change, g.identity.user_name)
    if change.asked:
        say(asked_sentence(change.asked))
    else:
        say("Saved. If you lose your password, a link goes there." if form.email.data else "Saved.")
    return redirect_to(".show")


@blueprint.post("/language")
@signed_in_required
@operators_too
def update_language() -> ResponseReturnValue:
    form = LanguageForm(request.form, shops=g.tenant.locale)
    if not form.validate():
        return _show(422, language_form=form)
    choose_language(form.to_command(g.identity.user_id), new_act())
    speak(form.language.data or g.tenant.locale)
    say("This is the language of your pages now.")
    return redirect_to(".show")


@blueprint.get("/codes")
@signed_in_required
@operators_too
def new_codes() -> ResponseReturnValue:
    return _show_codes(BeginCodesForm())


@blueprint.post("/codes")
@signed_in_required
@operators_too
def create_codes() -> ResponseReturnValue:
    form = BeginCodesForm(request.form)
    if not form.validate() or SECRET not in session:
        return _show_codes(form, 422)
    try:
        codes = begin_codes(form.to_command(g.identity.user_id, g.identity.session_id, session[SECRET]), new_act())
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _show_codes(form, status_of(error), error.message)
    session.pop(SECRET)
    return render("account/recovery_codes.html", codes=codes)


@blueprint.post("/codes/delete")
@signed_in_required
@operators_too
def delete_codes() -> ResponseReturnValue:
    form = EndCodesForm(request.form)
    if not form.validate():
        return _show(422, codes_form=form)
    try:
        end_codes(form.to_command(g.identity.user_id), new_act())
    except (RuleViolationError, TooManyAttemptsError) as error:
        return _refuse(error, "codes", codes_form=form)
    say("You sign in with the password alone.")
    return redirect_to(".show")


@blueprint.post("/sessions/delete")
@signed_in_required
@operators_too
def delete_session() -> ResponseReturnValue:
    form = EndSessionForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences), where="sessions")
    end_own_session(form.to_command(g.identity.user_id), new_act())
    say("That browser is signed out.")
    return redirect_to(".show")


def _refuse(error: LedgerError, where: str, **forms: Any) -> ResponseReturnValue:
    return _show(status_of(error), trouble=error.message, where=where, **forms)


def _show(status: int = 200, *, trouble: str = "", where: str = "", **forms: Any) -> ResponseReturnValue:
    account = get_own_account(g.tenant.id, g.identity.user_id)
    known = {
        "language_form": LanguageForm(shops=g.tenant.locale, data={"language": account.language}),
        "password_form": PasswordForm(),
        "email_form": EmailForm(data={"email": account.email or ""}),
        "pin_form": PinForm(),
        "codes_form": EndCodesForm(),
        "session_form": EndSessionForm(),
    }
    return render(
        "account/show.html",
        "account/_account_panel.html",
        status,
        account=account,
        is_mailed=mail.is_configured(),
        sessions=list_sessions(g.tenant.id, g.identity.user_id),
        here=g.identity.session_id,
        trouble=trouble,
        where=where,
        **(known | forms),
    )


def _show_codes(form: BeginCodesForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    """Show the square code of a secret that waits in the visit's signed cookie until a phone proved to know it."""
    account = get_own_account(g.tenant.id, g.identity.user_id)
    if account.has_codes:
        return redirect_to(".show")
    secret = session.setdefault(SECRET, new_secret())
    return render(
        "account/codes.html",
        "account/_codes_form.html",
        status,
        form=form,
        secret=secret,
        address=address_for_phones(secret, shop=g.tenant.name, login=account.login),
        trouble=trouble,
    )
