"""Everything the shop has as one file: asked for, written beside the web, and fetched within a day."""

import uuid
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, current_app, g, request, send_file
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, NotFoundError
from ledger_web.domain.permissions import SHOP_EXPORT
from ledger_web.domain.shop_exports import READY
from ledger_web.error_pages import status_of
from ledger_web.export_folder import Task, Turn, begin, file_of
from ledger_web.forms.exports import ExportForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.shop_exports import find_latest_export, get_export
from ledger_web.rendering import redirect_to, render
from ledger_web.services.downloads import TakeList, record_download
from ledger_web.services.shop_exports import continue_export, start_export
from ledger_web.slow_readers import LentThread
from ledger_web.tenancy import even_while_suspended

blueprint = Blueprint("exports", __name__, url_prefix="/admin/exports")


class ExportOverError(NotFoundError):
    """This file is not there any more: it is kept for 24 hours. Have it written once more."""


@blueprint.get("/")
@permission_required(SHOP_EXPORT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/")
@permission_required(SHOP_EXPORT)
@even_while_suspended
def create() -> ResponseReturnValue:
    form = ExportForm(request.form)
    if not form.validate():
        return _show(422, " ".join(form.sentences))
    return _begin(form.op_id.data, lambda take_turn: start_export(form.to_start(), new_act(), take_turn=take_turn))


@blueprint.post("/<uuid:export_id>/attempts")
@permission_required(SHOP_EXPORT)
@even_while_suspended
def create_attempt(export_id: uuid.UUID) -> ResponseReturnValue:
    form = ExportForm(request.form)
    get_export(g.tenant.id, export_id)  # one that is not there is not there, whatever was sent
    if not form.validate():
        return _show(422, " ".join(form.sentences))
    return _begin(
        export_id, lambda take_turn: continue_export(form.to_continue(export_id), new_act(), take_turn=take_turn)
    )


@blueprint.get("/<uuid:export_id>.zip")
@permission_required(SHOP_EXPORT)
def show(export_id: uuid.UUID) -> Response:
    """Give the file out, or from where a broken download left off."""
    export = get_export(g.tenant.id, export_id)
    if export.state != READY:
        raise ExportOverError
    name = f"{g.tenant.slug}.zip"
    with LentThread(g.tenant.id) as thread:
        try:
            answer = send_file(
                file_of(_root(), g.tenant.id, export_id),
                mimetype="application/zip",
                as_attachment=True,
                download_name=name,
                etag=export.digest,
                last_modified=export.ended_at,
            )
        except FileNotFoundError as error:
            raise ExportOverError from error
        if request.method == "GET":
            record_download(TakeList(name=name, path=request.path), new_act())
        return thread.until_sent(answer)


def _begin(export_id: uuid.UUID, act: Callable[[Callable[[], bool]], int | None]) -> ResponseReturnValue:
    """Write down that the file is to be written, and start the process that does it."""
    try:
        with Turn(_root()) as turn:
            attempt = act(turn.take)
            if attempt:
                begin(_task(export_id, attempt), turn)
    except ConflictError as refusal:
        return _show(status_of(refusal), refusal.message)
    return redirect_to(".index")


def _task(export_id: uuid.UUID, attempt: int) -> Task:
    return Task(
        conninfo=current_app.extensions["database_access"].application,
        root=str(_root()),
        tenant_id=g.tenant.id,
        slug=g.tenant.slug,
        export_id=str(export_id),
        attempt=attempt,
        log_format=current_app.config["LOG_FORMAT"],
    )


def _root() -> Path:
    return Path(current_app.config["EXPORT_DIR"])


def _show(status: int = 200, trouble: str = "") -> ResponseReturnValue:
    export = find_latest_export(g.tenant.id)
    return render(
        "exports/index.html",
        "exports/_export_panel.html",
        status,
        form=ExportForm(),
        export=export,
        is_there=export is not None and file_of(_root(), g.tenant.id, export.id).exists(),
        trouble=trouble,
    )
