"""The page of those who run the system: all shops by address, how each stands, and what is done about it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, current_app, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import ConflictError, LedgerError, NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import OPERATORS_ACT, OPERATORS_VIEW
from ledger_web.error_pages import status_of
from ledger_web.forms.operators import DeletionForm, LinkForm, MoveForm, OpeningForm, PlacesForm, ReasonForm
from ledger_web.identity import new_act, permission_required
from ledger_web.models.base import directory_session
from ledger_web.queries.domains import list_domains
from ledger_web.queries.health import get_health
from ledger_web.queries.operators import (
    PlaceRow,
    find_last_check,
    get_facts,
    get_place_at,
    get_system,
    list_owners,
    list_places,
)
from ledger_web.queries.readiness import list_refusals
from ledger_web.queries.recalculation import list_runs
from ledger_web.queries.tenants import find_tenant
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.operators import NoteAct, NoteRefusal, note_act, note_refusal
from ledger_web.services.people import MadeLink, RescueOwner, rescue_owner
from ledger_web.services.shop_lifecycle import (
    Behest,
    DeleteShop,
    MoveShop,
    ResumeShop,
    SuspendShop,
    TakeShopBack,
    delete_shop,
    move_shop,
    resume_shop,
    suspend_shop,
    take_shop_back,
)
from ledger_web.services.tenants import open_shop, tenant_id_of
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.tenancy import address_of, operators_only

blueprint = Blueprint("operators", __name__)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done to a shop: in which states it is offered, and what is said before and after."""

    label: str
    states: frozenset[str]
    form: type[ReasonForm]
    warning: str
    done: str
    carry_out: Callable[[ReasonForm, Behest, UnitOfWork], object] | None = None  # None: it answers with a link


_THERE: Final = frozenset({"active", "suspended"})
ACTS: Final[dict[str, Act]] = {
    "suspension": Act(
        gettext_noop("Suspend"),
        frozenset({"active"}),
        ReasonForm,
        gettext_noop("Everything can be read and exported there, and nothing is changed, from the next click on."),
        gettext_noop("The shop is suspended."),
        lambda _, behest, shop: suspend_shop(SuspendShop(behest), shop),
    ),
    "resumption": Act(
        gettext_noop("Let it go on"),
        frozenset({"suspended"}),
        ReasonForm,
        gettext_noop("People sell and post there again."),
        gettext_noop("The shop goes on."),
        lambda _, behest, shop: resume_shop(ResumeShop(behest), shop),
    ),
    "move": Act(
        gettext_noop("Another address"),
        _THERE,
        MoveForm,
        gettext_noop("The old address leads to the new one for 90 days and is nobody else's for a year."),
        gettext_noop("The shop has its new address."),
        lambda form, behest, shop: move_shop(MoveShop(slug=form["slug"].data, behest=behest), shop),
    ),
    "link": Act(
        gettext_noop("Link for an owner"),
        _THERE,
        LinkForm,
        gettext_noop("For an owner who lost the password or the phone: make sure who asks. The shop's audit tells it."),
        "",
    ),
    "deletion": Act(
        gettext_noop("Delete"),
        _THERE,
        DeletionForm,
        gettext_noop("The address is closed to everybody at once. For 30 days the shop can be had back."),
        gettext_noop("The shop is deleted. It can be had back for 30 days."),
        lambda _, behest, shop: delete_shop(DeleteShop(behest), shop),
    ),
    "restoration": Act(
        gettext_noop("Take it back"),
        frozenset({"deleted"}),
        ReasonForm,
        gettext_noop("The shop answers at its address again, as it was."),
        gettext_noop("The shop is back."),
        lambda _, behest, shop: take_shop_back(TakeShopBack(behest), shop),
    ),
}
_ACT: Final = f"/shops/at/<slug>/<any({','.join(ACTS)}):name>"


@blueprint.get("/shops/")
@permission_required(OPERATORS_VIEW)
@operators_only
def index() -> ResponseReturnValue:
    form = PlacesForm(request.args)
    if not form.validate():
        return render("operators/index.html", "operators/_shops_list.html", 422, form=form, places=None, further="")
    places = list_places(
        prefix=(form.q.data or "").lower(), status=form.state.data or None, after=(form.after.data or "").lower()
    )
    further = url_for(".index", **form.in_address, after=places.after) if places.after else ""
    return render("operators/index.html", "operators/_shops_list.html", form=form, places=places, further=further)


@blueprint.get("/shops/at/<slug>")
@permission_required(OPERATORS_VIEW)
@operators_only
def show(slug: str) -> ResponseReturnValue:
    place = get_place_at(slug)
    return render(
        "operators/show.html",
        place=place,
        acts={name: act for name, act in ACTS.items() if place.status in act.states},
        address=address_of(place.slug),
        facts=get_facts(place.tenant_id),
        health=get_health(place.tenant_id),
        domains=list_domains(place.tenant_id),
        run=next(iter(list_runs(place.tenant_id, 1)), None),
    )


@blueprint.get(_ACT)
@permission_required(OPERATORS_ACT)
@operators_only
def confirm(slug: str, name: str) -> ResponseReturnValue:
    place = get_place_at(slug)
    return _show_act(place, name, _with_owners(place, ACTS[name].form()))


@blueprint.post(_ACT)
@permission_required(OPERATORS_ACT)
@operators_only
def create_act(slug: str, name: str) -> ResponseReturnValue:
    """Do it, with a line in our own log before and one in the shop's audit; sent twice it is done once."""
    place, act = get_place_at(slug), ACTS[name]
    form = _with_owners(place, act.form(request.form))
    if not form.validate():
        return _show_act(place, name, form, 422)
    if isinstance(form, DeletionForm) and form.typed.data != place.slug:
        return _show_act(place, name, form, 422, gettext("That is another address. Nothing was deleted."))
    try:
        outcome = _carry_out(place, name, form)
    except (RuleViolationError, ConflictError) as refusal:
        return _show_act(place, name, form, status_of(refusal), refusal.message)
    if isinstance(outcome, MadeLink):
        return _show_link(place, outcome)
    say(act.done)
    return redirect_to(".show", slug=outcome if name == "move" else place.slug)


@blueprint.get("/shops/new")
@permission_required(OPERATORS_ACT)
@operators_only
def new() -> ResponseReturnValue:
    return _show_opening(OpeningForm())


@blueprint.post("/shops/")
@permission_required(OPERATORS_ACT)
@operators_only
def create() -> ResponseReturnValue:
    """Open a shop for somebody, and show the link with which they choose their own password."""
    form = OpeningForm(request.form)
    if not form.validate():
        return _show_opening(form, 422)
    behest, tenant_id = _behest(form), tenant_id_of(form.op_id.data)
    note_act(NoteAct(act="opening", shop=form.slug.data, reason=behest.reason), new_act())
    try:
        slug = open_shop(form.to_opening(), UnitOfWork(tenant_id)).slug
    except (RuleViolationError, ConflictError) as refusal:
        found = find_tenant(form.slug.data.lower())
        if found is None or found.tenant_id != tenant_id:  # otherwise the same form came twice
            note_refusal(NoteRefusal(shop=form.slug.data, why=refusal.message), new_act())
            return _show_opening(form, status_of(refusal), refusal.message)
        slug = found.slug
    owner = list_owners(tenant_id)[0]
    link = rescue_owner(RescueOwner(user_id=owner.id, kind="invitation", behest=behest), UnitOfWork(tenant_id))
    return _show_link(get_place_at(slug), link)


@blueprint.get("/system")
@permission_required(OPERATORS_VIEW)
@operators_only
def system() -> ResponseReturnValue:
    """Show how all of it stands, by figures that cost the same for ten shops and for ten thousand."""
    facts = get_system()
    return render(
        "operators/system.html",
        facts=facts,
        refusals=list_refusals(directory_session(), schema_head=facts.schema, check_durability=True),
        check=find_last_check(g.tenant.id),
        is_mailed=mail.is_configured(),
        signs_up=current_app.config["SIGN_UP"],
    )


def _carry_out(place: PlaceRow, name: str, form: ReasonForm) -> object:
    behest, shop = _behest(form), UnitOfWork(place.tenant_id)
    note_act(NoteAct(act=name, shop=place.slug, reason=behest.reason), new_act())
    try:
        carry_out = ACTS[name].carry_out
        if carry_out is not None:
            return carry_out(form, behest, shop)
        return rescue_owner(_to_rescue(form, behest), shop)
    except LedgerError as refusal:
        note_refusal(NoteRefusal(shop=place.slug, why=refusal.message), new_act())
        raise


def _to_rescue(form: ReasonForm, behest: Behest) -> RescueOwner:
    kind = "rescue" if form["lost_phone"].data else "reset"
    return RescueOwner(user_id=uuid.UUID(form["owner"].data), kind=kind, behest=behest)


def _behest(form: ReasonForm | OpeningForm) -> Behest:
    return Behest(op_id=form.op_id.data, operator=g.identity.user_name, reason=form.reason.data)


def _with_owners(place: PlaceRow, form: ReasonForm) -> ReasonForm:
    if isinstance(form, LinkForm):
        owners = list_owners(place.tenant_id)
        form.owner.choices = [(str(owner.id), f"{owner.name} ({owner.login})") for owner in owners]
    return form


def _show_act(
    place: PlaceRow, name: str, form: ReasonForm, status: int = 200, trouble: str = ""
) -> ResponseReturnValue:
    if place.status not in ACTS[name].states and status == 200:
        raise NotFoundError
    return render(
        "operators/act.html",
        "operators/_act_form.html",
        status,
        place=place,
        name=name,
        act=ACTS[name],
        form=form,
        trouble=trouble,
    )


def _show_opening(form: OpeningForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render("operators/new.html", "operators/_opening_form.html", status, form=form, trouble=trouble)


def _show_link(place: PlaceRow, link: MadeLink) -> ResponseReturnValue:
    address = f"{address_of(place.slug)}links/{link.token}" if link.token else ""
    return render("operators/link.html", "operators/_link_panel.html", place=place, link=link, address=address)
