"""Domains of a shop's own: claimed by anybody, led here only once the name's DNS says so, and one shop's only.

Who may change what the DNS says of a name has the name. So the proof is a record there with the token of one claim of
one shop. That a request reaches us under the name proves nothing: whoever sends it writes the name into it.
"""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ledger_web.domain.errors import ConflictError, DomainTakenError, NotFoundError, RuleViolationError
from ledger_web.domain.hosts import PROOF, check_host
from ledger_web.domain.languages import gettext
from ledger_web.domain.tokens import new_token
from ledger_web.services import throttle
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

CLAIMS_MAX: Final = 5
CHECKS_MAX: Final = 12  # within 15 minutes, of one shop
PROVED, MISSING, FAILING, LOST = "proved", "missing", "failing", "lost"


@dataclass(frozen=True, kw_only=True)
class ClaimDomain:
    """A shop wants to be reached under a name of its own."""

    id: uuid.UUID
    host: str  # as it was typed
    base_domain: str


@dataclass(frozen=True)
class AskNames:
    """Somebody wants the DNS to be asked about a claim."""

    claim_id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class ProveDomain:
    """Somebody asked the DNS for the proof of a claim."""

    claim_id: uuid.UUID
    found: tuple[str, ...] = field(repr=False)  # what the DNS says


@dataclass(frozen=True, kw_only=True)
class ReleaseDomain:
    """A shop gives a name up."""

    op_id: uuid.UUID
    claim_id: uuid.UUID


@whole_act
def claim_domain(command: ClaimDomain, uow: UnitOfWork) -> Recorded:
    """Keep a claim for a week; nothing leads anywhere by it.

    Raises:
        InvalidDomainError: It is no name of a host, or one of ours.
        RuleViolationError: The shop has claimed this name already, or too many.
    """
    host = check_host(command.host, command.base_domain)
    with uow:
        if uow.is_resubmission(replace(command, host=host), id=command.id):
            return Recorded(command.id, replayed=True)
        uow.execute("SELECT 1 FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE")  # one claim at a time
        uow.execute(
            """
            DELETE FROM domain_claims
             WHERE tenant_id = %(tenant_id)s AND proved_at IS NULL AND claimed_at < now() - interval '7 days'
            """
        )
        claimed = uow.execute("SELECT host FROM domain_claims WHERE tenant_id = %(tenant_id)s").scalars().all()
        if host in claimed:
            raise RuleViolationError(gettext("%(host)s is in the list already.", host=host))
        if len(claimed) >= CLAIMS_MAX:
            raise RuleViolationError(
                gettext("A shop has at most %(count)s names. Take one away first.", count=CLAIMS_MAX)
            )
        uow.execute(
            """
            INSERT INTO domain_claims (tenant_id, id, host, token, claimed_by, claimed_at)
            VALUES (%(tenant_id)s, %(id)s, %(host)s, %(token)s, %(actor_id)s, now())
            """,
            {"id": command.id, "host": host, "token": new_token(), "actor_id": uow.actor_id},
        )
        uow.audit("domain.claim", holder=command.id, after={"host": host})
    return Recorded(command.id)


@whole_act
def may_ask_names(_: AskNames, uow: UnitOfWork) -> None:
    """Count a question to the DNS.

    Raises:
        TooManyAttemptsError: This shop asked a lot within the last minutes.
    """
    with uow:
        throttle.count(uow, "domain", CHECKS_MAX)


@whole_act
def prove_domain(command: ProveDomain, uow: UnitOfWork) -> str:
    """Let a name lead to the shop if the DNS says so, and no longer if it has not said so for three days.

    Returns:
        PROVED; MISSING before the first proof; FAILING while a name that was proved goes on leading here; LOST.

    Raises:
        NotFoundError: There is no such claim, or it has waited for a week.
        DomainTakenError: The name leads to another shop whose proof still stands beside this one's.
        ConflictError: Another shop proved it in the same moment.
    """
    with uow:
        claim = _lock_claim(uow, command.claim_id)
        holder = uow.execute(
            "SELECT d.tenant_id, d.token FROM domain_directory AS d WHERE d.host = %(host)s FOR NO KEY UPDATE",
            {"host": claim.host},
        ).one_or_none()
        is_ours = holder is not None and holder.tenant_id == uow.tenant_id
        if f"{PROOF}{claim.token}" not in command.found:
            return _miss(uow, claim, is_ours=is_ours)
        if holder is not None and not is_ours:
            if f"{PROOF}{holder.token}" in command.found:
                raise DomainTakenError(
                    gettext(
                        "%(host)s leads to another shop here. Take that shop’s record out of the DNS first, and leave"
                        " yours there.",
                        host=claim.host,
                    )
                )
            _remove(uow, claim.host, holder.tenant_id)
        if is_ours:
            uow.execute("UPDATE domain_directory SET proved_at = now() WHERE host = %(host)s", {"host": claim.host})
        else:
            _enter(uow, claim)
            uow.audit("domain.prove", holder=claim.id, after={"host": claim.host})
        _note(uow, claim.id, "proved_at = now(), checked_at = now(), failing_since = NULL")
    return PROVED


@whole_act
def release_domain(command: ReleaseDomain, uow: UnitOfWork) -> Recorded:
    """Give a name up at once: it leads nowhere, and another shop may prove it.

    Raises:
        NotFoundError: There is no such claim.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.claim_id, replayed=True)
        claim = _lock_claim(uow, command.claim_id)
        _remove(uow, claim.host, uow.tenant_id)
        uow.execute(
            "DELETE FROM domain_claims WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.claim_id}
        )
        uow.audit("domain.release", holder=claim.id, before={"host": claim.host})
    return Recorded(command.claim_id)


def _lock_claim(uow: UnitOfWork, claim_id: uuid.UUID) -> Any:
    claim = uow.execute(
        """
        SELECT id, host, token, proved_at, failing_since < now() - interval '3 days' AS is_over
          FROM domain_claims
         WHERE tenant_id = %(tenant_id)s
           AND id = %(id)s
           AND (proved_at IS NOT NULL OR claimed_at > now() - interval '7 days')
           FOR NO KEY UPDATE
        """,
        {"id": claim_id},
    ).one_or_none()
    if claim is None:
        raise NotFoundError("This shop has no such domain, or it waited too long for its proof. Add it again.")
    return claim


def _miss(uow: UnitOfWork, claim: Any, *, is_ours: bool) -> str:
    """Note that the DNS says nothing, or something else. One wrong answer takes nothing away."""
    if not is_ours:
        _note(uow, claim.id, "checked_at = now()")
        return LOST if claim.proved_at else MISSING
    if not claim.is_over:
        _note(uow, claim.id, "checked_at = now(), failing_since = coalesce(failing_since, now())")
        return FAILING
    _remove(uow, claim.host, uow.tenant_id)
    _note(uow, claim.id, "checked_at = now()")
    # Whoever has the name now would be sent the cookies of those who were signed in under it.
    uow.execute("UPDATE sessions SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL")
    uow.audit("domain.lose", holder=claim.id, before={"host": claim.host})
    return LOST


def _note(uow: UnitOfWork, claim_id: uuid.UUID, what: str) -> None:
    uow.execute(
        f"UPDATE domain_claims SET {what} WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
        {"id": claim_id},
    )


def _enter(uow: UnitOfWork, claim: Any) -> None:
    entered = uow.execute(
        """
        INSERT INTO domain_directory AS d (host, tenant_id, token, proved_at)
        VALUES (%(host)s, %(tenant_id)s, %(token)s, now())
        ON CONFLICT DO NOTHING
        RETURNING d.host
        """,
        {"host": claim.host, "token": claim.token},
    ).first()
    if entered is None:
        raise ConflictError(gettext("Another shop proved %(host)s in the same moment.", host=claim.host))


def _remove(uow: UnitOfWork, host: str, holder: int) -> None:
    uow.execute(
        "DELETE FROM domain_directory WHERE host = %(host)s AND tenant_id = %(holder)s",
        {"host": host, "holder": holder},
    )
