"""Why sales are undone: the reasons a shop chooses from, which it may change."""

import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.returns import DEFAULT_REASONS, OTHER
from ledger_web.services.posting import Act
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

REASONS_MAX = 40
NOTE_MIN = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason that may be chosen."""

    id: uuid.UUID
    code: str | None
    name: str
    restocks: bool
    needs_approval: bool

    def in_words(self, note: str) -> str:
        """Say the reason with what was written beside it."""
        if not note:
            return self.name
        return note if self.code == OTHER else f"{self.name}: {note}"


@dataclass(frozen=True, kw_only=True)
class SaveReason:
    """Add a reason, or change one that is there."""

    id: uuid.UUID  # of the form; of a new reason its id
    reason_id: uuid.UUID | None = None  # None: a new one
    version: int = 0
    name: str
    restocks: bool
    needs_approval: bool
    is_archived: bool = False


@whole_act
def save_reason(command: SaveReason, uow: UnitOfWork) -> Recorded:
    """Add or change a reason. What was undone for it keeps it.

    Raises:
        NotFoundError: The shop has no such reason.
        StaleEditError: Somebody changed it since it was shown.
        RuleViolationError: Another reason has this name, or there are too many.
    """
    name = " ".join(command.name.split())
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id, subject_id=command.reason_id or command.id):
                return Recorded(command.reason_id or command.id, replayed=True)
            if command.reason_id is None:
                _insert(uow, command, name)
            else:
                _update(uow, command, name)
    except IntegrityError as error:
        if violated_constraint(error) == "return_reasons_name_key":
            raise RuleViolationError(
                gettext("There is a reason called %(name)s already. Choose another name.", name=name)
            ) from None
        raise
    return Recorded(command.reason_id or command.id)


def insert_default_reasons(act: Act) -> None:
    """Give a new shop the reasons to begin with."""
    act.execute(
        """
        INSERT INTO return_reasons AS r (tenant_id, id, code, name, restocks, needs_approval, position)
        SELECT t.tenant_id, n.id, n.code, n.name, n.restocks, n.needs_approval, n.position
          FROM tenants AS t
         CROSS JOIN unnest(%(ids)s::uuid[], %(codes)s::text[], %(names)s::text[], %(restocks)s::boolean[],
                           %(approvals)s::boolean[])
               WITH ORDINALITY AS n(id, code, name, restocks, needs_approval, position)
         WHERE t.tenant_id = %(tenant_id)s
        """,
        {
            "ids": [new_id() for _ in DEFAULT_REASONS],
            "codes": [each.code for each in DEFAULT_REASONS],
            "names": [gettext(each.name) for each in DEFAULT_REASONS],
            "restocks": [each.restocks for each in DEFAULT_REASONS],
            "approvals": [each.needs_approval for each in DEFAULT_REASONS],
        },
    )


def find_reason(act: Act, reason_id: uuid.UUID, note: str) -> Reason:
    """Return a reason, written out where it has to be.

    Raises:
        NotFoundError: The shop has no such reason in use.
        RuleViolationError: It says nothing by itself, and nothing was written beside it.
    """
    row = act.execute(
        """
        SELECT id, code, name, restocks, needs_approval FROM return_reasons
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NULL
        """,
        {"id": reason_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such reason in this shop. Choose another.")
    if row.code == OTHER and len(note) < NOTE_MIN:
        raise RuleViolationError("Note: Write at least three characters, so that it can be understood later.")
    return Reason(**row._mapping)


def _insert(uow: UnitOfWork, command: SaveReason, name: str) -> None:
    there = uow.execute("SELECT count(*) FROM return_reasons WHERE tenant_id = %(tenant_id)s").scalar_one()
    if there >= REASONS_MAX:
        raise RuleViolationError(
            gettext("There are %(reasons_max)s reasons already. Change one that is not used.", reasons_max=REASONS_MAX)
        )
    uow.execute(
        """
        INSERT INTO return_reasons (tenant_id, id, name, restocks, needs_approval)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, %(restocks)s, %(needs_approval)s)
        """,
        {"id": command.id, "name": name, "restocks": command.restocks, "needs_approval": command.needs_approval},
    )
    uow.audit("return_reason.add", holder=command.id, after=_facts(command, name))


def _update(uow: UnitOfWork, command: SaveReason, name: str) -> None:
    before = uow.execute(
        """
        SELECT name, restocks, needs_approval, archived_at IS NOT NULL AS is_archived, code, version
          FROM return_reasons
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": command.reason_id},
    ).one_or_none()
    if before is None:
        raise NotFoundError("There is no such reason in this shop.")
    if before.version != command.version:
        raise StaleEditError
    if before.code == OTHER and command.is_archived:
        raise RuleViolationError("This reason stays: it is for whatever no other reason says.")
    uow.execute(
        """
        UPDATE return_reasons
           SET name = %(name)s, restocks = %(restocks)s, needs_approval = %(needs_approval)s, version = version + 1,
               archived_at = CASE WHEN %(is_archived)s THEN coalesce(archived_at, now()) END
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": command.reason_id, **_facts(command, name)},
    )
    known = {key: before._mapping[key] for key in _facts(command, name)}
    uow.audit("return_reason.edit", holder=command.reason_id, before=known, after=_facts(command, name))


def _facts(command: SaveReason, name: str) -> dict[str, object]:
    return {
        "name": name,
        "restocks": command.restocks,
        "needs_approval": command.needs_approval,
        "is_archived": command.is_archived,
    }
