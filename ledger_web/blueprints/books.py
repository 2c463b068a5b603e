"""How the books are kept: the lock date and the hour at which a business day begins."""

from collections.abc import Callable

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, LedgerError, RuleViolationError
from ledger_web.domain.permissions import SETTINGS_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.books import DayStartForm, LockDateForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.books import get_books, list_lock_date_changes
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.books import set_day_start, set_lock_date
from ledger_web.services.unit_of_work import Recorded

blueprint = Blueprint("books", __name__, url_prefix="/admin/books")


@blueprint.get("/")
@permission_required(SETTINGS_EDIT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/lock-date")
@permission_required(SETTINGS_EDIT)
def create_lock_date() -> ResponseReturnValue:
    form = LockDateForm(request.form)
    if not form.validate():
        return _show(lock_form=form, status=422)
    return _keep(
        lambda: set_lock_date(form.to_command(), new_act()),
        lambda error: _show(lock_form=form, status=status_of(error), lock_trouble=error.message),
    )


@blueprint.post("/day-start")
@permission_required(SETTINGS_EDIT)
def create_day_start() -> ResponseReturnValue:
    form = DayStartForm(request.form)
    if not form.validate():
        return _show(day_form=form, status=422)
    return _keep(
        lambda: set_day_start(form.to_command(), new_act()),
        lambda error: _show(day_form=form, status=status_of(error), day_trouble=error.message),
    )


def _keep(change: Callable[[], Recorded], refuse: Callable[[LedgerError], ResponseReturnValue]) -> ResponseReturnValue:
    try:
        kept = change()
    except (RuleViolationError, ConflictError) as error:
        return refuse(error)
    say("This was saved already." if kept.replayed else "Saved.")
    return redirect_to(".index")


def _show(
    *,
    lock_form: LockDateForm | None = None,
    day_form: DayStartForm | None = None,
    status: int = 200,
    lock_trouble: str = "",
    day_trouble: str = "",
) -> ResponseReturnValue:
    books = get_books(g.tenant.id)
    for form in (lock_form, day_form):
        if form and status == 409:  # what is there now is shown beside it: saving once more means it
            form.version.raw_data, form.version.data = None, books.version
    return render(
        "books/index.html",
        "books/_books_panel.html",
        status,
        books=books,
        changes=list_lock_date_changes(g.tenant.id),
        lock_form=lock_form or LockDateForm(version=books.version, locked_until=books.locked_until),
        day_form=day_form or DayStartForm(version=books.version, starts_at=f"{books.day_starts_at:%H:%M}"),
        lock_trouble=lock_trouble,
        day_trouble=day_trouble,
    )
