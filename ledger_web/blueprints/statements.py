"""Statements as parties, drawers and accounts show them: a page, a sheet of paper, a file. No addresses of its own.

Whoever uses it has the endpoints `.show`, `.statement_print` and `.statement_file`, whose addresses name the holder
by its id.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from flask import g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.sheets import ENDINGS, Row, amount_cell
from ledger_web.downloads import download
from ledger_web.forms.statements import PrintForm, StatementForm
from ledger_web.queries.statements import (
    BEGINNING,
    NOTHING,
    PRINTED_MAX,
    Place,
    Statement,
    StatementLine,
    get_statement,
    iterate_statement,
)
from ledger_web.rendering import render

# What makes the balance of an account larger, and what makes it smaller.
_COLUMNS: Final = MappingProxyType(
    {
        "customer": (gettext_noop("Charged"), gettext_noop("Paid")),
        "member": (gettext_noop("Charged"), gettext_noop("Paid")),
        "vendor": (gettext_noop("Billed"), gettext_noop("Paid")),
        "employee": (gettext_noop("Earned"), gettext_noop("Paid")),
        "cash": (gettext_noop("In"), gettext_noop("Out")),
        "bank": (gettext_noop("In"), gettext_noop("Out")),
    }
)


@dataclass(frozen=True, slots=True)
class StatedAccount:
    """The account a statement is of: whose it is and how it is spoken of."""

    kind: str
    holder: str
    currency: str
    account_id: uuid.UUID | None

    @property
    def columns(self) -> tuple[str, str]:
        sides = (gettext("Debit"), gettext("Credit"))
        up, down = _COLUMNS.get(self.kind) or (sides if NORMAL_SIDE[self.kind] == "debit" else sides[::-1])
        return gettext(up), gettext(down)


@dataclass(frozen=True, slots=True)
class StatementLinks:
    """Where a page of a statement leads."""

    earlier: str
    later: str
    a4: str
    roll: str
    files: tuple[tuple[str, str], ...]  # a file's kind and its address


AccountOf = Callable[[StatementForm], StatedAccount]  # what is asked may name the currency
More = Callable[[StatedAccount], dict[str, Any]]


def _nothing_more(_: StatedAccount) -> dict[str, Any]:
    return {}


def show(page: str, account_of: AccountOf, more: More = _nothing_more, **context: Any) -> ResponseReturnValue:
    """Answer with the page of a holder, or with the statement that is part of it.

    Args:
        more: What else the page shows of the account.
    """
    form = StatementForm(request.args)
    status = 200 if form.validate() else 422
    account = account_of(form)
    statement = _read_page(form, account)
    return render(
        page,
        "statements/_statement_panel.html",
        status,
        form=form,
        account=account,
        statement=statement,
        links=_links(form, account, statement),
        here=url_for(".show", **_holder()),
        **context,
        **more(account),
    )


def on_paper(account_of: AccountOf, *, phone: str = "") -> ResponseReturnValue:
    """Answer with all lines of the range of days, at most PRINTED_MAX; `later` says that there are more."""
    form = PrintForm(request.args)
    account = account_of(_asked(form))
    statement = get_statement(
        g.tenant.id,
        account.account_id,
        since=form.since.data,
        until=form.until.data,
        after=BEGINNING,
        lines_max=PRINTED_MAX,
    )
    return render(
        "statements/print.html",
        form=form,
        account=account,
        statement=statement,
        phone=phone,
        back=url_for(".show", **_holder()),
    )


def as_file(account_of: AccountOf, ending: str) -> ResponseReturnValue:
    """Answer with the whole range of days as a file, written while it is read."""
    form = _asked(StatementForm(request.args))
    account = account_of(form)
    day = f"-{form.until.data}" if form.until.data else ""
    return download(f"statement-{account.currency}{day}", ending, _rows(form, account))


def _asked(form: StatementForm) -> StatementForm:
    """Return a form that asks for something there is: a sheet or a file cannot show what was wrong."""
    if not form.validate():
        raise NotFoundError("There is no such statement. Choose the days again.")
    return form


def _holder() -> dict[str, Any]:
    """Return whose statement this is, as the addresses name them: {"party_id": …} or {"drawer_id": …}."""
    return {name: value for name, value in (request.view_args or {}).items() if name.endswith("_id")}


def _read_page(form: StatementForm, account: StatedAccount) -> Statement:
    """Return the page a valid form asks for, of a form that is not valid nothing."""
    if form.errors:
        return NOTHING
    return get_statement(
        g.tenant.id,
        account.account_id,
        since=form.since.data,
        until=form.until.data,
        after=form.after_place,
        before=form.before_place,
    )


def _links(form: StatementForm, account: StatedAccount, statement: Statement) -> StatementLinks:
    """Return the addresses of the other pages and forms of a statement."""
    asked: dict[str, Any] = {
        "currency": account.currency,
        "since": form.since.data,
        "until": form.until.data,
        **_holder(),
    }

    def page(name: str, place: Place | None) -> str:
        return url_for(".show", **asked | {name: str(place)}) if place else ""

    return StatementLinks(
        earlier=page("before", statement.earlier),
        later=page("after", statement.later),
        a4=url_for(".statement_print", paper="a4", **asked),
        roll=url_for(".statement_print", paper="80", **asked),
        files=tuple((each.upper(), url_for(".statement_file", ending=each, **asked)) for each in ENDINGS),
    )


def _rows(form: StatementForm, account: StatedAccount) -> Iterator[Row]:
    pages = iterate_statement(g.tenant.id, account.account_id, since=form.since.data, until=form.until.data)
    first = next(pages)
    yield (
        gettext("Day"),
        gettext("Document"),
        gettext("With"),
        gettext("Memo"),
        gettext("By"),
        *account.columns,
        gettext("Balance"),
        gettext("Currency"),
    )
    yield _balance(gettext("Opening balance"), first.opening, account.currency)
    closing = first.opening
    for page in chain([first], pages):
        yield from (_line(line, account.currency) for line in page.lines)
        closing = page.page_closing
    yield _balance(gettext("Closing balance"), closing, account.currency)


def _line(line: StatementLine, currency: str) -> Row:
    return (
        line.day,
        line.title,
        line.party,
        line.memo,
        line.actor,
        amount_cell(line.increase, currency) if line.increase else None,
        amount_cell(line.decrease, currency) if line.decrease else None,
        amount_cell(line.balance, currency),
        currency,
    )


def _balance(title: str, balance: int, currency: str) -> Row:
    return None, title, None, None, None, None, None, amount_cell(balance, currency), currency
