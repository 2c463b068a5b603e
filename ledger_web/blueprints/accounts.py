"""The chart of accounts, the holders of a kind, and what went through one account."""

import uuid

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints import statements
from ledger_web.blueprints.statements import AccountOf, StatedAccount
from ledger_web.domain.accounts import KIND_NAMES
from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.permissions import JOURNAL_VIEW
from ledger_web.forms.accounts import HoldersForm
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
    return statements.show(
        "accounts/show.html",
        _stated(account),
        row=account,
        kind_name=KIND_NAMES[account.kind],
        balances=(account,),
    )


@blueprint.get("/<uuid:account_id>/statement")
@permission_required(JOURNAL_VIEW)
def statement_print(account_id: uuid.UUID) -> ResponseReturnValue:
    return statements.on_paper(_stated(get_account(g.tenant.id, account_id)))


@blueprint.get("/<uuid:account_id>/statement.<any(csv, xlsx):ending>")
@permission_required(JOURNAL_VIEW)
def statement_file(account_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    return statements.as_file(_stated(get_account(g.tenant.id, account_id)), ending)


def _stated(account: AccountRow) -> AccountOf:
    return lambda _: StatedAccount(account.kind, account.name, account.currency, account.id)
