"""Customers, vendors, employees and members: four nouns, one set of handlers.

Each noun has addresses and endpoints of its own (`customers.show`, `/customers/…`); what they share is here.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from types import MappingProxyType
from typing import Any, Final

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints import statements
from ledger_web.blueprints.statements import StatedAccount
from ledger_web.domain.errors import StaleEditError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.open_items import ageing
from ledger_web.domain.permissions import EMPLOYEE_VIEW, PARTY_CREATE, PARTY_CREDIT_LIMIT, PARTY_EDIT, PARTY_VIEW
from ledger_web.filters import shop_today
from ledger_web.forms.parties import CreditLimitForm, NewPartyForm, PartyActForm, PartyFilterForm, PartyForm
from ledger_web.forms.payments import offer_first
from ledger_web.forms.statements import StatementForm
from ledger_web.identity import PermissionDeniedError, may, may_open, new_act, permission_required
from ledger_web.queries.open_items import list_open_amounts, list_open_items
from ledger_web.queries.parties import PartyDetails, PartyPage, get_party, list_parties
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.parties import archive_party, create_party, edit_party, restore_party, set_credit_limit


@dataclass(frozen=True, slots=True)
class Noun:
    """How a kind of party is spoken of."""

    kind: str
    plural: str  # its blueprint and the first part of its addresses
    title: str  # from here on texts, said by whoever shows them
    new: str
    add: str
    edit: str
    none_yet: str
    money_in: str
    money_out: str


NOUNS: Final = MappingProxyType(
    {
        noun.kind: noun
        for noun in (
            Noun(
                "customer",
                "customers",
                gettext_noop("Customers"),
                gettext_noop("New customer"),
                gettext_noop("Add customer"),
                gettext_noop("Edit customer"),
                gettext_noop("No customers yet"),
                gettext_noop("Take a payment"),
                gettext_noop("Pay back"),
            ),
            Noun(
                "vendor",
                "vendors",
                gettext_noop("Vendors"),
                gettext_noop("New vendor"),
                gettext_noop("Add vendor"),
                gettext_noop("Edit vendor"),
                gettext_noop("No vendors yet"),
                gettext_noop("Take money back"),
                gettext_noop("Pay"),
            ),
            Noun(
                "employee",
                "employees",
                gettext_noop("Employees"),
                gettext_noop("New employee"),
                gettext_noop("Add employee"),
                gettext_noop("Edit employee"),
                gettext_noop("No employees yet"),
                gettext_noop("Take money back"),
                gettext_noop("Pay"),
            ),
            Noun(
                "member",
                "members",
                gettext_noop("Members"),
                gettext_noop("New member"),
                gettext_noop("Add member"),
                gettext_noop("Edit member"),
                gettext_noop("No members yet"),
                gettext_noop("Take a payment"),
                gettext_noop("Pay back"),
            ),
        )
    }
)


@permission_required(PARTY_VIEW)
def index(kind: str) -> ResponseReturnValue:
    form = PartyFilterForm(request.args)
    status = 200 if form.validate() else 422
    parties = _listed(kind, form) if status == 200 else PartyPage((), None, None)
    asked = {"q": form.q.data or None, "standing": form.standing.data or None}
    return render(
        "parties/index.html",
        "parties/_parties_list.html",
        status,
        noun=NOUNS[kind],
        nouns=[each for each in NOUNS.values() if may_open(f"{each.plural}.index")],
        form=form,
        parties=parties,
        before=url_for(".index", before=parties.before, **asked) if parties.before else "",
        after=url_for(".index", after=parties.after, **asked) if parties.after else "",
    )


@permission_required(PARTY_CREATE)
def new(kind: str) -> ResponseReturnValue:
    return _show_new(kind, NewPartyForm(currency=g.tenant.base_currency))


@permission_required(PARTY_CREATE)
def create(kind: str) -> ResponseReturnValue:
    form = NewPartyForm(request.form)
    if not form.validate():
        return _show_new(kind, form, 422)
    command = form.to_command(kind, may_limit=kind == "customer" and may(PARTY_CREDIT_LIMIT))
    party = create_party(command, new_act())
    say(
        gettext("%(name)s was added already.", name=command.name)
        if party.replayed
        else gettext("%(name)s was added.", name=command.name)
    )
    return redirect_to(".show", party_id=party.id)


@permission_required(PARTY_VIEW)
def show(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    if party.merged_into:
        say(gettext("%(name)s was merged into this %(kind)s.", name=party.name, kind=kind))
        return redirect_to(".show", party_id=party.merged_into)
    return statements.show(
        "parties/show.html",
        partial(_account, party),
        partial(_open_items, party),
        noun=NOUNS[kind],
        party=party,
        act=PartyActForm(),
        balances=party.balances,
    )


@permission_required(PARTY_VIEW)
def statement_print(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    return statements.on_paper(partial(_account, party), phone=party.phone)


@permission_required(PARTY_VIEW)
def statement_file(kind: str, party_id: uuid.UUID, ending: str) -> ResponseReturnValue:
    return statements.as_file(partial(_account, get_party(g.tenant.id, party_id, kind)), ending)


@permission_required(PARTY_EDIT)
def edit(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    form = PartyForm(version=party.version, name=party.name, phone=party.phone, note=party.note)
    return _show_edit(party, form)


@permission_required(PARTY_EDIT)
def update(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    form = PartyForm(request.form)
    if not form.validate():
        return _show_edit(party, form, 422)
    try:
        edit_party(form.to_command(party_id, kind), new_act())
    except StaleEditError as error:
        party = get_party(g.tenant.id, party_id, kind)
        form.compare_with(party.version)
        return _show_edit(party, form, 409, trouble=error.message)
    say("Saved.")
    return redirect_to(".show", party_id=party_id)


@permission_required(PARTY_CREDIT_LIMIT)
def edit_credit_limit(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    form = CreditLimitForm(base_currency=party.currency, version=party.version, credit_limit=party.own.credit_limit)
    return _show_credit_limit(party, form)


@permission_required(PARTY_CREDIT_LIMIT)
def update_credit_limit(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, kind)
    form = CreditLimitForm(request.form, base_currency=party.currency)
    if not form.validate():
        return _show_credit_limit(party, form, 422)
    try:
        set_credit_limit(form.to_command(party_id), new_act())
    except StaleEditError as error:
        party = get_party(g.tenant.id, party_id, kind)
        form.compare_with(party.version)
        return _show_credit_limit(party, form, 409, trouble=error.message)
    say("The credit limit was set.")
    return redirect_to(".show", party_id=party_id)


@permission_required(PARTY_EDIT)
def archive(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    form = _sent(PartyActForm(request.form))
    archive_party(form.to_archive(party_id, kind), new_act())
    say("Archived. Nothing more is posted here until it is taken out of the archive.")
    return redirect_to(".show", party_id=party_id)


@permission_required(PARTY_EDIT)
def restore(kind: str, party_id: uuid.UUID) -> ResponseReturnValue:
    form = _sent(PartyActForm(request.form))
    restore_party(form.to_restore(party_id, kind), new_act())
    say("Taken out of the archive.")
    return redirect_to(".show", party_id=party_id)


# The addresses of each noun, behind /customers, /vendors, /employees and /members.
_ADDRESSES: Final[tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...]] = (
    ("GET", "/", index),
    ("GET", "/new", new),
    ("POST", "/", create),
    ("GET", "/<uuid:party_id>", show),
    ("GET", "/<uuid:party_id>/statement", statement_print),
    ("GET", "/<uuid:party_id>/statement.<any(csv, xlsx):ending>", statement_file),
    ("GET", "/<uuid:party_id>/edit", edit),
    ("POST", "/<uuid:party_id>", update),
    ("POST", "/<uuid:party_id>/archive", archive),
    ("POST", "/<uuid:party_id>/archive/delete", restore),
)
_OF_CUSTOMERS: Final[tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...]] = (
    ("GET", "/<uuid:party_id>/credit-limit", edit_credit_limit),
    ("POST", "/<uuid:party_id>/credit-limit", update_credit_limit),
)


def _of_employees(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Ask for more where pages show what people earn."""
    if view.permission not in {PARTY_VIEW, PARTY_CREATE}:  # type: ignore[attr-defined]
        return view

    @wraps(view)
    def guarded(**values: Any) -> ResponseReturnValue:
        return view(**values)

    return permission_required(EMPLOYEE_VIEW)(guarded)


def check_may_see(kind: str) -> None:
    """Refuse what is about an employee to whoever may not see what they earn.

    Raises:
        PermissionDeniedError: It is.
    """
    if kind == "employee" and not may(EMPLOYEE_VIEW):
        raise PermissionDeniedError


def _blueprint_of(noun: Noun) -> Blueprint:
    blueprint = Blueprint(noun.plural, __name__, url_prefix=f"/{noun.plural}")
    for method, rule, shared in _ADDRESSES + (_OF_CUSTOMERS if noun.kind == "customer" else ()):
        view = _of_employees(shared) if noun.kind == "employee" else shared
        blueprint.add_url_rule(rule, view.__name__, view, methods=[method], defaults={"kind": noun.kind})
    return blueprint


blueprints: Final = tuple(_blueprint_of(noun) for noun in NOUNS.values())


def _sent(form: PartyActForm) -> PartyActForm:
    form.validate_or_refuse()
    return form


def _listed(kind: str, form: PartyFilterForm) -> PartyPage:
    return list_parties(
        g.tenant.id,
        kind,
        search=form.q.data or "",
        standing=form.standing.data or "",
        after=form.after.data,
        before=form.before.data,
    )


def _account(party: PartyDetails, form: StatementForm) -> StatedAccount:
    """Return the account in the currency asked for, otherwise in the party's own."""
    balance = party.in_currency(form.currency.data or party.currency)
    return StatedAccount(party.kind, party.name, balance.currency, balance.account_id)


def _open_items(party: PartyDetails, account: StatedAccount) -> dict[str, Any]:
    """Return what of the account is not settled, for the page."""
    asked = (g.tenant.id, party.id, account.currency)
    return {
        "charges": list_open_items(*asked, "charge"),
        "credits": list_open_items(*asked, "credit"),
        "ageing": ageing(list_open_amounts(*asked, "charge"), shop_today()),
    }


def _show_new(kind: str, form: NewPartyForm, status: int = 200) -> ResponseReturnValue:
    offer_first(form.currency, [g.tenant.base_currency])
    return render("parties/new.html", "parties/_new_party_form.html", status, noun=NOUNS[kind], form=form)


def _show_edit(party: PartyDetails, form: PartyForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "parties/edit.html",
        "parties/_party_form.html",
        status,
        noun=NOUNS[party.kind],
        party=party,
        form=form,
        trouble=trouble,
    )


def _show_credit_limit(
    party: PartyDetails, form: CreditLimitForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    return render(
        "parties/credit_limit.html",
        "parties/_credit_limit_form.html",
        status,
        noun=NOUNS[party.kind],
        party=party,
        form=form,
        trouble=trouble,
    )
