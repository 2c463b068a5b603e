"""What becomes of a shop: another address, a pause, an end that can be undone for a while."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from ledger_web.domain.errors import ConflictError, NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import check_slug
from ledger_web.services.tenants import enter_in_directory
from ledger_web.services.unit_of_work import UnitOfWork, whole_act

LEADS_ON: Final = dt.timedelta(days=90)  # a former address leads to the new one
HELD: Final = dt.timedelta(days=365)  # a former address is nobody else's. Both: product, spec 3
GRACE: Final = dt.timedelta(days=30)  # a deleted shop can be had back


@dataclass(frozen=True, kw_only=True)
class Behest:
    """Somebody who runs the system does it, from their page, and says why: the shop's own audit tells both."""

    op_id: uuid.UUID
    operator: str  # their name: they are nobody of this shop
    reason: str


@dataclass(frozen=True, kw_only=True)
class MoveShop:
    """Give the shop another address; the old one leads to it for a while."""

    slug: str
    behest: Behest | None = None


@dataclass(frozen=True)
class SuspendShop:
    """Let everything be read and exported, and nothing be written."""

    behest: Behest | None = None


@dataclass(frozen=True)
class ResumeShop:
    """Let a suspended shop go on."""

    behest: Behest | None = None


@dataclass(frozen=True)
class DeleteShop:
    """Close the address to everybody at once."""

    behest: Behest | None = None


@dataclass(frozen=True)
class TakeShopBack:
    """Undo the deletion of a shop."""

    behest: Behest | None = None


@whole_act
def move_shop(command: MoveShop, uow: UnitOfWork) -> str:
    """Return the new address.

    Raises:
        InvalidSlugError, DuplicateSlugError: The address cannot be had. One's own former address can.
        ConflictError: The shop is deleted.
        NotFoundError: There is no such shop.
    """
    slug = check_slug(command.slug)
    with uow:
        if _is_done(uow, command):
            return slug
        current = hold_place(uow)
        if slug == current.slug:
            return slug
        _leave(uow, current.slug, slug)
        if not _return_to(uow, slug, current.status):
            enter_in_directory(uow, slug, status=current.status, owner_mail=current.owner_mail)
        uow.audit("shop.move", before={"address": current.slug}, after={"address": slug} | said_by(command.behest))
    return slug


@whole_act
def suspend_shop(command: SuspendShop, uow: UnitOfWork) -> None:
    """Suspend a shop.

    Raises:
        ConflictError: It is not active.
        NotFoundError: There is no such shop.
    """
    with uow:
        if _is_done(uow, command):
            return
        _change(uow, "active", "suspended", command.behest)
        uow.execute("UPDATE tenants SET suspended_at = now() WHERE tenant_id = %(tenant_id)s")


@whole_act
def resume_shop(command: ResumeShop, uow: UnitOfWork) -> None:
    """Take a suspended shop up again.

    Raises:
        ConflictError: It is not suspended.
        NotFoundError: There is no such shop.
    """
    with uow:
        if _is_done(uow, command):
            return
        _change(uow, "suspended", "active", command.behest)
        uow.execute("UPDATE tenants SET suspended_at = NULL WHERE tenant_id = %(tenant_id)s")


@whole_act
def delete_shop(command: DeleteShop, uow: UnitOfWork) -> dt.date:
    """Close the address to everybody at once; return the day until which the shop can be had back.

    Raises:
        ConflictError: It is deleted already.
        NotFoundError: There is no such shop.
    """
    with uow:
        is_done, current = _is_done(uow, command), _lock(uow)
        if is_done and current.until:
            return current.until
        if current.status == "deleted":
            raise ConflictError("This shop is deleted already.")
        until = current.today + GRACE
        uow.execute(
            """
            UPDATE tenant_directory SET status = 'deleted', until = %(until)s
             WHERE tenant_id = %(tenant_id)s AND status <> 'former'
            """,
            {"until": until},
        )
        uow.execute("UPDATE sessions SET revoked_at = now() WHERE tenant_id = %(tenant_id)s AND revoked_at IS NULL")
        after = {"status": "deleted"} | said_by(command.behest)
        uow.audit("shop.delete", before={"status": current.status}, after=after)
    return until


@whole_act
def take_shop_back(command: TakeShopBack, uow: UnitOfWork) -> None:
    """Undo the deletion of a shop: it goes on as it was, suspended if it was that.

    Raises:
        ConflictError: It is not deleted.
        NotFoundError: There is no such shop.
    """
    with uow:
        if _is_done(uow, command):
            return
        paused = uow.execute("SELECT suspended_at FROM tenants WHERE tenant_id = %(tenant_id)s").scalar()
        _change(uow, "deleted", "suspended" if paused else "active", command.behest)


def hold_place(uow: UnitOfWork) -> "_Place":
    """Lock the shop's line in the directory and return it.

    Raises:
        ConflictError: The shop is deleted.
        NotFoundError: There is no such shop.
    """
    place = _lock(uow)
    if place.status == "deleted":
        raise ConflictError("This shop is deleted. Take it back first.")
    return place


def said_by(behest: Behest | None) -> dict[str, str]:
    """Return what the audit of the shop keeps of a behest."""
    return {"operator": behest.operator, "reason": behest.reason} if behest else {}


def _is_done(uow: UnitOfWork, command: Any) -> bool:
    """Say whether this very form was carried out before. A command of the server's has no form."""
    return command.behest is not None and uow.is_resubmission(command, id=command.behest.op_id)


@dataclass(frozen=True, slots=True)
class _Place:
    slug: str
    status: str
    today: dt.date
    owner_mail: bytes | None
    until: dt.date | None


def _lock(uow: UnitOfWork) -> _Place:
    row = uow.execute(
        """
        SELECT slug, status, current_date AS today, owner_mail, until FROM tenant_directory
         WHERE tenant_id = %(tenant_id)s AND status IN ('active', 'suspended', 'deleted')
           FOR NO KEY UPDATE
        """
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such shop.")
    return _Place(row.slug, row.status, row.today, row.owner_mail, row.until)


def _change(uow: UnitOfWork, before: str, after: str, behest: Behest | None) -> None:
    if _lock(uow).status != before:
        raise ConflictError(gettext("This shop is not %(before)s.", before=before))
    uow.execute(
        """
        UPDATE tenant_directory SET status = %(status)s, until = NULL
         WHERE tenant_id = %(tenant_id)s AND status <> 'former'
        """,
        {"status": after},
    )
    uow.audit(f"shop.{after}", before={"status": before}, after={"status": after} | said_by(behest))


def _leave(uow: UnitOfWork, old: str, new: str) -> None:
    """Make the old address, and those before it, lead to the new one."""
    uow.execute(
        """
        UPDATE tenant_directory
           SET status = 'former', leads_to = %(new)s,
               until = CASE slug WHEN %(old)s THEN current_date + %(days)s ELSE until END
         WHERE tenant_id = %(tenant_id)s AND slug <> %(new)s
        """,
        {"old": old, "new": new, "days": LEADS_ON.days},
    )


def _return_to(uow: UnitOfWork, slug: str, status: str) -> bool:
    """Take up an address that was this shop's own before; say whether it was."""
    returned = uow.execute(
        """
        UPDATE tenant_directory SET status = %(status)s, leads_to = NULL, until = NULL
         WHERE tenant_id = %(tenant_id)s AND slug = %(slug)s
        RETURNING slug
        """,
        {"slug": slug, "status": status},
    ).first()
    return returned is not None
