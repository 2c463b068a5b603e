"""What was sold, deleted and returned, each a column of its own, by day, person, hour, drawer or reason."""

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import REPORT_VIEW
from ledger_web.domain.sheets import Row, amount_cell
from ledger_web.downloads import download
from ledger_web.forms.sales_report import SalesReportForm
from ledger_web.identity import permission_required
from ledger_web.queries.sales_report import DIVISIONS, ReportRow, list_loose_returns, sales_report, total_of, who_undid
from ledger_web.rendering import render

blueprint = Blueprint("sales_reports", __name__, url_prefix="/sales/report")

_HEADER: Final = (
    gettext_noop("Sales"),
    gettext_noop("Gross"),
    gettext_noop("Deletions"),
    gettext_noop("Deleted"),
    gettext_noop("Returns"),
    gettext_noop("Returned"),
    gettext_noop("Net"),
)


@blueprint.get("/")
@permission_required(REPORT_VIEW)
def show() -> ResponseReturnValue:
    form = SalesReportForm(request.args)
    is_valid = form.validate()
    by = form.by.data or "day"
    rows = sales_report(g.tenant.id, form.first, form.last, by) if is_valid else []
    # Two people may have sold one sale together: counted for each, but once below.
    whole = sales_report(g.tenant.id, form.first, form.last, "day") if is_valid and by == "salesperson" else rows
    return render(
        "sales/report.html",
        "sales/_sales_report.html",
        200 if is_valid else 422,
        form=form,
        division=DIVISIONS[by] if is_valid else "",
        rows=rows,
        total=total_of(whole),
        loose=list_loose_returns(g.tenant.id, form.first, form.last) if is_valid else [],
        people=who_undid(g.tenant.id, form.first, form.last) if is_valid else [],
    )


@blueprint.get("/sales.<any(csv, xlsx):ending>")
@permission_required(REPORT_VIEW)
def download_report(ending: str) -> ResponseReturnValue:
    form = SalesReportForm(request.args)
    if not form.validate():
        raise NotFoundError("There is no such report. Ask for it from its page.")
    by = form.by.data or "day"
    rows = sales_report(g.tenant.id, form.first, form.last, by)
    return download(f"sales-by-{by}-{form.first}-{form.last}", ending, _file(DIVISIONS[by], rows))


def _file(division: str, rows: list[ReportRow]) -> Iterator[Row]:
    currency = g.tenant.base_currency
    yield [division, *map(gettext, _HEADER)]
    for row in rows:
        yield [
            row.key,
            row.sales,
            amount_cell(row.gross, currency),
            row.voids,
            amount_cell(row.voided, currency),
            row.returns,
            amount_cell(row.returned, currency),
            amount_cell(row.net, currency),
        ]
