"""The front page of a shop: today at a glance."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.permissions import DRAWER_VIEW, HOME_VIEW, SALE_VIEW, USER_MANAGE
from ledger_web.identity import may, permission_required
from ledger_web.queries.home import get_today, list_drawer_money, list_last_sales
from ledger_web.rendering import render

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@permission_required(HOME_VIEW)
def index() -> ResponseReturnValue:
    tenant = g.tenant
    return render(
        "home/index.html",
        today=get_today(tenant.id) if may(SALE_VIEW) else None,
        drawers=list_drawer_money(tenant.id) if may(DRAWER_VIEW) else None,
        sales=list_last_sales(tenant.id) if may(SALE_VIEW) else None,
        asks_for_proof=g.identity.lacks_proof and may(USER_MANAGE) and mail.is_configured(),
    )
