"""How often strangers may have the system write to an address: counters in the database, shared by all workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger_web.services.unit_of_work import UnitOfWork, whole_act

TO_ONE_MAX: Final = 3  # an hour, to one address
FROM_ONE_MAX: Final = 10  # an hour, asked for from one place


@dataclass(frozen=True, kw_only=True)
class AskForMail:
    """Somebody who is not signed in asks for an e-mail. All are digests under the system's secret."""

    address: bytes
    place: bytes
    former: Sequence[bytes] = ()  # of the same address, under secrets the system had before


@whole_act
def may_be_mailed(command: AskForMail, uow: UnitOfWork) -> bool:
    """Count the request, and say whether it may be followed. No shop is asked: `uow` is one of no shop's.

    Shops kept under a former secret are kept under the present one from now on: only who says the address can tell.
    The condition stands in the UPDATE: two workers cannot both take the last one.
    """
    with uow:
        if command.former:
            uow.execute(
                "UPDATE tenant_directory SET owner_mail = %(address)s WHERE owner_mail = ANY (%(former)s)",
                {"address": command.address, "former": list(command.former)},
            )
        uow.execute("DELETE FROM mail_requests WHERE window_start < now() - interval '1 day'")
        # The place first, always: two requests cannot wait for each other.
        return _count(uow, command.place, FROM_ONE_MAX) and _count(uow, command.address, TO_ONE_MAX)


def _count(uow: UnitOfWork, subject: bytes, most: int) -> bool:
    taken = uow.execute(
        """
        INSERT INTO mail_requests AS m (subject, requests, window_start)
        VALUES (%(subject)s, 1, now())
        ON CONFLICT (subject) DO UPDATE
           SET requests     = CASE WHEN m.window_start < now() - interval '1 hour' THEN 1 ELSE m.requests + 1 END,
               window_start = CASE WHEN m.window_start < now() - interval '1 hour' THEN now() ELSE m.window_start END
         WHERE m.window_start < now() - interval '1 hour'
            OR m.requests < %(most)s
        RETURNING m.requests
        """,
        {"subject": subject, "most": most},
    ).first()
    return taken is not None
