"""The bare domain: what this is, and the way to one's own shop."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.slugs import is_slug
from ledger_web.identity import public
from ledger_web.rendering import render
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
