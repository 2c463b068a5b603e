"""Somebody asked for what their role does not allow: that is written down, too."""

from dataclasses import dataclass

from ledger_web.services.unit_of_work import UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class RefuseAccess:
    """A request that was refused."""

    right: str
    path: str


@whole_act
def record_refusal(command: RefuseAccess, uow: UnitOfWork) -> None:
    """Write a refusal down, the same one at most once a minute: a page that asks again and again fills no table."""
    with uow:
        is_known = uow.execute(
            """
            SELECT EXISTS (SELECT FROM audit_events AS e
                            WHERE e.tenant_id = %(tenant_id)s
                              AND e.actor_id = %(actor_id)s
                              AND e.happened_at > now() - interval '1 minute'
                              AND e.action = 'access.refuse'
                              AND e.after ->> 'right' = %(right)s)
            """,
            {"actor_id": uow.actor_id, "right": command.right},
        ).scalar_one()
        if not is_known:
            uow.audit("access.refuse", after={"right": command.right, "path": command.path})
