"""Categories of products: renamed, and taken away while nothing is in them. They are made on the pages of products."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.permissions import PRODUCT_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.categories import CategoryDeletionForm, CategoryForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.products import list_categories
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services import categories as services

blueprint = Blueprint("product_categories", __name__, url_prefix="/product-categories")


@blueprint.get("/")
@permission_required(PRODUCT_EDIT)
def index() -> ResponseReturnValue:
    return _index()


@blueprint.post("/<uuid:category_id>")
@permission_required(PRODUCT_EDIT)
def update(category_id: uuid.UUID) -> ResponseReturnValue:
    _must_be_there(category_id)
    form = CategoryForm(request.form)
    if not form.validate():
        return _index(422, " ".join(form.sentences), {category_id: form})
    try:
        services.rename_category(form.to_command(category_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _index(status_of(refusal), refusal.message, {category_id: form})
    say("The category was renamed.")
    return redirect_to("product_categories.index")


@blueprint.post("/<uuid:category_id>/delete")
@permission_required(PRODUCT_EDIT)
def delete(category_id: uuid.UUID) -> ResponseReturnValue:
    _must_be_there(category_id)
    form = CategoryDeletionForm(request.form)
    if not form.validate():
        return _index(422, " ".join(form.sentences))
    try:
        services.delete_category(form.to_command(category_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _index(status_of(refusal), refusal.message)
    say("The category was taken away.")
    return redirect_to("product_categories.index")


def _must_be_there(category_id: uuid.UUID) -> None:
    if category_id not in {category.id for category in list_categories(g.tenant.id)}:
        raise NotFoundError("There is no such category in this shop.")


def _index(
    status: int = 200, trouble: str = "", forms: dict[uuid.UUID, CategoryForm] | None = None
) -> ResponseReturnValue:
    categories = list_categories(g.tenant.id)
    filled = {each.id: CategoryForm(data={"name": each.name}) for each in categories}
    return render(
        "product_categories/index.html",
        "product_categories/_categories.html",
        status,
        categories=categories,
        forms=filled | (forms or {}),
        trouble=trouble,
    )
