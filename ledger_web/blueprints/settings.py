"""The settings of a shop: what they are, where each of them is changed, and its logo."""

from typing import Any, Final

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.permissions import SETTINGS_EDIT
from ledger_web.domain.photos import LOGO_TYPE, UPLOAD_MAX
from ledger_web.error_pages import status_of
from ledger_web.forms.settings import LogoForm, LogoRemovalForm, NextNumberForm, SettingsForm
from ledger_web.identity import new_act, permission_required, signed_in_required
from ledger_web.queries.settings import get_logo, get_settings, list_series
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import settings as services

blueprint = Blueprint("settings", __name__, url_prefix="/admin/settings")

FORM_BYTES_MAX: Final = 64 * 1024  # of what is sent with a picture


@blueprint.url_value_preprocessor
def _take_pictures(endpoint: str | None, _values: object) -> None:
    """Let a picture be larger than other forms. Here, because CSRF protection reads the form before any handler."""
    if endpoint == "settings.create_logo":
        request.max_content_length = UPLOAD_MAX + FORM_BYTES_MAX


@blueprint.get("/")
@permission_required(SETTINGS_EDIT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/")
@permission_required(SETTINGS_EDIT)
def update() -> ResponseReturnValue:
    form = SettingsForm(request.form, settings=get_settings(g.tenant.id))
    if not form.validate():
        return _show(422, form=form)
    try:
        saved = services.edit_settings(form.to_command(), new_act())
    except StaleEditError as error:
        both = form.compare_with(get_settings(g.tenant.id))
        return _show(409, form=form, trouble=error.message, both=both)
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), form=form, trouble=error.message)
    say("This was saved already." if saved.replayed else "Saved. It counts from the next click on, at every till.")
    return redirect_to(".index")


@blueprint.get("/logo")
@signed_in_required
def show_logo() -> ResponseReturnValue:
    """Answer with the logo itself, for receipts: bytes that we wrote, of a type that we name."""
    logo = get_logo(g.tenant.id)
    answer = Response(logo.content, mimetype=LOGO_TYPE)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Disposition"] = "inline"
    answer.set_etag(logo.digest)
    return answer.make_conditional(request)


@blueprint.post("/logo")
@permission_required(SETTINGS_EDIT)
def create_logo() -> ResponseReturnValue:
    sent: Any = CombinedMultiDict([request.files, request.form])
    form = LogoForm(sent)
    if not form.validate():
        return _show(422, logo_form=form)
    try:
        services.set_logo(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(status_of(refusal), logo_form=form, logo_trouble=refusal.message)
    say("The logo was saved. It is on the next receipt.")
    return redirect_to(".index")


@blueprint.post("/logo/delete")
@permission_required(SETTINGS_EDIT)
def delete_logo() -> ResponseReturnValue:
    form = LogoRemovalForm(request.form)
    if not form.validate():
        return _show(422, logo_trouble=" ".join(form.sentences))
    services.remove_logo(form.to_command(), new_act())
    say("The logo was taken away.")
    return redirect_to(".index")


@blueprint.post("/next-number")
@permission_required(SETTINGS_EDIT)
def create_next_number() -> ResponseReturnValue:
    form = NextNumberForm(request.form)
    if not form.validate():
        return _show(422, number_form=form, number_trouble=" ".join(form.sentences))
    try:
        services.set_next_number(form.to_command(), new_act())
    except (RuleViolationError, ConflictError, NotFoundError) as refusal:
        return _show(status_of(refusal), number_form=form, number_trouble=refusal.message)
    say("Saved. The next sale of this drawer has that number.")
    return redirect_to(".index")


def _show(status: int = 200, **shown: Any) -> ResponseReturnValue:
    settings = get_settings(g.tenant.id)
    known = {
        "form": SettingsForm(settings=settings),
        "logo_form": LogoForm(),
        "number_form": NextNumberForm(),
        "trouble": "",
        "logo_trouble": "",
        "number_trouble": "",
        "both": (),
    }
    return render(
        "settings/index.html",
        "settings/_settings_panel.html",
        status,
        settings=settings,
        series=list_series(g.tenant.id),
        **(known | shown),
    )
