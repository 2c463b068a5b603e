"""Signing up: a shop of one's own, from the bare domain."""

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import DuplicateSlugError, InvalidSlugError, NotFoundError, TooManyAttemptsError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import check_slug, look
from ledger_web.error_pages import status_of
from ledger_web.forms.mail import MailAddressForm
from ledger_web.forms.signup import AddressForm, ProofForm, SignUpForm
from ledger_web.identity import public
from ledger_web.queries.tenants import find_tenant, is_free
from ledger_web.rendering import render
from ledger_web.services.tenants import open_shop, tenant_id_of
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.strangers import digest_of_address, may_write_to, place, proof_of, proven
from ledger_web.tenancy import address_of, bare_address, bare_domain

blueprint = Blueprint("signup", __name__, url_prefix="/sign-up")


@blueprint.before_request
def _must_be_offered() -> None:
    if not current_app.config["SIGN_UP"]:
        raise NotFoundError("Shops are opened by whoever runs this system. Ask there.")


@blueprint.get("/")
@public
@bare_domain
def new() -> ResponseReturnValue:
    """Ask for what a shop needs; where the system sends mail, first for an address that a mail of ours reaches."""
    if not mail.is_configured():
        return _show(SignUpForm())
    asked = ProofForm(request.args)
    proof = asked.proof.data if asked.validate() else None
    if proven(proof) is None:
        trouble = gettext("This link is too old, or not whole. Ask for another one.") if proof else ""
        return _ask_for_address(MailAddressForm(), 422 if proof else 200, trouble)
    return _show(SignUpForm(data={"proof": proof}))


@blueprint.post("/mail")
@public
@bare_domain
def create_mail() -> ResponseReturnValue:
    """Send the way to the form. The same is said to everybody, whether a mail is sent or not."""
    form = MailAddressForm(request.form)
    if not mail.is_configured():
        raise NotFoundError
    if not form.validate():
        return _ask_for_address(form, 422)
    if may_write_to(form.address.data):
        way = f"{bare_address()}sign-up/?proof={proof_of(form.address.data)}"
        text = render_template("signup/mail.txt", address=way)
        mail.send_apart(form.address.data, gettext("Your new shop"), text, sender_name="Ledger Web")
    return render("signup/mailed.html", "signup/_mailed.html", address=form.address.data)


@blueprint.post("/")
@public
@bare_domain
def create() -> ResponseReturnValue:
    form = SignUpForm(request.form)
    if not form.validate():
        return _show(form, 422)
    owner_mail = proven(form.proof.data)
    if owner_mail is None and mail.is_configured():
        return _ask_for_address(
            MailAddressForm(), 422, gettext("This link is too old, or not whole. Ask for another one.")
        )
    tenant_id = tenant_id_of(form.op_id.data)
    try:
        digest = digest_of_address(owner_mail) if owner_mail else None
        slug = open_shop(form.to_command(place(), digest, owner_mail), UnitOfWork(tenant_id)).slug
    except (DuplicateSlugError, InvalidSlugError) as refusal:
        slug = check_slug(form.slug.data)
        found = find_tenant(slug)
        if found is None or found.tenant_id != tenant_id:  # otherwise the same form came twice
            form.slug.errors = [gettext("Address: %(message)s", message=refusal.message)]
            return _show(form, status_of(refusal))
    except TooManyAttemptsError as refusal:
        return _show(form, status_of(refusal), refusal.message)
    return _welcome(slug)


@blueprint.get("/address")
@public
@bare_domain
def address() -> ResponseReturnValue:
    """Say whether an address could be had, while it is typed: yes or no, and nothing of who has it."""
    form = AddressForm(request.args)
    typed = (form.slug.data or "") if form.validate() else ""
    sentence, can_be = "", False
    if typed:
        try:
            slug = check_slug(typed)
            can_be = is_free(look(slug))
            sentence = (
                gettext("%(slug)s can be yours.", slug=slug)
                if can_be
                else gettext("%(slug)s is taken, or looks like an address that is.", slug=slug)
            )
        except InvalidSlugError as refusal:
            sentence = refusal.message
    return render("signup/address.html", "signup/_address_note.html", sentence=sentence, can_be=can_be)


def _ask_for_address(form: MailAddressForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("signup/ask.html", "signup/_address_form.html", status, form=form, trouble=trouble)


def _show(form: SignUpForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("signup/new.html", "signup/_sign_up_form.html", status, form=form, trouble=trouble)


def _welcome(slug: str) -> Response:
    """Lead to the shop. Not a redirect: `form-action 'self'` stops a form that leads to another host."""
    response = make_response(render("signup/show.html", "signup/_opened.html", slug=slug, address=address_of(slug)))
    response.headers["Refresh"] = f"3; url={address_of(slug)}sign-in"
    return response
