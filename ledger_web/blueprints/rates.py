"""The shop's table of exchange rates with its history, and the rules for what it buys."""

from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.permissions import PURCHASE_VIEW, RATE_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.payments import offer_first
from ledger_web.forms.rates import BuyingRulesForm, RateForm, RateListForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.rates import get_buying_rules, list_rates
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.rates import record_rate, set_buying_rules

blueprint = Blueprint("rates", __name__, url_prefix="/rates")


@blueprint.get("/")
@permission_required(PURCHASE_VIEW)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.post("/")
@permission_required(RATE_EDIT)
def create() -> ResponseReturnValue:
    form = RateForm(request.form)
    if not form.validate():
        return _show(422, form=form)
    try:
        recorded = record_rate(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), form=form, trouble=error.message)
    say("This rate was written down already." if recorded.replayed else "The rate was written down.")
    return redirect_to(".index")


@blueprint.post("/rules")
@permission_required(RATE_EDIT)
def update_rules() -> ResponseReturnValue:
    form = BuyingRulesForm(request.form)
    if not form.validate():
        return _show(422, rules_form=form)
    try:
        set_buying_rules(form.to_command(form.op_id.data), new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show(status_of(error), rules_form=form, trouble=error.message)
    say("The rules were kept.")
    return redirect_to(".index")


def _show(status: int = 200, **said: Any) -> ResponseReturnValue:
    base_currency = g.tenant.base_currency
    asked = RateListForm(request.args)
    currency = asked.currency.data if asked.validate() else None
    rules = get_buying_rules(g.tenant.id)
    form = said.pop("form", None) or RateForm(data={"currency": currency or "USD", "unit": currency or "USD"})
    if form.valid_on.data is None and not form.valid_on.raw:
        form.valid_on.data = form.valid_on.latest
    for field in (form.currency, form.unit):
        offer_first(field, [currency or "USD", "USD", "EUR", base_currency])
    rules_form = said.pop("rules_form", None) or BuyingRulesForm(
        data={
            "rounding_max": rules.rounding_max,
            "margin_percent": rules.margin_percent,
            "price_ending": rules.price_ending,
        }
    )
    return render(
        "rates/index.html",
        "rates/_rates_panel.html",
        status,
        form=form,
        rules_form=rules_form,
        currency=currency,
        rates=list_rates(g.tenant.id, base_currency, currency),
        **{"trouble": "", **said},
    )
