"""The register: everything that happened, one of them with its entries, its reversal; and what is posted from here."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.accounts import choice_of
from ledger_web.domain.errors import ConflictError, LedgerError, NotFoundError, PeriodLockedError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import JOURNAL_POST, JOURNAL_REVERSE, JOURNAL_VIEW
from ledger_web.domain.sheets import ENDINGS, Row, amount_cell
from ledger_web.domain.transactions import name_of
from ledger_web.downloads import download
from ledger_web.error_pages import status_of
from ledger_web.filters import shop_zone
from ledger_web.forms.days import DatedForm, MoneyForm
from ledger_web.forms.payments import offer_first
from ledger_web.forms.transactions import (
    AccountOpeningForm,
    ManualForm,
    OwnerAimForm,
    OwnerMoneyForm,
    RegisterForm,
    ReversalForm,
)
from ledger_web.identity import new_act, permission_required
from ledger_web.queries import transactions as queries
from ledger_web.queries.accounts import (
    Choice,
    get_account,
    list_currencies,
    list_money_places,
    list_people_accounts,
    list_shop_accounts,
)
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.deletions import preview_undoing, undo
from ledger_web.services.transactions import post_manual, record_account_opening, record_owner_money
from ledger_web.services.unit_of_work import Recorded

blueprint = Blueprint("transactions", __name__, url_prefix="/transactions")


@dataclass(frozen=True, slots=True)
class MoneyPage:
    """How a form that moves one amount introduces itself."""

    title: str
    note: str
    action: str  # the address it is sent to
    button: str
    fields: tuple[str, ...]  # besides amount and currency, in order


@blueprint.get("/")
@permission_required(JOURNAL_VIEW)
def index() -> ResponseReturnValue:
    form = _register_form()
    if not form.validate():
        return _show_index(form, None, 422)
    return _show_index(form, queries.list_transactions(g.tenant.id, **_asked_of(form), older_than=form.older_than))


@blueprint.get("/register.<any(csv, xlsx):ending>")
@permission_required(JOURNAL_VIEW)
def register_file(ending: str) -> ResponseReturnValue:
    form = _register_form()
    if not form.validate():
        raise NotFoundError("There is no such list. Choose the days again.")
    return download("register", ending, _rows(queries.iterate_transactions(g.tenant.id, **_asked_of(form))))


@blueprint.get("/<uuid:transaction_id>")
@permission_required(JOURNAL_VIEW)
def show(transaction_id: uuid.UUID) -> ResponseReturnValue:
    return render("transactions/show.html", transaction=queries.get_transaction(g.tenant.id, transaction_id))


@blueprint.get("/<uuid:transaction_id>/reversal")
@permission_required(JOURNAL_REVERSE)
def new_reversal(transaction_id: uuid.UUID) -> ResponseReturnValue:
    return _show_reversal(transaction_id, ReversalForm())


@blueprint.post("/<uuid:transaction_id>/reversal")
@permission_required(JOURNAL_REVERSE)
def create_reversal(transaction_id: uuid.UUID) -> ResponseReturnValue:
    form = ReversalForm(request.form)
    if not form.validate():
        return _show_reversal(transaction_id, form, 422)
    try:
        reversed_ = undo(form.to_command(transaction_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_reversal(transaction_id, form, status_of(error), error)
    say("This was reversed already." if reversed_.replayed else "It was reversed: everything it moved is back.")
    return redirect_to(".show", transaction_id=transaction_id)


@blueprint.get("/owner/new")
@permission_required(JOURNAL_POST)
def new_owner_money() -> ResponseReturnValue:
    aim = OwnerAimForm(request.args)
    if not aim.validate():
        raise NotFoundError("Choose what the owner does: put money in, or take it out.")
    return _show_owner(OwnerMoneyForm(direction=aim.direction.data or "deposit", currency=g.tenant.base_currency))


@blueprint.post("/owner/")
@permission_required(JOURNAL_POST)
def create_owner_money() -> ResponseReturnValue:
    form = OwnerMoneyForm(request.form)
    form.place.choices = pairs(list_money_places(g.tenant.id))
    if not form.validate():
        return _show_owner(form, 422)
    return post_from(form, lambda: record_owner_money(form.to_command(), new_act()), _show_owner)


@blueprint.get("/openings/new")
@permission_required(JOURNAL_POST)
def new_opening() -> ResponseReturnValue:
    return _show_opening(AccountOpeningForm(currency=g.tenant.base_currency))


@blueprint.post("/openings/")
@permission_required(JOURNAL_POST)
def create_opening() -> ResponseReturnValue:
    form = AccountOpeningForm(request.form)
    form.account.choices = _opening_choices()
    if not form.validate():
        return _show_opening(form, 422)
    return post_from(form, lambda: record_account_opening(form.to_command(), new_act()), _show_opening)


@blueprint.get("/manual/new")
@permission_required(JOURNAL_POST)
def new_manual() -> ResponseReturnValue:
    return _show_manual(ManualForm(first=_aimed_at()))


@blueprint.post("/manual/")
@permission_required(JOURNAL_POST)
def create_manual() -> ResponseReturnValue:
    if "more" in request.form:
        return _show_manual(ManualForm(request.form, more=True))
    form = ManualForm(request.form)
    if not form.validate():
        return _show_manual(form, 422)
    return post_from(form, lambda: post_manual(form.to_command(), new_act()), _show_manual)


Show = Callable[..., ResponseReturnValue]


def pairs(choices: Iterable[Choice]) -> list[tuple[str, str]]:
    return [(choice.value, choice.name) for choice in choices]


def post_from(form: DatedForm, post: Callable[[], Recorded], show_again: Show) -> ResponseReturnValue:
    """Post what a valid form says and show it in the register, or show the form again with what stands against it."""
    try:
        recorded = post()
    except (RuleViolationError, NotFoundError, ConflictError) as error:
        return show_again(form, status_of(error) if not isinstance(error, NotFoundError) else 422, error)
    say("This was posted already." if recorded.replayed else "It is in the books.")
    return redirect_to("transactions.show", transaction_id=recorded.id)


def show_money(form: MoneyForm, page: MoneyPage, status: int, error: LedgerError | None) -> ResponseReturnValue:
    """Show a form that moves one amount."""
    offer_first(form.currency, list_currencies(g.tenant.id))
    return render(
        "transactions/new_money.html",
        "transactions/_money_form.html",
        status,
        form=form,
        money=page,
        trouble=error.message if error else "",
        is_locked=isinstance(error, PeriodLockedError),
    )


def _register_form() -> RegisterForm:
    form = RegisterForm(request.args)
    people = [("", gettext("Everyone")), *((each.id, each.name) for each in queries.list_people(g.tenant.id))]
    form.person.choices = people
    form.kind.choices = [
        ("", gettext("Everything")),
        *((kind, name_of(kind)) for kind in queries.list_kinds(g.tenant.id)),
    ]
    return form


def _asked_of(form: RegisterForm) -> dict[str, Any]:
    return {
        "kind": form.kind.data or "",
        "since": form.since.data,
        "until": form.until.data,
        "actor_id": form.person.data or None,
        "words": form.q.data,
        "overrides": form.overrides.data,
    }


def _rows(transactions: Iterator[queries.TransactionRow]) -> Iterator[Row]:
    """One row for each amount: a transaction in two currencies has two."""
    yield (
        gettext("Day"),
        gettext("What"),
        gettext("With"),
        gettext("Memo"),
        gettext("By"),
        gettext("Posted"),
        gettext("Undone"),
        gettext("Amount"),
        gettext("Currency"),
    )
    for each in transactions:
        posted = f"{each.posted_at.astimezone(shop_zone()):%Y-%m-%d %H:%M}"
        said = (
            each.occurred_on,
            each.title,
            each.party,
            each.memo,
            each.actor,
            posted,
            "yes" if each.is_reversed else "",
        )
        for amount in each.amounts:
            yield *said, amount_cell(amount.amount, amount.currency), amount.currency
        if not each.amounts:
            yield *said, None, ""


def _show_index(form: RegisterForm, page: queries.TransactionsPage | None, status: int = 200) -> ResponseReturnValue:
    older = ""
    if page and page.older_than:
        before_day, before = page.older_than
        older = url_for(".index", **form.asked, before_day=before_day, before=before)
    return render(
        "transactions/index.html",
        "transactions/_register.html",
        status,
        form=form,
        transactions=page,
        older=older,
        files=[(each.upper(), url_for(".register_file", ending=each, **form.asked)) for each in ENDINGS if page],
    )


def _show_reversal(
    transaction_id: uuid.UUID, form: ReversalForm, status: int = 200, error: LedgerError | None = None
) -> ResponseReturnValue:
    transaction = queries.get_transaction(g.tenant.id, transaction_id)
    preview = None if transaction.why_not_reversible else preview_undoing(transaction_id, new_act(), from_register=True)
    return render(
        "transactions/reversal.html",
        "transactions/_reversal_panel.html",
        status,
        transaction=transaction,
        preview=preview,
        form=form,
        trouble=error.message if error else "",
        is_locked=isinstance(error, PeriodLockedError),
    )


def _show_owner(form: OwnerMoneyForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    form.place.choices = pairs(list_money_places(g.tenant.id))
    is_deposit = form.direction.data != "drawing"
    page = MoneyPage(
        title=gettext("Owner’s deposit") if is_deposit else gettext("Owner’s drawing"),
        note=(
            gettext("Money the owner puts into the shop. It is no income.")
            if is_deposit
            else gettext("Money the owner takes out for themselves. It is no expense.")
        ),
        action=url_for(".create_owner_money"),
        button=gettext("Put in") if is_deposit else gettext("Take out"),
        fields=("place", "memo"),
    )
    return show_money(form, page, status, error)


def _show_opening(form: AccountOpeningForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    form.account.choices = _opening_choices()
    page = MoneyPage(
        title=gettext("Opening balance"),
        note=(
            gettext(
                "What an account held before the shop kept its books here, on the side on"
                " which it grows. What people owed is entered on their own pages, goods on"
                " those of the products."
            )
        ),
        action=url_for(".create_opening"),
        button=gettext("Bring in"),
        fields=("account", "memo"),
    )
    return show_money(form, page, status, error)


def _opening_choices() -> list[tuple[str, str]]:
    return [
        (choice.value, f"{group}: {choice.name}")
        for group, choices in list_shop_accounts(g.tenant.id).items()
        for choice in choices
        if choice.value != "equity:opening"
    ]


def _show_manual(form: ManualForm, status: int = 200, error: LedgerError | None = None) -> ResponseReturnValue:
    currencies = list_currencies(g.tenant.id)
    for line in form.lines:
        offer_first(line.currency, currencies)
    return render(
        "transactions/new_manual.html",
        "transactions/_manual_form.html",
        status,
        form=form,
        accounts={**list_shop_accounts(g.tenant.id), **list_people_accounts(g.tenant.id)},
        trouble=error.message if error else "",
        is_locked=isinstance(error, PeriodLockedError),
    )


def _aimed_at() -> dict[str, str]:
    """Return what the first line begins with: the account an address names."""
    account_id = request.args.get("account", "", type=str)
    try:
        account = get_account(g.tenant.id, uuid.UUID(account_id))
    except (ValueError, NotFoundError):
        return {}
    return {"account": choice_of(account.key), "currency": account.currency}
