"""Money put into a drawer or a bank account by hand, and taken out: pages that both have. No addresses of its own.

Whoever uses it has the endpoints `.show`, `.create_pay_in` and `.create_pay_out`, whose addresses name the holder by
its id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.expenses import DRAWING, purpose_of
from ledger_web.domain.places import Place
from ledger_web.error_pages import status_of
from ledger_web.forms.drawers import PayInForm, PayOutForm
from ledger_web.forms.payments import offer_first
from ledger_web.identity import new_act
from ledger_web.queries.accounts import list_categories
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.drawers import pay_in, pay_out
from ledger_web.services.unit_of_work import Recorded, UnitOfWork


@dataclass(frozen=True, slots=True)
class Holder:
    """A drawer or a bank account, as these pages speak of it."""

    place: Place
    name: str
    currencies: tuple[str, ...]  # offered before all others; the first is chosen already
    money: tuple[tuple[int, str], ...]  # what is in it: amount > 0 and its currency

    @property
    def address(self) -> dict[str, Any]:
        return {"drawer_id" if self.place.kind == "cash" else "bank_id": self.place.id}


@dataclass(frozen=True, slots=True)
class _Way:
    """In or out: the word its templates and endpoints are called by, the act, and what is said of it."""

    word: str
    act: Callable[[Any, UnitOfWork], Recorded]
    done: str
    done_before: str


_IN: Final = _Way("pay_in", pay_in, "The money was paid in.", "This was paid in already.")
_OUT: Final = _Way("pay_out", pay_out, "The money was paid out.", "This was paid out already.")


def new_pay_in(holder: Holder) -> ResponseReturnValue:
    return _show(_IN, holder, PayInForm(currency=holder.currencies[0]))


def create_pay_in(holder: Holder) -> ResponseReturnValue:
    return _create(_IN, holder, PayInForm(request.form))


def new_pay_out(holder: Holder) -> ResponseReturnValue:
    return _show(_OUT, holder, _with_purposes(PayOutForm(currency=holder.currencies[0])))


def create_pay_out(holder: Holder) -> ResponseReturnValue:
    return _create(_OUT, holder, _with_purposes(PayOutForm(request.form)))


def _create(way: _Way, holder: Holder, form: PayInForm | PayOutForm) -> ResponseReturnValue:
    if not form.validate():
        return _show(way, holder, form, 422)
    try:
        recorded = way.act(form.to_command(holder.place), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(way, holder, form, status_of(error), trouble=error.message)
    say(way.done_before if recorded.replayed else way.done)
    return redirect_to(".show", **holder.address, currency=form.currency.data)


def _with_purposes(form: PayOutForm) -> PayOutForm:
    """Offer what money may be paid out for: every category of expenses, and the owner."""
    expenses = [(each.value, each.name) for each in list_categories(g.tenant.id, "expense")]
    form.category.choices = [*expenses, (DRAWING, purpose_of(DRAWING))]
    return form


def _show(
    way: _Way, holder: Holder, form: PayInForm | PayOutForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    offer_first(form.currency, holder.currencies)
    return render(
        f"drawers/new_{way.word}.html",
        f"drawers/_{way.word}_form.html",
        status,
        holder=holder.name,
        money=holder.money,
        action=url_for(f".create_{way.word}", **holder.address),
        back=url_for(".show", **holder.address),
        form=form,
        trouble=trouble,
    )
