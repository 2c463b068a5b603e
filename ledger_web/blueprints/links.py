"""Links that were sent: an invitation, or help for who lost the password. Opening one changes nothing; sending does."""

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import LinkSpentError, WeakPasswordError
from ledger_web.domain.languages import gettext
from ledger_web.domain.tokens import TOKEN, digest_of
from ledger_web.error_pages import status_of
from ledger_web.forms.account import LinkForm
from ledger_web.identity import public
from ledger_web.queries.people import OpenLink, get_open_link
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.credentials import use_link
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.tenancy import even_while_suspended

blueprint = Blueprint("links", __name__, url_prefix="/links")


@blueprint.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    return _show(_link(token), token, LinkForm())


@blueprint.post("/<token>")
@public
@even_while_suspended
def update(token: str) -> ResponseReturnValue:
    link, form = _link(token), LinkForm(request.form)
    if not form.validate():
        return _show(link, token, form, 422)
    try:
        login = use_link(form.to_command(token), UnitOfWork(g.tenant.id))
    except WeakPasswordError as error:
        return _show(link, token, form, status_of(error), error.message)
    say(gettext("Your password is set. Sign in as %(login)s.", login=login))
    return redirect_to("auth.new")


def _link(token: str) -> OpenLink:
    if not TOKEN.fullmatch(token):
        raise LinkSpentError
    return get_open_link(g.tenant.id, digest_of(token))


def _show(link: OpenLink, token: str, form: LinkForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("links/show.html", status=status, link=link, token=token, form=form, trouble=trouble)
