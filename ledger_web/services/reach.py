"""Nobody gives what they do not have, and nobody touches whoever has more: one rule for roles, people and links."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger_web.domain.errors import BeyondReachError, LastOwnerError, NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import ALL, LIMITS, NO_LIMITS, describe, limits_of, rights_of
from ledger_web.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may do, and how much of it."""

    rights: frozenset[str]
    limits: Mapping[str, Decimal | None]
    role_id: uuid.UUID | None = None
    built_in: str | None = None
    own_records: bool = False
    drawers: frozenset[uuid.UUID] | None = None  # None: all of them

    def check_covers(self, other: "Reach") -> None:
        """Refuse rights that are not among one's own, and limits, records and drawers wider than one's own.

        Raises:
            BeyondReachError: Says which.
        """
        rights, limits = other.rights, other.limits
        lacking = [describe(right).rstrip(".") for right in sorted(frozenset(rights) - self.rights)]
        wider = [LIMITS[name].label for name in LIMITS if _is_wider(limits[name], self.limits[name])]
        if self.own_records and not other.own_records:
            wider.append(gettext("records of others"))
        if self.drawers is not None and (other.drawers is None or other.drawers - self.drawers):
            wider.append(gettext("other drawers"))
        if lacking or wider:
            raise BeyondReachError(lacking, wider)


EVERYTHING = Reach(ALL, NO_LIMITS)  # of whoever runs the server


def take_turn(uow: UnitOfWork) -> Reach:
    """Let one person at a time change people and roles of a shop, and return what the actor may do now.

    Locked, then looked: two owners who take each other's role away at once do not leave the shop without one, and a
    right that was lost a moment ago is not given on.
    """
    uow.execute(
        "SELECT id FROM roles WHERE tenant_id = %(tenant_id)s AND built_in = 'owner' FOR NO KEY UPDATE"
    ).one_or_none()
    return reach_of_user(uow, uow.actor_id) if uow.actor_id else EVERYTHING


def reach_of_user(uow: UnitOfWork, user_id: uuid.UUID) -> Reach:
    """Return what somebody's role lets them do.

    Raises:
        NotFoundError: The shop has no such user.
    """
    return _reach(
        uow.execute(
            """
            SELECT r.id, r.built_in, r.permissions, r.limits, r.own_records,
                   ARRAY(SELECT w.drawer_id FROM role_drawers AS w
                          WHERE w.tenant_id = %(tenant_id)s AND w.role_id = r.id) AS drawers
              FROM users AS u
              JOIN roles AS r
                ON r.tenant_id = %(tenant_id)s
               AND r.id = u.role_id
             WHERE u.tenant_id = %(tenant_id)s
               AND u.id = %(id)s
            """,
            {"id": user_id},
        ).one_or_none(),
        gettext("There is no such person in this shop."),
    )


def reach_of_role(uow: UnitOfWork, role_id: uuid.UUID) -> Reach:
    """Return what a role lets people do.

    Raises:
        NotFoundError: The shop has no such role.
    """
    return _reach(
        uow.execute(
            """
            SELECT r.id, r.built_in, r.permissions, r.limits, r.own_records,
                   ARRAY(SELECT w.drawer_id FROM role_drawers AS w
                          WHERE w.tenant_id = %(tenant_id)s AND w.role_id = r.id) AS drawers
              FROM roles AS r
             WHERE r.tenant_id = %(tenant_id)s
               AND r.id = %(id)s
            """,
            {"id": role_id},
        ).one_or_none(),
        gettext("There is no such role in this shop."),
    )


def check_an_owner_stays(uow: UnitOfWork, user_id: uuid.UUID) -> None:
    """Refuse to take the last active owner away. Call it after `take_turn`, before the change.

    Raises:
        LastOwnerError: This user is the only one.
    """
    others = uow.execute(
        """
        SELECT count(*)
          FROM users AS u
          JOIN roles AS r
            ON r.tenant_id = %(tenant_id)s
           AND r.id = u.role_id
           AND r.built_in = 'owner'
         WHERE u.tenant_id = %(tenant_id)s
           AND u.active
           AND u.id <> %(id)s
        """,
        {"id": user_id},
    ).scalar_one()
    if not others:
        raise LastOwnerError


def _reach(row: Any, missing: str) -> Reach:
    if row is None:
        raise NotFoundError(missing)
    return Reach(
        rights_of(row.built_in, row.permissions),
        limits_of(row.built_in, row.limits),
        row.id,
        row.built_in,
        row.own_records,
        frozenset(row.drawers) or None,
    )


def _is_wider(given: Decimal | None, own: Decimal | None) -> bool:
    return own is not None and (given is None or given > own)
