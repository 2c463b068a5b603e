"""Who did what: the audit, and what stands out in it."""

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web.domain.audit import SIGNALS
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import AUDIT_VIEW, role_name
from ledger_web.forms.audit import AREAS_OF_OPERATORS, AuditForm
from ledger_web.identity import permission_required
from ledger_web.queries.audit import list_actors, list_events, list_signals
from ledger_web.queries.people import list_roles
from ledger_web.rendering import render
from ledger_web.tenancy import operators_too

DAYS = 30

blueprint = Blueprint("audit", __name__, url_prefix="/admin/audit")


@blueprint.get("/")
@permission_required(AUDIT_VIEW)
@operators_too
def index() -> ResponseReturnValue:
    form = AuditForm(request.args)
    if g.tenant.is_operators:
        form.area.choices = [(area, gettext(label)) for area, label in AREAS_OF_OPERATORS]
    form.person.choices = [("", gettext("Everybody")), *list_actors(g.tenant.id)]
    if not form.validate():
        return render("audit/index.html", "audit/_events_list.html", 422, form=form, events=None, older="")
    page = list_events(g.tenant.id, form.to_asked())
    roles = {str(role.id): role_name(role.name) for role in list_roles(g.tenant.id)}
    older = url_for(".index", **form.in_address, before=page.older_than) if page.older_than else ""
    return render("audit/index.html", "audit/_events_list.html", form=form, events=page, roles=roles, older=older)


@blueprint.get("/people")
@permission_required(AUDIT_VIEW)
def people() -> ResponseReturnValue:
    return render("audit/people.html", people=list_signals(g.tenant.id, DAYS), signals=SIGNALS, days=DAYS)
