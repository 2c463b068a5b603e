"""The bare domain: what this is, and the way to one's own shop."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import is_slug
from ledger_web.forms.mail import MailAddressForm
from ledger_web.identity import public
from ledger_web.queries.tenants import list_shops_of
from ledger_web.rendering import render
from ledger_web.strangers import digest_of_address, may_write_to
from ledger_web.tenancy import address_of, bare_domain

blueprint = Blueprint("landing", __name__)


@blueprint.get("/welcome")
@public
@bare_domain
def index() -> ResponseReturnValue:
    """Show the way to a shop by its name. Whether there is one is not said here: its own address answers that."""
    typed = request.args.get("shop", "")
    slug = typed.strip().lower()
    if not typed:
        return render("landing/index.html", typed="", address="", refused=False)
    if not is_slug(slug):
        return render("landing/index.html", status=422, typed=typed, address="", refused=True)
    response = render("landing/index.html", typed=slug, address=address_of(slug), refused=False)
    # Not a redirect: `form-action 'self'` stops a form that leads to another host.
    response.headers["Refresh"] = f"0; url={address_of(slug)}"
    return response


@blueprint.get("/find-my-shop")
@public
@bare_domain
def new_search() -> ResponseReturnValue:
    _must_send_mail()
    return _show_search(MailAddressForm())


@blueprint.post("/find-my-shop")
@public
@bare_domain
def create_search() -> ResponseReturnValue:
    """Mail which shops somebody owns. What is answered here is the same, and as quick, whether they own any or not."""
    _must_send_mail()
    form = MailAddressForm(request.form)
    if not form.validate():
        return _show_search(form, 422)
    allowed = may_write_to(form.address.data)
    shops = list_shops_of(digest_of_address(form.address.data))
    if allowed and shops:
        text = render_template("landing/shops_mail.txt", addresses=[address_of(slug) for slug in shops])
        mail.send_apart(form.address.data, gettext("Your shops"), text, sender_name="Ledger Web")
    return render("landing/searched.html", "landing/_searched.html", address=form.address.data)


def _must_send_mail() -> None:
    if not mail.is_configured():
        raise NotFoundError("This system sends no e-mail: ask whoever looks after it where your shop is.")


def _show_search(form: MailAddressForm, status: int = 200) -> ResponseReturnValue:
    return render("landing/search.html", "landing/_search_form.html", status, form=form)
