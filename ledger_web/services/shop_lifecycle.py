"""What becomes of a shop: another address, a pause, an end that can be undone for a while."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from ledger_web.domain.errors import ConflictError, NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import check_slug
from ledger_web.services.tenants import enter_in_directory
from ledger_web.services.unit_of_work import UnitOfWork, whole_act

LEADS_ON: Final = dt.timedelta(days=90)  # a former address leads to the new one
HELD: Final = dt.timedelta(days=365)  # a former address is nobody else's. Both: product, spec 3
GRACE: Final = dt.timedelta(days=30)  # a deleted shop can be had back


@dataclass(frozen=True, kw_only=True)
class MoveShop:
    """Give the shop another address; the old one leads to it for a while."""

    slug: str


@dataclass(frozen=True)
class SuspendShop:
    """Let everything be read and exported, and nothing be written."""


@dataclass(frozen=True)
class ResumeShop:
    """Let a suspended shop go on."""


@dataclass(frozen=True)
class DeleteShop:
    """Close the address to everybody at once."""


@dataclass(frozen=True)
class TakeShopBack:
    """Undo the deletion of a shop."""


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
        current = _lock(uow)
        if current.status == "deleted":
            raise ConflictError("This shop is deleted. Take it back first.")
        if slug == current.slug:
            return slug
        _leave(uow, current.slug, slug)
        if not _return_to(uow, slug, current.status):
            enter_in_directory(uow, slug, status=current.status, owner_mail=current.owner_mail)
        uow.audit("shop.move", before={"address": current.slug}, after={"address": slug})
    return slug


@whole_act
def suspend_shop(_: SuspendShop, uow: UnitOfWork) -> None:
    """Suspend a shop.

    Raises:
        ConflictError: It is not active.
        NotFoundError: There is no such shop.
    """
    with uow:
        _change(uow, "active", "suspended")
        uow.execute("UPDATE tenants SET suspended_at = now() WHERE tenant_id = %(tenant_id)s")


@whole_act
def resume_shop(_: ResumeShop, uow: UnitOfWork) -> None:
    """Take a suspended shop up again.

    Raises:
        ConflictError: It is not suspended.
        NotFoundError: There is no such shop.
    """
    with uow:
        _change(uow, "suspended", "active")
        uow.execute("UPDATE tenants SET suspended_at = NULL WHERE tenant_id = %(tenant_id)s")


@whole_act
def delete_shop(_: DeleteShop, uow: UnitOfWork) -> dt.date:
    """Close the address to everybody at once; return the day until which the shop can be had back.

    Raises:
        ConflictError: It is deleted already.
        NotFoundError: There is no such shop.
    """
    with uow:
        current = _lock(uow)
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
        uow.audit("shop.delete", before={"status": current.status}, after={"status": "deleted"})
    return until


@whole_act
def take_shop_back(_: TakeShopBack, uow: UnitOfWork) -> None:
    """Undo the deletion of a shop: it goes on as it was, suspended if it was that.

    Raises:
        ConflictError: It is not deleted.
        NotFoundError: There is no such shop.
    """
    with uow:
        paused = uow.execute("SELECT suspended_at FROM tenants WHERE tenant_id = %(tenant_id)s").scalar()
        _change(uow, "deleted", "suspended" if paused else "active")


@dataclass(frozen=True, slots=True)
class _Place:
    slug: str
    status: str
    today: dt.date
    owner_mail: bytes | None


def _lock(uow: UnitOfWork) -> _Place:
    row = uow.execute(
        """
        SELECT slug, status, current_date AS today, owner_mail FROM tenant_directory
         WHERE tenant_id = %(tenant_id)s AND status IN ('active', 'suspended', 'deleted')
           FOR NO KEY UPDATE
        """
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such shop.")
    return _Place(row.slug, row.status, row.today, row.owner_mail)


def _change(uow: UnitOfWork, before: str, after: str) -> None:
    if _lock(uow).status != before:
        raise ConflictError(gettext("This shop is not %(before)s.", before=before))
    uow.execute(
        """
        UPDATE tenant_directory SET status = %(status)s, until = NULL
         WHERE tenant_id = %(tenant_id)s AND status <> 'former'
        """,
        {"status": after},
    )
    uow.audit(f"shop.{after}", before={"status": before}, after={"status": after})


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
