"""The chart of accounts, the holders of a kind, and what went through one account."""

import uuid

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints import statements
from ledger_web.blueprints.statements import StatedAccount
from ledger_web.domain.accounts import KIND_NAMES
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.permissions import JOURNAL_VIEW
from ledger_web.forms.accounts import HoldersForm
from ledger_web.forms.statements import PrintForm, StatementForm
from ledger_web.identity import permission_required
from ledger_web.queries.accounts import AccountRow, get_account, list_chart, list_holders, totals_of
from ledger_web.rendering import render

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


@blueprint.get("/")
@permission_required(JOURNAL_VIEW)
def index() -> ResponseReturnValue:
    chart = list_chart(g.tenant.id, g.tenant.base_currency)
    return render("accounts/index.html", chart=chart, totals=totals_of(chart), kind_names=KIND_NAMES)


@blueprint.get("/holders")
@permission_required(JOURNAL_VIEW)
def holders() -> ResponseReturnValue:
    form = HoldersForm(request.args)
    if not form.validate():
        raise NotFoundError("There are no such accounts. Choose them in the chart of accounts.")
    kind, currency = form.kind.data, form.currency.data
    page = list_holders(g.tenant.id, kind, currency, form.after_key)
    older = ""
    if page.after:
        older = url_for(
            ".holders", kind=kind, currency=currency, after_name=page.after.name_key or None, after=page.after.id
        )
    return render(
        "accounts/holders.html",
        "accounts/_holders_list.html",
        kind=kind,
        name=KIND_NAMES[kind],
        currency=currency,
        accounts=page.rows,
        older=older,
    )


@blueprint.get("/<uuid:account_id>")
@permission_required(JOURNAL_VIEW)
def show(account_id: uuid.UUID) -> ResponseReturnValue:
    account = get_account(g.tenant.id, account_id)
    form = StatementForm(request.args)
    status = 200 if form.validate() else 422
    stated = _stated(account)
    statement = statements.read_page(form, stated)
    return render(
        "accounts/show.html",
        "statements/_statement_panel.html",
        status,
        form=form,
        row=account,
        kind_name=KIND_NAMES[account.kind],
        account=stated,
        balances=(account,),
        statement=statement,
        links=statements.links(form, stated, statement, {"account_id": account.id}),
        here=url_for(".show", account_id=account.id),
    )


@blueprint.get("/<uuid:account_id>/statement")
@permission_required(JOURNAL_VIEW)
def statement_print(account_id: uuid.UUID) -> ResponseReturnValue:
    account = get_account(g.tenant.id, account_id)
    form = _asked(PrintForm(request.args))
    stated = _stated(account)
    return render(
        "statements/print.html",
        form=form,
        account=stated,
        statement=statements.read_for_paper(form, stated),
        back=url_for(".show", account_id=account.id),
        phone="",
    )


@blueprint.get("/<uuid:account_id>/statement.csv")
@permission_required(JOURNAL_VIEW)
def statement_csv(account_id: uuid.UUID) -> ResponseReturnValue:
    account = get_account(g.tenant.id, account_id)
    return statements.csv_answer(_asked(StatementForm(request.args)), _stated(account))


def _stated(account: AccountRow) -> StatedAccount:
    return StatedAccount(account.kind, account.name, account.currency, account.id)


def _asked(form: StatementForm) -> StatementForm:
    """Return a form that asks for something there is: a sheet or a file cannot show what was wrong."""
    if not form.validate():
        raise NotFoundError("There is no such statement. Choose the days again.")
    return form
