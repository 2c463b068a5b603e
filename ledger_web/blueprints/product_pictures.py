"""The picture of a product: shown to people of the shop, and to nobody else."""

import uuid
from typing import Any, Final

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.permissions import PRODUCT_EDIT, PRODUCT_VIEW
from ledger_web.domain.photos import TYPE, UPLOAD_MAX
from ledger_web.error_pages import status_of
from ledger_web.forms.product_pictures import PictureForm, PictureRemovalForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.product_pictures import SIZES, get_picture
from ledger_web.queries.products import get_product_details
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import product_pictures as services

blueprint = Blueprint("product_pictures", __name__, url_prefix="/products/<uuid:product_id>/picture")

FORM_BYTES_MAX: Final = 64 * 1024  # of what is sent with a picture


@blueprint.url_value_preprocessor
def _take_pictures(endpoint: str | None, _values: object) -> None:
    """Let a picture be larger than other forms. Here, because CSRF protection reads the form before any handler."""
    if endpoint == "product_pictures.create":
        request.max_content_length = UPLOAD_MAX + FORM_BYTES_MAX


@blueprint.get(f"/<any({', '.join(SIZES)}):size>")
@permission_required(PRODUCT_VIEW)
def show(product_id: uuid.UUID, size: str) -> ResponseReturnValue:
    """Answer with the picture itself: bytes that we wrote, of a type that we name, never to be guessed at."""
    picture = get_picture(g.tenant.id, product_id, size)
    answer = Response(picture.content, mimetype=TYPE)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Disposition"] = "inline"
    answer.set_etag(picture.digest)
    return answer.make_conditional(request)


@blueprint.get("/edit")
@permission_required(PRODUCT_EDIT)
def edit(product_id: uuid.UUID) -> ResponseReturnValue:
    return _edit(product_id, PictureForm())


@blueprint.post("")
@permission_required(PRODUCT_EDIT)
def create(product_id: uuid.UUID) -> ResponseReturnValue:
    sent: Any = CombinedMultiDict([request.files, request.form])
    form = PictureForm(sent)
    if not form.validate():
        return _edit(product_id, form, 422)
    try:
        services.set_picture(form.to_command(product_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _edit(product_id, form, status_of(refusal), refusal.message)
    say("The picture was saved.")
    return redirect_to("products.show", product_id=product_id)


@blueprint.post("/delete")
@permission_required(PRODUCT_EDIT)
def delete(product_id: uuid.UUID) -> ResponseReturnValue:
    form = PictureRemovalForm(request.form)
    if not form.validate():
        return _edit(product_id, PictureForm(), 422, " ".join(form.sentences))
    services.remove_picture(form.to_command(product_id), new_act())
    say("The picture was taken away.")
    return redirect_to("products.show", product_id=product_id)


def _edit(product_id: uuid.UUID, form: PictureForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    product = get_product_details(g.tenant.id, product_id)
    return render(
        "products/picture.html", "products/_picture_form.html", status, form=form, product=product, trouble=trouble
    )
