"""Expenses, other income, and their categories."""

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.transactions import MoneyPage, pairs, post_from, show_money
from ledger_web.domain.errors import ConflictError, LedgerError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import EXPENSE_CREATE
from ledger_web.error_pages import status_of
from ledger_web.forms.expenses import CategoryForm, ExpenseForm, IncomeForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.accounts import list_categories, list_money_places
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.expenses import add_category, record_expense, record_income

blueprint = Blueprint("expenses", __name__, url_prefix="/expenses")


@blueprint.get("/new")
@permission_required(EXPENSE_CREATE)
def new() -> ResponseReturnValue:
    return _show_new(ExpenseForm(currency=g.tenant.base_currency))


@blueprint.post("/")
@permission_required(EXPENSE_CREATE)
def create() -> ResponseReturnValue:
    form = ExpenseForm(request.form)
    _offer(form, "expense")
    if not form.validate():
        return _show_new(form, 422)
    return post_from(form, lambda: record_expense(form.to_command(), new_act()), _show_new)


@blueprint.get("/incomes/new")
@permission_required(EXPENSE_CREATE)
def new_income() -> ResponseReturnValue:
    return _show_new_income(IncomeForm(currency=g.tenant.base_currency))


@blueprint.post("/incomes/")
@permission_required(EXPENSE_CREATE)
def create_income() -> ResponseReturnValue:
    form = IncomeForm(request.form)
    _offer(form, "income")
    if not form.validate():
        return _show_new_income(form, 422)
    return post_from(form, lambda: record_income(form.to_command(), new_act()), _show_new_income)


@blueprint.get("/categories/")
@permission_required(EXPENSE_CREATE)
def categories() -> ResponseReturnValue:
    return _show_categories(CategoryForm())


@blueprint.post("/categories/")
@permission_required(EXPENSE_CREATE)
def create_category() -> ResponseReturnValue:
    form = CategoryForm(request.form)
    if not form.validate():
        return _show_categories(form, 422)
    try:
        added = add_category(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_categories(form, status_of(error), error)
    say("This category was added already." if added.replayed else "The category was added.")
    return redirect_to(".categories")


def _offer(form: ExpenseForm | IncomeForm, kind: str) -> None:
    form.category.choices = pairs(list_categories(g.tenant.id, kind))
    form.place.choices = pairs(list_money_places(g.tenant.id))


def _show_new(form: ExpenseForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    _offer(form, "expense")
    page = MoneyPage(
        title=gettext("New expense"),
        note=gettext("Money spent on what the shop uses itself: rent, transport, tea. Goods to sell are purchases."),
        action=url_for(".create"),
        button=gettext("Record expense"),
        fields=("category", "place", "memo"),
    )
    return show_money(form, page, status, error)


def _show_new_income(form: IncomeForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    _offer(form, "income")
    page = MoneyPage(
        title=gettext("Other income"),
        note=gettext("Money that came in for something else than a sale, and not from the owner."),
        action=url_for(".create_income"),
        button=gettext("Record income"),
        fields=("category", "place", "memo"),
    )
    return show_money(form, page, status, error)


def _show_categories(form: CategoryForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    return render(
        "expenses/categories.html",
        "expenses/_categories_panel.html",
        status,
        form=form,
        expenses=list_categories(g.tenant.id, "expense"),
        incomes=list_categories(g.tenant.id, "income"),
        trouble=error.message if error else "",
    )
