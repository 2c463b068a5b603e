"""Statements as parties and drawers show them: a page, a sheet of paper, a file. No addresses of its own."""

import csv
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from flask import Response, g, stream_with_context, url_for

from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.spreadsheets import amount_cell, text_cell
from ledger_web.forms.statements import StatementForm
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

# What makes the balance of an account larger, and what makes it smaller.
_COLUMNS: Final = MappingProxyType(
    {
        "customer": ("Charged", "Paid"),
        "member": ("Charged", "Paid"),
        "vendor": ("Billed", "Paid"),
        "employee": ("Earned", "Paid"),
        "cash": ("In", "Out"),
        "bank": ("In", "Out"),
    }
)
_BYTE_ORDER_MARK: Final = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else


@dataclass(frozen=True, slots=True)
class StatedAccount:
    """The account a statement is of: whose it is and how it is spoken of."""

    kind: str
    holder: str
    currency: str
    account_id: uuid.UUID | None

    @property
    def columns(self) -> tuple[str, str]:
        sides = ("Debit", "Credit")
        return _COLUMNS.get(self.kind) or (sides if NORMAL_SIDE[self.kind] == "debit" else sides[::-1])


@dataclass(frozen=True, slots=True)
class StatementLinks:
    """Where a page of a statement leads."""

    earlier: str
    later: str
    a4: str
    roll: str
    csv: str


def read_page(form: StatementForm, account: StatedAccount) -> Statement:
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


def read_for_paper(form: StatementForm, account: StatedAccount) -> Statement:
    """Return all lines of the range of days, at most PRINTED_MAX; `later` says that there are more."""
    return get_statement(
        g.tenant.id,
        account.account_id,
        since=form.since.data,
        until=form.until.data,
        after=BEGINNING,
        lines_max=PRINTED_MAX,
    )


def links(
    form: StatementForm, account: StatedAccount, statement: Statement, holder: dict[str, uuid.UUID]
) -> StatementLinks:
    """Return the addresses of the other pages and forms of a statement.

    Args:
        holder: Who it is of, as the addresses name them: {"party_id": …} or {"drawer_id": …}.
    """
    asked: dict[str, Any] = {"currency": account.currency, "since": form.since.data, "until": form.until.data, **holder}

    def page(name: str, place: Place | None) -> str:
        return url_for(".show", **asked | {name: str(place)}) if place else ""

    return StatementLinks(
        earlier=page("before", statement.earlier),
        later=page("after", statement.later),
        a4=url_for(".statement_print", paper="a4", **asked),
        roll=url_for(".statement_print", paper="80", **asked),
        csv=url_for(".statement_csv", **asked),
    )


def csv_answer(form: StatementForm, account: StatedAccount) -> Response:
    """Answer with the whole range as a file, written while it is read."""
    answer = Response(stream_with_context(_csv(form, account)), mimetype="text/csv")
    day = f"-{form.until.data}" if form.until.data else ""
    answer.headers["Content-Disposition"] = f'attachment; filename="statement-{account.currency}{day}.csv"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _csv(form: StatementForm, account: StatedAccount) -> Iterator[str]:
    pages = iterate_statement(g.tenant.id, account.account_id, since=form.since.data, until=form.until.data)
    first = next(pages)
    yield _BYTE_ORDER_MARK
    yield _row("Day", "Document", "With", "Memo", "By", *account.columns, "Balance", "Currency")
    yield _row(
        "", "Opening balance", "", "", "", "", "", amount_cell(first.opening, account.currency), account.currency
    )
    closing = first.opening
    for page in chain([first], pages):
        yield "".join(_line(line, account.currency) for line in page.lines)
        closing = page.page_closing
    yield _row("", "Closing balance", "", "", "", "", "", amount_cell(closing, account.currency), account.currency)


def _line(line: StatementLine, currency: str) -> str:
    return _row(
        str(line.day),
        text_cell(line.title),
        text_cell(line.party),
        text_cell(line.memo),
        text_cell(line.actor),
        amount_cell(line.increase, currency) if line.increase else "",
        amount_cell(line.decrease, currency) if line.decrease else "",
        amount_cell(line.balance, currency),
        currency,
    )


def _row(*cells: str) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
