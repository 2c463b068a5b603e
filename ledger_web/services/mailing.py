"""How often the system writes to somebody: counters in the database, shared by all workers.

Strangers are counted by the address they give and the place they ask from; shops by themselves and by the address they
write to. What strangers ask for at a shop is not counted as the shop's: they could keep it from writing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger_web.domain.errors import TooMuchMailError
from ledger_web.services.audit import Act
from ledger_web.services.unit_of_work import UnitOfWork, whole_act

TO_ONE_MAX: Final = 3  # an hour, to one address
FROM_ONE_MAX: Final = 10  # an hour, asked for from one place
# An hour, from one shop: a receipt every 18 seconds, more than its tills hand out by mail, and too few for who sends
# advertisements. To one address from one shop: a receipt that was lost, a corrected one, a link.
OF_SHOP_MAX: Final = 200
OF_SHOP_TO_ONE_MAX: Final = 5


@dataclass(frozen=True, kw_only=True)
class AskForMail:
    """Somebody who is not signed in asks for an e-mail. All are digests under the system's secret."""

    address: bytes
    place: bytes
    former: Sequence[bytes] = ()  # of the same address, under secrets the system had before


@dataclass(frozen=True, kw_only=True)
class ShopsMail:
    """An e-mail of a shop, and what it is counted by: digests under the system's secret."""

    to: str
    shop: bytes = field(compare=False)
    address: bytes = field(compare=False)  # of the shop and the address: what another shop sends there is its own


@whole_act
def may_be_mailed(command: AskForMail, uow: UnitOfWork) -> bool:
    """Count the request, and say whether it may be followed. No shop is asked: `uow` is one of no shop's.

    Shops kept under a former secret are kept under the present one from now on: only who says the address can tell.
    """
    with uow:
        if command.former:
            uow.execute(
                "UPDATE tenant_directory SET owner_mail = %(address)s WHERE owner_mail = ANY (%(former)s)",
                {"address": command.address, "former": list(command.former)},
            )
        _forget_old(uow)
        # The place first, always: two requests cannot wait for each other.
        return _count(uow, command.place, FROM_ONE_MAX) and _count(uow, command.address, TO_ONE_MAX)


def count_mail(act: Act, mail: ShopsMail) -> None:
    """Take one of the e-mails a shop may send, within the act that leads to it: one that is refused takes none.

    Raises:
        TooMuchMailError: None is left, or none to this address; says how long to wait.
    """
    _forget_old(act)
    # The shop first, always: two acts cannot wait for each other.
    if not _count(act, mail.shop, OF_SHOP_MAX):
        raise TooMuchMailError(_seconds_to_wait(act, mail.shop))
    if not _count(act, mail.address, OF_SHOP_TO_ONE_MAX):
        raise TooMuchMailError(_seconds_to_wait(act, mail.address), mail.to)


def _forget_old(act: Act) -> None:
    """Forget who was not written to for a day; whoever is counted at this moment is left to the next time."""
    act.execute(
        """
        DELETE FROM mail_requests
         WHERE subject IN (SELECT subject FROM mail_requests
                            WHERE window_start < now() - interval '1 day'
                              FOR UPDATE SKIP LOCKED)
        """
    )


def _count(act: Act, subject: bytes, most: int) -> bool:
    """Count one more, unless there were as many as may within the hour that the first of them began.

    The condition stands in the UPDATE: two workers cannot both take the last one.
    """
    taken = act.execute(
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


def _seconds_to_wait(act: Act, subject: bytes) -> int:
    seconds = act.execute(
        """
        SELECT ceil(extract(epoch FROM m.window_start + interval '1 hour' - now()))
          FROM mail_requests AS m
         WHERE m.subject = %(subject)s
        """,
        {"subject": subject},
    ).scalar_one()
    return max(1, int(seconds))
