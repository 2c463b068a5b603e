"""How pages look in one browser: light, dark, or as the system has it; and in which language strangers read them."""

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.languages import LANGUAGES
from ledger_web.identity import public
from ledger_web.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, redirect_to_path, safe_path
from ledger_web.tenancy import even_while_suspended, everywhere, operators_too

ONE_YEAR_SECONDS = 31_536_000

blueprint = Blueprint("appearance", __name__)


@blueprint.post("/appearance")
@public
@everywhere
@even_while_suspended
@operators_too
def update() -> ResponseReturnValue:
    """Remember the choice in this browser. It is no secret and decides nothing but colours and words."""
    response = make_response(redirect_to_path(safe_path(request.form.get("next")) or "/"))
    theme, language = request.form.get("theme", ""), request.form.get("language", "")
    if theme in THEMES:
        _remember(response, THEME_COOKIE, theme)
    if language in LANGUAGES:
        _remember(response, LANGUAGE_COOKIE, language)
    return response


def _remember(response: Response, cookie: str, choice: str) -> None:
    response.set_cookie(cookie, choice, max_age=ONE_YEAR_SECONDS, path="/", secure=True, httponly=True, samesite="Lax")
