"""Light, dark, or as the system has it."""

from flask import Blueprint, make_response, request
from flask.typing import ResponseReturnValue

from ledger_web.identity import public
from ledger_web.rendering import THEME_COOKIE, THEMES, redirect_to_path, safe_path
from ledger_web.tenancy import even_while_suspended, everywhere

ONE_YEAR_SECONDS = 31_536_000

blueprint = Blueprint("appearance", __name__)


@blueprint.post("/appearance")
@public
@everywhere
@even_while_suspended
def update() -> ResponseReturnValue:
    """Remember the choice in this browser. It is no secret and decides nothing but colours."""
    theme = request.form.get("theme", "")
    response = make_response(redirect_to_path(safe_path(request.form.get("next")) or "/"))
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=ONE_YEAR_SECONDS, path="/", secure=True, httponly=True, samesite="Lax"
        )
    return response
