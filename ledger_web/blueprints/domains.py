"""Domains of the shop's own: which there are, what their DNS must say, and whether it does."""

import uuid

from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, RuleViolationError, TooManyAttemptsError
from ledger_web.domain.hosts import PROOF, proof_at
from ledger_web.domain.languages import Texts
from ledger_web.domain.permissions import DOMAIN_MANAGE
from ledger_web.error_pages import status_of
from ledger_web.forms.domains import DomainActForm, DomainForm
from ledger_web.identity import new_act, permission_required
from ledger_web.name_servers import texts_at
from ledger_web.queries.domains import get_domain, list_domains
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.domains import (
    FAILING,
    LOST,
    MISSING,
    PROVED,
    AskNames,
    ProveDomain,
    claim_domain,
    may_ask_names,
    prove_domain,
    release_domain,
)

SAID = Texts(
    {
        PROVED: "%(host)s leads to this shop now.",
        MISSING: "The record for %(host)s is not there yet. New records take from minutes to a few hours.",
        FAILING: "The record for %(host)s is gone. Put it back: otherwise the name leads here only for three days.",
        LOST: "%(host)s does not lead to this shop any more.",
    }
)

blueprint = Blueprint("domains", __name__, url_prefix="/admin/domains")


@blueprint.get("/")
@permission_required(DOMAIN_MANAGE)
def index() -> ResponseReturnValue:
    return _show(DomainForm())


@blueprint.post("/")
@permission_required(DOMAIN_MANAGE)
def create() -> ResponseReturnValue:
    form = DomainForm(request.form)
    if not form.validate():
        return _show(form, 422)
    try:
        claim_domain(form.to_command(current_app.config["BASE_DOMAIN"]), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(form, status_of(refusal), refusal.message)
    say("Added. Put the two records into the DNS of the domain, then check them here.")
    return redirect_to(".index")


@blueprint.post("/<uuid:claim_id>/proofs")
@permission_required(DOMAIN_MANAGE)
def create_proof(claim_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the DNS for the proof. Asked twice it is asked twice, and that is all."""
    form, claim = DomainActForm(request.form), get_domain(g.tenant.id, claim_id)
    if not form.validate():
        return _show(DomainForm(), 422, " ".join(form.sentences))
    try:
        may_ask_names(AskNames(claim_id), new_act())
        found = texts_at(proof_at(claim.host))
        outcome = prove_domain(ProveDomain(claim_id=claim_id, found=found), new_act())
    except (RuleViolationError, ConflictError, TooManyAttemptsError) as refusal:
        return _show(DomainForm(), status_of(refusal), refusal.message)
    say(SAID[outcome] % {"host": claim.host}, "good" if outcome == PROVED else "warn")
    return redirect_to(".index")


@blueprint.post("/<uuid:claim_id>/delete")
@permission_required(DOMAIN_MANAGE)
def delete(claim_id: uuid.UUID) -> ResponseReturnValue:
    form = DomainActForm(request.form)
    if not form.validate():
        return _show(DomainForm(), 422, " ".join(form.sentences))
    release_domain(form.to_release(claim_id), new_act())
    say("The domain was taken away. Whoever comes by it finds nothing here.")
    return redirect_to(".index")


def _show(form: DomainForm, status: int = 200, trouble: str = "") -> ResponseReturnValue:
    return render(
        "domains/index.html",
        "domains/_domains_panel.html",
        status,
        form=form,
        act=DomainActForm(),
        domains=list_domains(g.tenant.id),
        own_host=f"{g.tenant.slug}.{current_app.config['BASE_DOMAIN']}",
        proof_at=proof_at,
        proof=PROOF,
        trouble=trouble,
    )
