"""Roles that a shop makes: rights and how much of them. The built-in ones keep their rights and take other limits."""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import (
    NotFoundError,
    OwnRoleError,
    RoleInUseError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import ALL, LIMITS, rights_of
from ledger_web.services.reach import Reach, reach_of_role, take_turn
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

HOLDERS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class CreateRole:
    """A shop makes a role of its own."""

    id: uuid.UUID
    name: str
    rights: tuple[str, ...]
    limits: Mapping[str, Decimal | None]  # by name, each of them; None is no limit
    own_records: bool = False  # sees and undoes only what one recorded oneself
    drawer_ids: tuple[uuid.UUID, ...] = ()  # uses only these; none is all of them


@dataclass(frozen=True, kw_only=True)
class EditRole:
    """A role is to allow something else."""

    op_id: uuid.UUID
    role_id: uuid.UUID
    version: int
    name: str
    rights: tuple[str, ...]  # of a built-in role nobody asks
    limits: Mapping[str, Decimal | None]
    own_records: bool = False
    drawer_ids: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeleteRole:
    """A role that nobody has goes."""

    op_id: uuid.UUID
    role_id: uuid.UUID


@whole_act
def create_role(command: CreateRole, uow: UnitOfWork) -> Recorded:
    """Make a role, from rights and limits that its maker has.

    Raises:
        BeyondReachError: Nobody gives what they do not have.
        RuleViolationError: There is no such right; or a role has this name.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.id):
                return Recorded(command.id, replayed=True)
            _check_grant(take_turn(uow), command.rights, command)
            uow.execute(
                """
                INSERT INTO roles (tenant_id, id, name, permissions, limits, own_records)
                VALUES (%(tenant_id)s, %(id)s, %(name)s, %(permissions)s, %(limits)s::jsonb, %(own_records)s)
                """,
                {"id": command.id, **_stored(command.name, command.rights, command)},
            )
            _give_drawers(uow, command.id, command.drawer_ids)
            uow.audit("role.create", holder=command.id, after=_said(command.name, command.rights, command))
    except IntegrityError as error:
        raise _taken(error, command.name) from None
    return Recorded(command.id)


@whole_act
def edit_role(command: EditRole, uow: UnitOfWork) -> Recorded:
    """Change what a role allows; whoever has it may do so from their next request on.

    Raises:
        NotFoundError: The shop has no such role.
        OwnRoleError: It is the actor's own.
        BeyondReachError: Nobody gives, or takes, what they do not have.
        StaleEditError: Somebody else saved first; nothing is overwritten.
        RuleViolationError: The owner's role stays as it is; or a role has this name.
    """
    try:
        with uow:
            if uow.is_resubmission(command, id=command.op_id, subject_id=command.role_id):
                return Recorded(command.role_id, replayed=True)
            reach = take_turn(uow)
            role = _get_role(uow, command.role_id)
            _check_may_be_edited(role, reach)
            if role.version != command.version:
                raise StaleEditError
            rights = tuple(sorted(rights_of(role.built_in, command.rights)))
            before = reach_of_role(uow, command.role_id)
            reach.check_covers(before)
            _check_grant(reach, command.rights if role.built_in is None else rights, command)
            name = role.name if role.built_in else command.name
            uow.execute(
                """
                UPDATE roles
                   SET name = %(name)s, permissions = %(permissions)s, limits = %(limits)s::jsonb,
                       own_records = %(own_records)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s
                   AND id = %(id)s
                """,
                {"id": command.role_id, **_stored(name, () if role.built_in else rights, command)},
            )
            _give_drawers(uow, command.role_id, command.drawer_ids)
            uow.audit(
                "role.edit",
                holder=command.role_id,
                before=_told(role.name, before),
                after=_said(name, rights, command),
            )
    except IntegrityError as error:
        raise _taken(error, command.name) from None
    return Recorded(command.role_id)


@whole_act
def delete_role(command: DeleteRole, uow: UnitOfWork) -> Recorded:
    """Take away a role that nobody has.

    Raises:
        NotFoundError: The shop has no such role.
        RoleInUseError: Says who has it.
        RuleViolationError: It is a built-in one.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.role_id):
            return Recorded(command.role_id, replayed=True)
        reach = take_turn(uow)
        role = _get_role(uow, command.role_id)
        if role.built_in:
            raise RuleViolationError(gettext("The role %(name)s is built in and stays.", name=role.name))
        before = reach_of_role(uow, command.role_id)
        reach.check_covers(before)
        holders = uow.execute(
            "SELECT name FROM users WHERE tenant_id = %(tenant_id)s AND role_id = %(id)s ORDER BY lower(name), id",
            {"id": command.role_id},
        ).scalars()
        if names := list(holders):
            raise RoleInUseError(names[:HOLDERS_NAMED], len(names[HOLDERS_NAMED:]))
        _give_drawers(uow, command.role_id, ())
        uow.execute("DELETE FROM roles WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.role_id})
        uow.audit("role.delete", holder=command.role_id, before=_told(role.name, before))
    return Recorded(command.role_id)


def _get_role(uow: UnitOfWork, role_id: uuid.UUID) -> Any:
    role = uow.execute(
        """
        SELECT id, name, built_in, permissions, limits, version
          FROM roles
         WHERE tenant_id = %(tenant_id)s
           AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": role_id},
    ).one_or_none()
    if role is None:
        raise NotFoundError("There is no such role in this shop.")
    return role


def _check_may_be_edited(role: Any, reach: Reach) -> None:
    if role.built_in == "owner":
        raise RuleViolationError("An owner may do everything, without limits. This role stays as it is.")
    if role.id == reach.role_id:
        raise OwnRoleError


def _check_grant(reach: Reach, rights: tuple[str, ...], command: CreateRole | EditRole) -> None:
    unknown = frozenset(rights) - ALL
    if unknown or command.limits.keys() != LIMITS.keys():
        raise RuleViolationError(
            gettext("There is no such right: %(unknown)s.", unknown=", ".join(sorted(unknown)) or "a limit is missing")
        )
    reach.check_covers(_reach_of(rights, command))


def _reach_of(rights: Iterable[str], command: CreateRole | EditRole) -> Reach:
    drawers = frozenset(command.drawer_ids) or None
    return Reach(frozenset(rights), command.limits, own_records=command.own_records, drawers=drawers)


def _give_drawers(uow: UnitOfWork, role_id: uuid.UUID, drawer_ids: Collection[uuid.UUID]) -> None:
    """Let the role use these drawers in the place of those before.

    Raises:
        NotFoundError: The shop has no such drawer.
    """
    uow.execute("DELETE FROM role_drawers WHERE tenant_id = %(tenant_id)s AND role_id = %(id)s", {"id": role_id})
    if not drawer_ids:
        return
    given = uow.execute(
        """
        INSERT INTO role_drawers (tenant_id, role_id, drawer_id)
        SELECT d.tenant_id, %(id)s, d.id
          FROM cash_drawers AS d
         WHERE d.tenant_id = %(tenant_id)s AND d.id = ANY(%(drawers)s)
        """,
        {"id": role_id, "drawers": list(drawer_ids)},
    ).rowcount
    if given != len(frozenset(drawer_ids)):
        raise NotFoundError("There is no such cash drawer in this shop.")


def _stored(name: str, rights: tuple[str, ...], command: CreateRole | EditRole) -> dict[str, object]:
    written = {each: None if limit is None else f"{limit.normalize():f}" for each, limit in command.limits.items()}
    return {
        "name": name,
        "permissions": sorted(rights),
        "limits": json.dumps(written),
        "own_records": command.own_records,
    }


def _said(name: str, rights: Iterable[str], command: CreateRole | EditRole) -> dict[str, object]:
    return _told(name, _reach_of(rights, command))


def _told(name: str, reach: Reach) -> dict[str, object]:
    return {
        "name": name,
        "rights": sorted(reach.rights),
        "limits": dict(reach.limits),
        "own_records": reach.own_records,
        "drawers": sorted(map(str, reach.drawers or ())),
    }


def _taken(error: IntegrityError, name: str) -> Exception:
    if violated_constraint(error) != "roles_name_key":
        return error
    return RuleViolationError(gettext("Name: There is a role %(name)s already. Choose another name.", name=name))
