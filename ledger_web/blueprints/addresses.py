"""Proving an e-mail address, and what is mailed when one changes. Opening the link changes nothing; sending does."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import LinkSpentError
from ledger_web.domain.languages import gettext
from ledger_web.domain.tokens import TOKEN, digest_of
from ledger_web.filters import as_the_shop
from ledger_web.identity import new_act, signed_in_required
from ledger_web.queries.people import get_asked_email, get_own_account
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.addresses import EmailChange, ProveEmail, prove_email
from ledger_web.services.mailing import ShopsMail
from ledger_web.strangers import digests_of_address
from ledger_web.tenancy import address_of

blueprint = Blueprint("addresses", __name__, url_prefix="/account/addresses")


@blueprint.get("/<token>")
@signed_in_required
def show(token: str) -> ResponseReturnValue:
    return render("addresses/show.html", token=token, email=_email(token))


@blueprint.post("/<token>")
@signed_in_required
def update(token: str) -> ResponseReturnValue:
    email = _email(token)
    before = get_own_account(g.tenant.id, g.identity.user_id).email
    command = ProveEmail(
        user_id=g.identity.user_id,
        token=token,
        directory=digests_of_address(email)[0],
        former=digests_of_address(before) if before else (),
    )
    tell(prove_email(command, new_act()), g.identity.user_name)
    say("Confirmed. If you lose your password, a link goes there.")
    return redirect_to("account.show")


def tell(change: EmailChange, name: str) -> None:
    """Mail what follows from another address: a link that proves the new one, and a word to the one before."""
    if not mail.is_configured():
        return
    with as_the_shop():
        if change.asked:
            _write(change.asked, gettext("Is this your address?"), "asked", name, f"account/addresses/{change.token}")
        if change.left:
            _write(change.left, gettext("Another e-mail address"), "left", name, "account/")


def question_to(address: str | None) -> ShopsMail | None:
    """Return the e-mail that asks whether an address is somebody's; None where none is sent."""
    return mail.of_shop(address) if address and mail.is_configured() else None


def asked_sentence(address: str) -> str:
    """Say what is to be done before a new address counts."""
    return gettext(
        "A link was sent to %(address)s. The address counts once it was opened, within half an hour.", address=address
    )


def _write(to: str, subject: str, what: str, name: str, path: str) -> None:
    text = render_template(f"addresses/{what}_mail.txt", name=name, address=f"{address_of(g.tenant.slug)}{path}")
    mail.send_apart(to, subject, text, sender_name=g.tenant.name)


def _email(token: str) -> str:
    if not TOKEN.fullmatch(token):
        raise LinkSpentError
    return get_asked_email(g.tenant.id, g.identity.user_id, digest_of(token))
