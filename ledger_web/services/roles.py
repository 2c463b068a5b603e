"""Roles that a shop makes: rights and how much of them. The built-in ones keep their rights and take other limits."""

import json
import uuid
from collections.abc import Mapping
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
from ledger_web.domain.permissions import ALL, LIMITS, limits_of, rights_of
from ledger_web.services.reach import Reach, take_turn
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

HOLDERS_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class CreateRole:
    """A shop makes a role of its own."""

    id: uuid.UUID
    name: str
    rights: tuple[str, ...]
    limits: Mapping[str, Decimal | None]  # by name, each of them; None is no limit


@dataclass(frozen=True, kw_only=True)
class EditRole:
    """A role is to allow something else."""

    op_id: uuid.UUID
    role_id: uuid.UUID
    version: int
    name: str
    rights: tuple[str, ...]  # of a built-in role nobody asks
    limits: Mapping[str, Decimal | None]


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
            _check_grant(take_turn(uow), command.rights, command.limits)
            uow.execute(
                """
                INSERT INTO roles (tenant_id, id, name, permissions, limits)
                VALUES (%(tenant_id)s, %(id)s, %(name)s, %(permissions)s, %(limits)s::jsonb)
                """,
                {"id": command.id, **_stored(command.name, command.rights, command.limits)},
            )
            uow.audit("role.create", holder=command.id, after=_told(command.name, command.rights, command.limits))
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
            reach.check_covers(rights_of(role.built_in, role.permissions), limits_of(role.built_in, role.limits))
            _check_grant(reach, command.rights if role.built_in is None else rights, command.limits)
            name = role.name if role.built_in else command.name
            uow.execute(
                """
                UPDATE roles
                   SET name = %(name)s, permissions = %(permissions)s, limits = %(limits)s::jsonb,
                       version = version + 1
                 WHERE tenant_id = %(tenant_id)s
                   AND id = %(id)s
                """,
                {"id": command.role_id, **_stored(name, () if role.built_in else rights, command.limits)},
            )
            before = _told(role.name, rights_of(role.built_in, role.permissions), limits_of(role.built_in, role.limits))
            uow.audit("role.edit", holder=command.role_id, before=before, after=_told(name, rights, command.limits))
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
        reach.check_covers(rights_of(None, role.permissions), limits_of(None, role.limits))
        holders = uow.execute(
            "SELECT name FROM users WHERE tenant_id = %(tenant_id)s AND role_id = %(id)s ORDER BY lower(name), id",
            {"id": command.role_id},
        ).scalars()
        if names := list(holders):
            raise RoleInUseError(names[:HOLDERS_NAMED], len(names[HOLDERS_NAMED:]))
        uow.execute("DELETE FROM roles WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": command.role_id})
        before = _told(role.name, rights_of(None, role.permissions), limits_of(None, role.limits))
        uow.audit("role.delete", holder=command.role_id, before=before)
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


def _check_grant(reach: Reach, rights: tuple[str, ...], limits: Mapping[str, Decimal | None]) -> None:
    unknown = frozenset(rights) - ALL
    if unknown or limits.keys() != LIMITS.keys():
        raise RuleViolationError(
            gettext("There is no such right: %(unknown)s.", unknown=", ".join(sorted(unknown)) or "a limit is missing")
        )
    reach.check_covers(rights, limits)


def _stored(name: str, rights: tuple[str, ...], limits: Mapping[str, Decimal | None]) -> dict[str, object]:
    written = {each: None if limit is None else f"{limit.normalize():f}" for each, limit in limits.items()}
    return {"name": name, "permissions": sorted(rights), "limits": json.dumps(written)}


def _told(name: str, rights: Any, limits: Mapping[str, Decimal | None]) -> dict[str, object]:
    return {"name": name, "rights": sorted(rights), "limits": dict(limits)}


def _taken(error: IntegrityError, name: str) -> Exception:
    if violated_constraint(error) != "roles_name_key":
        return error
    return RuleViolationError(gettext("Name: There is a role %(name)s already. Choose another name.", name=name))
