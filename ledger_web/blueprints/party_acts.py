"""Salaries, deductions, dues and waivers; setting off; merging two parties that are one person."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.blueprints.parties import NOUNS
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.ids import parse_id
from ledger_web.domain.journal import NORMAL_SIDE
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import EXPENSE_CREATE, JOURNAL_POST, PARTY_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.party_acts import (
    DeductionForm,
    DuesForm,
    MergeForm,
    OtherPartyAimForm,
    PartyMoneyForm,
    SalaryForm,
    SetOffForm,
    WaiverForm,
)
from ledger_web.forms.payments import offer_first
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.parties import PartyDetails, get_party, list_parties
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.merges import merge_parties
from ledger_web.services.party_acts import accrue_salary, charge_dues, deduct_salary, set_off, waive_dues
from ledger_web.services.unit_of_work import Recorded, UnitOfWork

blueprint = Blueprint("party_acts", __name__, url_prefix="/parties")

OTHERS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class PartyAct:
    """An act that moves one amount: whose it is, how it introduces itself, and what does it."""

    kind: str
    title: str
    note: str
    button: str
    form: type[PartyMoneyForm]
    fields: tuple[str, ...]  # besides amount and currency, in order
    service: Callable[[Any, UnitOfWork], Recorded]


ACTS: Final = MappingProxyType(
    {
        "salaries": PartyAct(
            "employee",
            gettext_noop("Salary earned"),
            gettext_noop("What they have earned from the shop. Pay it afterwards; an advance is settled with it."),
            gettext_noop("Write it down"),
            SalaryForm,
            ("memo",),
            accrue_salary,
        ),
        "deductions": PartyAct(
            "employee",
            gettext_noop("Deduction"),
            gettext_noop("Taken off what the shop owes them: goods they took home, a shortage in their drawer."),
            gettext_noop("Deduct"),
            DeductionForm,
            ("purpose", "memo"),
            deduct_salary,
        ),
        "dues": PartyAct(
            "member",
            gettext_noop("Charge dues"),
            gettext_noop("What they owe for their membership. What they paid ahead settles it."),
            gettext_noop("Charge"),
            DuesForm,
            ("memo", "expires_on"),
            charge_dues,
        ),
        "waivers": PartyAct(
            "member",
            gettext_noop("Waive dues"),
            gettext_noop("Dues they need not pay. No more than they owe."),
            gettext_noop("Waive"),
            WaiverForm,
            ("memo",),
            waive_dues,
        ),
    }
)
_ACT: Final = "/<uuid:party_id>/<any(salaries, deductions, dues, waivers):act>"


@blueprint.get(f"{_ACT}/new")
@permission_required(EXPENSE_CREATE)
def new(party_id: uuid.UUID, act: str) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, ACTS[act].kind)
    return _show_new(party, act, ACTS[act].form(currency=party.currency))


@blueprint.post(f"{_ACT}/")
@permission_required(EXPENSE_CREATE)
def create(party_id: uuid.UUID, act: str) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id, ACTS[act].kind)
    form = ACTS[act].form(request.form)
    if not form.validate():
        return _show_new(party, act, form, 422)
    try:
        done = ACTS[act].service(form.to_command(party_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_new(party, act, form, status_of(error), error.message)
    say("This was written down already." if done.replayed else "It is in the books.")
    return redirect_to(_page_of(party), party_id=party_id, currency=form.currency.data)


@blueprint.get("/<uuid:party_id>/set-offs/new")
@permission_required(JOURNAL_POST)
def new_set_off(party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id)
    return _show_set_off(party, SetOffForm(currency=party.currency))


@blueprint.post("/<uuid:party_id>/set-offs/")
@permission_required(JOURNAL_POST)
def create_set_off(party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id)
    form = SetOffForm(request.form)
    form.other_id.choices = _chosen(form.other_id.data)
    if not form.validate():
        return _show_set_off(party, form, 422)
    try:
        done = set_off(form.to_command(party_id, is_owing=_is_owing(party)), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_set_off(party, form, status_of(error), error.message)
    say("This was set off already." if done.replayed else "It is set off.")
    return redirect_to(_page_of(party), party_id=party_id, currency=form.currency.data)


@blueprint.get("/<uuid:party_id>/merges/new")
@permission_required(PARTY_EDIT)
def new_merge(party_id: uuid.UUID) -> ResponseReturnValue:
    return _show_merge(get_party(g.tenant.id, party_id), MergeForm())


@blueprint.post("/<uuid:party_id>/merges/")
@permission_required(PARTY_EDIT)
def create_merge(party_id: uuid.UUID) -> ResponseReturnValue:
    party = get_party(g.tenant.id, party_id)
    form = MergeForm(request.form)
    form.other_id.choices = _chosen(form.other_id.data)
    if not form.validate():
        return _show_merge(party, form, 422)
    try:
        merged = merge_parties(form.to_command(party_id), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_merge(party, form, status_of(error), error.message)
    say(
        "These were merged already."
        if merged.replayed
        else gettext("%(name)s is merged into this one.", name=party.name)
    )
    return redirect_to(_page_of(party), party_id=merged.id)


def _page_of(party: PartyDetails) -> str:
    return f"{NOUNS[party.kind].plural}.show"


def _is_owing(party: PartyDetails) -> bool:
    return NORMAL_SIDE[party.kind] == "debit"


def _chosen(other_id: str | None) -> list[tuple[uuid.UUID, str]]:
    """Return the party that was chosen as the one choice there is; whether it fits is for the service to say."""
    id = parse_id(other_id or "")
    if id is None:
        return []
    try:
        other = get_party(g.tenant.id, id)
    except NotFoundError:
        return []
    return [(other.id, other.name)]


def _candidates(party: PartyDetails, kinds: Collection[str]) -> list[tuple[uuid.UUID, str]]:
    """Return parties of these kinds by the words that are searched for: at first those of the party's own name."""
    aim = OtherPartyAimForm(request.args)
    search = (aim.q.data or "") if aim.validate() and "q" in request.args else party.name.split()[0]
    return [
        (row.id, " · ".join(filter(None, [row.name, kind if len(kinds) > 1 else "", row.phone])))
        for kind in kinds
        for row in list_parties(g.tenant.id, kind, search=search, rows_max=OTHERS_MAX).rows
        if row.id != party.id
    ]


def _show_new(
    party: PartyDetails, act: str, form: PartyMoneyForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    offer_first(form.currency, [party.currency, *(each.currency for each in party.balances), g.tenant.base_currency])
    return render(
        "parties/new_act.html",
        "parties/_act_form.html",
        status,
        party=party,
        act=ACTS[act],
        action=url_for(".create", party_id=party.id, act=act),
        back=url_for(_page_of(party), party_id=party.id),
        form=form,
        trouble=trouble,
    )


def _show_set_off(party: PartyDetails, form: SetOffForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    kinds = ("vendor", "employee") if _is_owing(party) else ("customer", "member")
    form.other_id.choices = _with_candidates(form.other_id.choices, _candidates(party, kinds))
    offer_first(form.currency, [each.currency for each in party.balances if each.balance])
    return _show_other(party, form, "parties/set_off.html", "parties/_set_off_form.html", status, trouble)


def _show_merge(party: PartyDetails, form: MergeForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    form.other_id.choices = _with_candidates(form.other_id.choices, _candidates(party, (party.kind,)))
    return _show_other(party, form, "parties/merge.html", "parties/_merge_form.html", status, trouble)


def _with_candidates(
    chosen: list[tuple[uuid.UUID, str]], candidates: list[tuple[uuid.UUID, str]]
) -> list[tuple[uuid.UUID, str]]:
    return [*candidates, *(each for each in chosen if each[0] not in dict(candidates))]


def _show_other(
    party: PartyDetails, form: SetOffForm | MergeForm, page: str, fragment: str, status: int, trouble: str
) -> ResponseReturnValue:
    return render(
        page,
        fragment,
        status,
        party=party,
        noun=NOUNS[party.kind],
        searched=request.args.get("q", party.name.split()[0]),
        back=url_for(_page_of(party), party_id=party.id),
        form=form,
        trouble=trouble,
    )
