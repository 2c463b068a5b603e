"""Who lost the password asks for a link by e-mail. Nobody learns here who works in the shop."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.tokens import new_token
from ledger_web.forms.mail import ForgottenForm
from ledger_web.identity import public
from ledger_web.rendering import render
from ledger_web.services.people import make_link_for
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.strangers import may_write_to
from ledger_web.tenancy import address_of, even_while_suspended

blueprint = Blueprint("forgotten", __name__, url_prefix="/forgotten")


@blueprint.get("/")
@public
def new() -> ResponseReturnValue:
    return _show(ForgottenForm())


@blueprint.post("/")
@public
@even_while_suspended
def create() -> ResponseReturnValue:
    """Send a link to whoever this is. Everybody gets the same answer, and all that takes time happens apart from it."""
    if not mail.is_configured():
        raise NotFoundError("This system sends no e-mail: ask whoever looks after the people of this shop for a link.")
    form = ForgottenForm(request.form)
    if not form.validate():
        return _show(form, 422)
    if may_write_to(f"{g.tenant.id}:{form.who.data}"):
        _send_link(g.tenant.id, form)
    return render("forgotten/sent.html", "forgotten/_sent.html")


def _send_link(tenant_id: int, form: ForgottenForm) -> None:
    token = new_token()
    command = form.to_command(token)
    text = render_template("forgotten/mail.txt", address=f"{address_of(g.tenant.slug)}links/{token}")
    mail.send_apart(
        lambda: make_link_for(command, UnitOfWork(tenant_id)),
        gettext("Another password for %(name)s", name=g.tenant.name),
        text,
        sender_name=g.tenant.name,
    )


def _show(form: ForgottenForm, status: int = 200) -> ResponseReturnValue:
    return render(
        "forgotten/new.html", "forgotten/_forgotten_form.html", status, form=form, is_mailed=mail.is_configured()
    )
