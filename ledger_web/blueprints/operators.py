"""The page of those who run the system: all shops by address, how each stands, and what is done about it."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.permissions import OPERATORS_VIEW
from ledger_web.forms.operators import PlacesForm
from ledger_web.identity import permission_required
from ledger_web.queries.domains import list_domains
from ledger_web.queries.health import get_health
from ledger_web.queries.operators import get_facts, get_place_at, list_places
from ledger_web.queries.recalculation import list_runs
from ledger_web.rendering import render
from ledger_web.tenancy import address_of, operators_only

blueprint = Blueprint("operators", __name__, url_prefix="/shops")


@blueprint.get("/")
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


@blueprint.get("/at/<slug>")
@permission_required(OPERATORS_VIEW)
@operators_only
def show(slug: str) -> ResponseReturnValue:
    place = get_place_at(slug)
    return render(
        "operators/show.html",
        place=place,
        address=address_of(place.slug),
        facts=get_facts(place.tenant_id),
        health=get_health(place.tenant_id),
        domains=list_domains(place.tenant_id),
        run=next(iter(list_runs(place.tenant_id, 1)), None),
    )
