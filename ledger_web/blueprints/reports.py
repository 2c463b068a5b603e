"""Profit and loss, balance sheet, trial balance: on the screen, on paper and as files."""

import csv
import io
from collections.abc import Iterable
from typing import TypeVar

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.accounts import KIND_NAMES
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.permissions import REPORT_VIEW
from ledger_web.domain.reports import (
    BalanceSheet,
    ProfitAndLoss,
    ReportLine,
    Section,
    TrialBalance,
    balance_sheet,
    profit_and_loss,
    trial_balance,
)
from ledger_web.domain.spreadsheets import amount_cell, text_cell
from ledger_web.forms.reports import DayForm, HoldersForm, PeriodForm, ReportForm, with_rates
from ledger_web.identity import permission_required
from ledger_web.queries.accounts import list_currencies
from ledger_web.queries.reports import HOLDERS_MAX, list_holders_until, list_results, list_sums_until
from ledger_web.rendering import redirect_to, render

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

Form = TypeVar("Form", bound=ReportForm)
_BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else


@blueprint.get("/")
@permission_required(REPORT_VIEW)
def index() -> ResponseReturnValue:
    return redirect_to(".show_profit_and_loss")


@blueprint.get("/profit-and-loss")
@permission_required(REPORT_VIEW)
def show_profit_and_loss() -> ResponseReturnValue:
    form = _form(PeriodForm)
    status = 200 if form.validate() else 422
    report = _profit_and_loss(form) if status == 200 else None
    return render(
        "reports/profit_and_loss.html",
        "reports/_profit_and_loss.html",
        status,
        form=form,
        report=report,
        here=url_for(".show_profit_and_loss"),
    )


@blueprint.get("/profit-and-loss/print")
@permission_required(REPORT_VIEW)
def print_profit_and_loss() -> ResponseReturnValue:
    form = _asked(_form(PeriodForm))
    return render("reports/profit_and_loss_print.html", form=form, report=_profit_and_loss(form))


@blueprint.get("/profit-and-loss.csv")
@permission_required(REPORT_VIEW)
def profit_and_loss_csv() -> ResponseReturnValue:
    form = _asked(_form(PeriodForm))
    report = _profit_and_loss(form)
    parts = (report.sales, report.cost_of_sales, report.gross, report.income, report.expenses, report.differences)
    return _file(f"profit-and-loss-{form.first}-{form.last}", _lines_csv(report.currencies, (*parts, report.result)))


@blueprint.get("/balance-sheet")
@permission_required(REPORT_VIEW)
def show_balance_sheet() -> ResponseReturnValue:
    form = _form(DayForm)
    status = 200 if form.validate() else 422
    report = _balance_sheet(form) if status == 200 else None
    return render(
        "reports/balance_sheet.html",
        "reports/_balance_sheet.html",
        status,
        form=form,
        report=report,
        here=url_for(".show_balance_sheet"),
    )


@blueprint.get("/balance-sheet/print")
@permission_required(REPORT_VIEW)
def print_balance_sheet() -> ResponseReturnValue:
    form = _asked(_form(DayForm))
    return render("reports/balance_sheet_print.html", form=form, report=_balance_sheet(form))


@blueprint.get("/balance-sheet.csv")
@permission_required(REPORT_VIEW)
def balance_sheet_csv() -> ResponseReturnValue:
    form = _asked(_form(DayForm))
    report = _balance_sheet(form)
    parts = (report.assets, report.debts, report.own, report.both)
    return _file(f"balance-sheet-{form.until}", _lines_csv(report.currencies, parts))


@blueprint.get("/trial-balance")
@permission_required(REPORT_VIEW)
def show_trial_balance() -> ResponseReturnValue:
    form = _form(DayForm)
    status = 200 if form.validate() else 422
    report = _trial_balance(form) if status == 200 else None
    return render(
        "reports/trial_balance.html",
        "reports/_trial_balance.html",
        status,
        form=form,
        report=report,
        kind_names=KIND_NAMES,
        here=url_for(".show_trial_balance"),
    )


@blueprint.get("/trial-balance/print")
@permission_required(REPORT_VIEW)
def print_trial_balance() -> ResponseReturnValue:
    form = _asked(_form(DayForm))
    return render("reports/trial_balance_print.html", form=form, report=_trial_balance(form), kind_names=KIND_NAMES)


@blueprint.get("/trial-balance.csv")
@permission_required(REPORT_VIEW)
def trial_balance_csv() -> ResponseReturnValue:
    form = _asked(_form(DayForm))
    return _file(f"trial-balance-{form.until}", _trial_balance_csv(_trial_balance(form)))


@blueprint.get("/holders")
@permission_required(REPORT_VIEW)
def show_holders() -> ResponseReturnValue:
    form = HoldersForm(request.args)
    if not form.validate():
        raise NotFoundError("There is no such list. Choose it in the trial balance.")
    kind, currency, day = form.kind.data, form.currency.data, form.day.data
    return render(
        "reports/holders.html",
        kind=kind,
        name=KIND_NAMES[kind],
        currency=currency,
        day=day,
        holders=list_holders_until(g.tenant.id, kind, currency, day),
        most=HOLDERS_MAX,
    )


def _form(form: type[Form]) -> Form:
    """Return the form with a rate for each foreign currency the shop has accounts in."""
    base_currency, *foreign = list_currencies(g.tenant.id)
    return with_rates(form, foreign)(request.args, base_currency=base_currency)


def _asked(form: Form) -> Form:
    """Return a form that asks for something there is: a sheet or a file cannot show what was wrong."""
    if not form.validate():
        raise NotFoundError("There is no such report. Choose the days again.")
    return form


def _profit_and_loss(form: PeriodForm) -> ProfitAndLoss:
    return profit_and_loss(list_results(g.tenant.id, form.first, form.last), g.tenant.base_currency, form.rates)


def _balance_sheet(form: DayForm) -> BalanceSheet:
    return balance_sheet(list_sums_until(g.tenant.id, form.until), g.tenant.base_currency, form.rates)


def _trial_balance(form: DayForm) -> TrialBalance:
    return trial_balance(list_sums_until(g.tenant.id, form.until), g.tenant.base_currency, form.rates)


def _trial_balance_csv(report: TrialBalance) -> Iterable[tuple[str, ...]]:
    base = g.tenant.base_currency
    yield "Kind", "Account", "Currency", "Debit", "Credit", f"Debit {base}", f"Credit {base}"
    for block in report.currencies:
        for line in block.lines:
            sums = line.sums
            yield (
                KIND_NAMES[sums.kind],
                text_cell(sums.name),
                sums.currency,
                amount_cell(sums.debit, sums.currency),
                amount_cell(sums.credit, sums.currency),
                _cell(line.base_debit, base),
                _cell(line.base_credit, base),
            )
        sides = amount_cell(block.debit, block.currency), amount_cell(block.credit, block.currency)
        yield "Total", "", block.currency, *sides, _cell(block.base, base), _cell(block.base, base)


def _lines_csv(currencies: tuple[str, ...], parts: Iterable[Section | ReportLine]) -> Iterable[tuple[str, ...]]:
    base = g.tenant.base_currency
    yield "Part", "Line", *currencies, f"All in {base}"
    for part in parts:
        if isinstance(part, ReportLine):
            yield part.name, "", *_cells(part, currencies)
            continue
        for line in part.lines:
            yield part.name, text_cell(line.name), *_cells(line, currencies)
        yield part.name, "Total", *_cells(part.total, currencies)


def _cells(line: ReportLine, currencies: tuple[str, ...]) -> list[str]:
    amounts = [(line.figures[each].amount if each in line.figures else None, each) for each in currencies]
    return [_cell(amount, currency) for amount, currency in [*amounts, (line.base, g.tenant.base_currency)]]


def _cell(amount: int | None, currency: str) -> str:
    return "" if amount is None else amount_cell(amount, currency)


def _file(name: str, rows: Iterable[tuple[str, ...]]) -> Response:
    written = io.StringIO()
    written.write(_BYTE_ORDER_MARK)
    csv.writer(written).writerows(rows)
    answer = Response(written.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
