"""How the shop's scales write their codes, with a tester that shows how a sample is read."""

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError
from ledger_web.domain.internal_codes import PREFIX as INTERNAL_PREFIX
from ledger_web.domain.languages import gettext
from ledger_web.domain.measures import KINDS, PREFIXES
from ledger_web.domain.permissions import BARCODE_ASSIGN, SETTINGS_EDIT
from ledger_web.error_pages import status_of
from ledger_web.forms.scans import MeasureRuleForm, MeasureRuleRemovalForm, SampleForm
from ledger_web.identity import new_act, permission_required
from ledger_web.queries.measure_rules import list_measure_rules, read_sample
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services import measure_rules as services

blueprint = Blueprint("measure_rules", __name__, url_prefix="/admin/barcodes")

DEFAULTS = {"kind": "weight", "item_digits": 5, "value_digits": 5, "decimals": 3}


@blueprint.get("/")
@permission_required(BARCODE_ASSIGN)
def index() -> ResponseReturnValue:
    sample = SampleForm(request.args)
    return _show(200 if sample.validate() else 422, fragment="measure_rules/_sample.html", sample=sample)


@blueprint.post("/")
@permission_required(SETTINGS_EDIT)
def create() -> ResponseReturnValue:
    form = MeasureRuleForm(request.form)
    if not form.validate():
        return _show(422, form=form)
    try:
        services.create_measure_rule(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(status_of(refusal), form=form, trouble=refusal.message)
    return _done(gettext("Codes that begin with %(data)s are read now.", data=form.prefix.data))


@blueprint.post("/<uuid:rule_id>/delete")
@permission_required(SETTINGS_EDIT)
def delete(rule_id: uuid.UUID) -> ResponseReturnValue:
    form = MeasureRuleRemovalForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.remove_measure_rule(form.to_command(rule_id), new_act())
    return _done(gettext("The rule was removed. Its codes mean nothing now."))


def _done(sentence: str) -> ResponseReturnValue:
    say(sentence)
    return _show() if wants_fragment() else redirect_to(".index")


def _show(
    status: int = 200,
    *,
    fragment: str = "measure_rules/_measure_rules.html",
    form: MeasureRuleForm | None = None,
    sample: SampleForm | None = None,
    trouble: str = "",
) -> ResponseReturnValue:
    rules = list_measure_rules(g.tenant.id)
    sample = sample or SampleForm()
    return render(
        "measure_rules/index.html",
        fragment,
        status,
        rules=rules,
        kinds=KINDS,
        prefixes=PREFIXES,
        internal_prefix=INTERNAL_PREFIX,
        form=form or MeasureRuleForm(data=DEFAULTS),
        trouble=trouble,
        sample_form=sample,
        readings=read_sample(rules, sample.sample.data or ""),
    )
