"""People who sign in: who they are, what role they have, whether they may come."""

import uuid
from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.blueprints.addresses import asked_sentence, question_to, tell
from ledger_web.domain.errors import (
    ConflictError,
    NotFoundError,
    RuleViolationError,
    StaleEditError,
    TooManyAttemptsError,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import USER_MANAGE, role_name
from ledger_web.domain.tokens import TOKEN, digest_of
from ledger_web.error_pages import status_of
from ledger_web.filters import as_the_shop
from ledger_web.forms.mail import LinkMailForm
from ledger_web.forms.people import CodesRuleForm, EditPersonForm, PersonActForm, PersonForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.people import (
    PersonRow,
    get_open_link,
    get_own_account,
    get_person,
    list_people,
    list_roles,
    list_sessions,
)
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.credentials import remove_codes, require_codes
from ledger_web.services.people import (
    MadeLink,
    SendLink,
    edit_user,
    end_sessions_of,
    invite,
    make_link,
    send_link,
    set_active,
)
from ledger_web.tenancy import address_of

Form = TypeVar("Form", bound=PersonForm)

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("/")
@permission_required(USER_MANAGE)
def index() -> ResponseReturnValue:
    account = get_own_account(g.tenant.id, g.identity.user_id)
    rule = CodesRuleForm(data={"required": account.owners_need_code})
    return render("users/index.html", people=list_people(g.tenant.id), rule=rule, account=account)


@blueprint.get("/new")
@permission_required(USER_MANAGE)
def new() -> ResponseReturnValue:
    least = next((role.id for role in list_roles(g.tenant.id) if role.built_in == "cashier"), None)
    return _show_new(_with_roles(PersonForm(data={"role_id": least})))


@blueprint.post("/")
@permission_required(USER_MANAGE)
def create() -> ResponseReturnValue:
    form = _with_roles(PersonForm(request.form))
    if not form.validate():
        return _show_new(form, 422)
    try:
        link = invite(form.to_invitation(question_to(form.email.data)), new_act())
    except (RuleViolationError, ConflictError, TooManyAttemptsError) as error:
        return _show_new(form, status_of(error), error.message)
    tell(link.email, form.name.data)
    return _show_link(link)


@blueprint.get("/<uuid:user_id>")
@permission_required(USER_MANAGE)
def show(user_id: uuid.UUID) -> ResponseReturnValue:
    person = get_person(g.tenant.id, user_id)
    return _show_person(person, _form_of(person))


@blueprint.post("/<uuid:user_id>")
@permission_required(USER_MANAGE)
def update(user_id: uuid.UUID) -> ResponseReturnValue:
    person = get_person(g.tenant.id, user_id)
    form = _with_roles(EditPersonForm(request.form))
    if not form.validate():
        return _show_person(person, form, 422)
    try:
        change = edit_user(form.to_command(user_id, question_to(form.email.data)), new_act())
    except StaleEditError as error:
        person = get_person(g.tenant.id, user_id)
        form.compare_with(person.version)
        return _show_person(person, form, 409, error.message)
    except (RuleViolationError, ConflictError, TooManyAttemptsError) as error:
        return _show_person(person, form, status_of(error), error.message)
    tell(change, form.name.data)
    say(asked_sentence(change.asked) if change.asked else "Saved.")
    return redirect_to(".show", user_id=user_id)


@blueprint.post("/<uuid:user_id>/links/")
@permission_required(USER_MANAGE)
def create_link(user_id: uuid.UUID) -> ResponseReturnValue:
    person = get_person(g.tenant.id, user_id)
    form = PersonActForm(request.form)
    if not form.validate():
        return _refuse(person, form)
    try:
        link = make_link(form.to_link(user_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_person(person, _form_of(person), status_of(error), error.message)
    return _show_link(link)


@blueprint.post("/<uuid:user_id>/links/mails")
@permission_required(USER_MANAGE)
def create_link_mail(user_id: uuid.UUID) -> ResponseReturnValue:
    """Send a link that was just made, as long as it works."""
    person, form = get_person(g.tenant.id, user_id), LinkMailForm(request.form)
    if not mail.is_configured():
        raise NotFoundError("This system sends no e-mail: whoever looks after it has set no SMTP server.")
    token = form.token.data or ""
    link = get_open_link(g.tenant.id, digest_of(token)) if TOKEN.fullmatch(token) else None
    if link is None or link.login != person.login:
        raise NotFoundError("This link works no more. Make another one.")
    made = MadeLink(user_id, link.kind, token)
    if not form.validate():
        return _show_link(made, form, 422)
    address = f"{address_of(g.tenant.slug)}links/{token}"
    with as_the_shop():
        subject = gettext("Your way into %(name)s", name=g.tenant.name)
        text = render_template("users/link_mail.txt", person=person, link=link, address=address)
    try:
        send_link(SendLink(user_id=user_id, mail=mail.of_shop(form.address.data)), new_act())
        mail.send(form.address.data, subject, text, sender_name=g.tenant.name)
    except (mail.MailNotSentError, TooManyAttemptsError) as error:
        status = 422 if isinstance(error, mail.MailNotSentError) else status_of(error)
        return _show_link(made, form, status, error.message)
    say(gettext("The link was sent to %(address)s.", address=form.address.data))
    return redirect_to(".show", user_id=user_id)


@blueprint.post("/<uuid:user_id>/<any(disabling, enabling):act>")
@permission_required(USER_MANAGE)
def update_access(user_id: uuid.UUID, act: str) -> ResponseReturnValue:
    def do(form: PersonActForm) -> None:
        set_active(form.to_access(user_id, active=act == "enabling"), new_act())

    return _act_on(
        user_id,
        do,
        gettext("%(name)s may sign in again.") if act == "enabling" else gettext("%(name)s has no access any more."),
    )


@blueprint.post("/<uuid:user_id>/sessions/delete")
@permission_required(USER_MANAGE)
def delete_sessions(user_id: uuid.UUID) -> ResponseReturnValue:
    def do(form: PersonActForm) -> None:
        end_sessions_of(form.to_end_sessions(user_id), new_act())

    return _act_on(user_id, do, gettext("%(name)s is signed out everywhere."))


@blueprint.post("/<uuid:user_id>/codes/delete")
@permission_required(USER_MANAGE)
def delete_codes(user_id: uuid.UUID) -> ResponseReturnValue:
    def do(form: PersonActForm) -> None:
        remove_codes(form.to_remove_codes(user_id), new_act())

    return _act_on(user_id, do, gettext("%(name)s signs in with the password alone."))


@blueprint.post("/codes-rule")
@permission_required(USER_MANAGE)
def update_codes_rule() -> ResponseReturnValue:
    form = CodesRuleForm(request.form)
    if not form.validate():
        account = get_own_account(g.tenant.id, g.identity.user_id)
        return render("users/index.html", status=422, people=list_people(g.tenant.id), rule=form, account=account)
    require_codes(form.to_command(), new_act())
    say("Saved. Owners without a code are led to it." if form.required.data else "Saved.")
    return redirect_to(".index")


def _act_on(user_id: uuid.UUID, act: Callable[[PersonActForm], None], done: str) -> ResponseReturnValue:
    """Do what a button on somebody's page says; `done` says it, with a place for their name."""
    person = get_person(g.tenant.id, user_id)
    form = PersonActForm(request.form)
    if not form.validate():
        return _refuse(person, form)
    try:
        act(form)
    except (RuleViolationError, ConflictError) as error:
        return _show_person(person, _form_of(person), status_of(error), error.message)
    say(done % {"name": person.name})
    return redirect_to(".show", user_id=user_id)


def _with_roles(form: Form) -> Form:
    form.role_id.choices = [(role.id, role_name(role.name)) for role in list_roles(g.tenant.id)]
    return form


def _form_of(person: PersonRow) -> EditPersonForm:
    data = {"name": person.name, "login": person.login, "role_id": person.role_id, "version": person.version}
    data["email"] = person.email or ""
    return _with_roles(EditPersonForm(data=data))


def _refuse(person: PersonRow, form: PersonActForm) -> ResponseReturnValue:
    return _show_person(person, _form_of(person), 422, " ".join(form.sentences))


def _show_new(form: PersonForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("users/new.html", "users/_invitation_form.html", status, form=form, trouble=trouble)


def _show_link(
    link: MadeLink, form: LinkMailForm | None = None, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    address = f"{address_of(g.tenant.slug)}links/{link.token}" if link.token else ""
    person = get_person(g.tenant.id, link.user_id)
    return render(
        "users/link.html",
        "users/_link_panel.html",
        status,
        person=person,
        link=link,
        address=address,
        mail_form=(form or LinkMailForm(data={"address": person.email or ""})) if mail.is_configured() else None,
        trouble=trouble,
    )


def _show_person(person: PersonRow, form: EditPersonForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "users/show.html",
        "users/_person_panel.html",
        status,
        person=person,
        form=form,
        act=PersonActForm(),
        sessions=list_sessions(g.tenant.id, person.id),
        trouble=trouble,
    )
