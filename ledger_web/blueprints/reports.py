"""Profit and loss, balance sheet, trial balance: on the screen, on paper and as files."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.accounts import KIND_NAMES
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
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
from ledger_web.domain.sheets import Cell, Row, amount_cell
from ledger_web.downloads import download
from ledger_web.forms.reports import DayForm, HoldersForm, PeriodForm, with_rates
from ledger_web.identity import permission_required
from ledger_web.queries.accounts import list_currencies
from ledger_web.queries.reports import HOLDERS_MAX, list_holders_until, list_results, list_sums_until
from ledger_web.rendering import redirect_to, render

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@dataclass(frozen=True, slots=True)
class Report:
    """A report: what it asks, how it is made of that, and its rows in a file. Its name is that of its templates."""

    name: str
    form: type[Any]
    make: Callable[[Any], Any]
    rows: Callable[[Any], Iterable[Row]]
    days: Callable[[Any], str]  # as a file's name says them


@blueprint.get("/")
@permission_required(REPORT_VIEW)
def index() -> ResponseReturnValue:
    return redirect_to(".show", report="profit-and-loss")


@blueprint.get("/<any('profit-and-loss', 'balance-sheet', 'trial-balance'):report>")
@permission_required(REPORT_VIEW)
def show(report: str) -> ResponseReturnValue:
    asked = _REPORTS[report]
    form = _form(asked)
    status = 200 if form.validate() else 422
    return render(
        f"reports/{asked.name}.html",
        f"reports/_{asked.name}.html",
        status,
        form=form,
        report=asked.make(form) if status == 200 else None,
        kind_names=KIND_NAMES,
        here=url_for(".show", report=report),
    )


@blueprint.get("/<any('profit-and-loss', 'balance-sheet', 'trial-balance'):report>/print")
@permission_required(REPORT_VIEW)
def on_paper(report: str) -> ResponseReturnValue:
    asked = _REPORTS[report]
    form = _valid(asked)
    return render(f"reports/{asked.name}_print.html", form=form, report=asked.make(form), kind_names=KIND_NAMES)


@blueprint.get("/<any('profit-and-loss', 'balance-sheet', 'trial-balance'):report>.<any(csv, xlsx):ending>")
@permission_required(REPORT_VIEW)
def as_file(report: str, ending: str) -> ResponseReturnValue:
    asked = _REPORTS[report]
    form = _valid(asked)
    return download(f"{report}-{asked.days(form)}", ending, asked.rows(asked.make(form)))


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


def _form(report: Report) -> Any:
    """Return the form with a rate for each foreign currency the shop has accounts in."""
    base_currency, *foreign = list_currencies(g.tenant.id)
    return with_rates(report.form, foreign)(request.args, base_currency=base_currency)


def _valid(report: Report) -> Any:
    """Return a form that asks for something there is: a sheet or a file cannot show what was wrong."""
    form = _form(report)
    if not form.validate():
        raise NotFoundError("There is no such report. Choose the days again.")
    return form


def _profit_and_loss(form: PeriodForm) -> ProfitAndLoss:
    return profit_and_loss(list_results(g.tenant.id, form.first, form.last), g.tenant.base_currency, form.rates)


def _balance_sheet(form: DayForm) -> BalanceSheet:
    return balance_sheet(list_sums_until(g.tenant.id, form.until), g.tenant.base_currency, form.rates)


def _trial_balance(form: DayForm) -> TrialBalance:
    return trial_balance(list_sums_until(g.tenant.id, form.until), g.tenant.base_currency, form.rates)


def _rows_of_profit_and_loss(report: ProfitAndLoss) -> Iterator[Row]:
    parts = (report.sales, report.cost_of_sales, report.gross, report.income, report.expenses, report.differences)
    return _rows(report.currencies, (*parts, report.result))


def _rows_of_balance_sheet(report: BalanceSheet) -> Iterator[Row]:
    return _rows(report.currencies, (report.assets, report.debts, report.own, report.both))


def _rows_of_trial_balance(report: TrialBalance) -> Iterator[Row]:
    base = g.tenant.base_currency
    yield (
        gettext("Kind"),
        gettext("Account"),
        gettext("Currency"),
        gettext("Debit"),
        gettext("Credit"),
        gettext("Debit %(base)s", base=base),
        gettext("Credit %(base)s", base=base),
    )
    for block in report.currencies:
        for line in block.lines:
            sums = line.sums
            yield (
                KIND_NAMES[sums.kind],
                sums.name,
                sums.currency,
                amount_cell(sums.debit, sums.currency),
                amount_cell(sums.credit, sums.currency),
                _cell(line.base_debit, base),
                _cell(line.base_credit, base),
            )
        sides = amount_cell(block.debit, block.currency), amount_cell(block.credit, block.currency)
        yield gettext("Total"), "", block.currency, *sides, _cell(block.base, base), _cell(block.base, base)


def _rows(currencies: tuple[str, ...], parts: Iterable[Section | ReportLine]) -> Iterator[Row]:
    base = g.tenant.base_currency
    yield gettext("Part"), gettext("Line"), *currencies, gettext("All in %(base)s", base=base)
    for part in parts:
        if isinstance(part, ReportLine):
            yield part.name, "", *_cells(part, currencies)
            continue
        for line in part.lines:
            yield part.name, line.name, *_cells(line, currencies)
        yield part.name, gettext("Total"), *_cells(part.total, currencies)


def _cells(line: ReportLine, currencies: tuple[str, ...]) -> list[Cell]:
    amounts = [(line.figures[each].amount if each in line.figures else None, each) for each in currencies]
    return [_cell(amount, currency) for amount, currency in [*amounts, (line.base, g.tenant.base_currency)]]


def _cell(amount: int | None, currency: str) -> Cell:
    return None if amount is None else amount_cell(amount, currency)


def _days(form: PeriodForm) -> str:
    return f"{form.first}-{form.last}"


def _day(form: DayForm) -> str:
    return str(form.until)


_REPORTS: Final = MappingProxyType(
    {
        "profit-and-loss": Report("profit_and_loss", PeriodForm, _profit_and_loss, _rows_of_profit_and_loss, _days),
        "balance-sheet": Report("balance_sheet", DayForm, _balance_sheet, _rows_of_balance_sheet, _day),
        "trial-balance": Report("trial_balance", DayForm, _trial_balance, _rows_of_trial_balance, _day),
    }
)
