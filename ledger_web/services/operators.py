"""Those who run the system: their room, who comes into it, and the log of what they do to shops.

The room is a row like a shop's, at the one address that no shop can have; nobody but a command makes it or lets
somebody in. What they do to a shop is an act of that shop (`shop_lifecycle.py`); that it was asked for stands here
first, so that nothing can happen to a shop that this log does not know.
"""

import uuid
from dataclasses import dataclass, field

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.passwords import check_password
from ledger_web.domain.slugs import OPERATORS
from ledger_web.services import throttle
from ledger_web.services.credentials import forget_codes
from ledger_web.services.passwords import hash_password
from ledger_web.services.reach import check_an_owner_stays, take_turn
from ledger_web.services.tenants import enter_in_directory
from ledger_web.services.unit_of_work import UnitOfWork, whole_act
from ledger_web.services.users import end_sessions, fold_login

NO_CURRENCY = "XXX"  # ISO 4217


@dataclass(frozen=True, kw_only=True)
class OpenRoom:
    """Whoever runs the server wants a page to run it with."""

    time_zone: str = "UTC"


@dataclass(frozen=True)
class DismissOperator:
    """Somebody runs the system no more."""

    login: str


@dataclass(frozen=True, kw_only=True)
class ReadmitOperator:
    """Somebody who runs the system lost password or phone."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NoteAct:
    """Somebody who runs the system is about to do something to a shop."""

    act: str
    shop: str  # its address
    reason: str


@dataclass(frozen=True, kw_only=True)
class NoteRefusal:
    """What was asked for was not done."""

    shop: str
    why: str


@dataclass(frozen=True, kw_only=True)
class NoteCheck:
    """The DNS was asked about every domain that leads to a shop."""

    checked: int
    failing: int


@whole_act
def open_room(command: OpenRoom, uow: UnitOfWork) -> None:
    """Make the room, under an id of its own (`UnitOfWork(new_tenant_id())`). Nobody is in it yet.

    Raises:
        DuplicateSlugError: There is one.
    """
    with uow:
        enter_in_directory(uow, OPERATORS, status="operators")
        uow.execute(
            """
            INSERT INTO tenants (tenant_id, name, base_currency, time_zone, locale, owners_need_code)
            VALUES (%(tenant_id)s, 'Ledger Web', %(currency)s, %(time_zone)s, 'en', true)
            """,
            {"currency": NO_CURRENCY, "time_zone": command.time_zone},
        )
        uow.execute(
            """
            INSERT INTO roles (tenant_id, id, name, built_in)
            VALUES (%(tenant_id)s, %(id)s, 'owner', 'owner')
            """,
            {"id": new_id()},
        )
        uow.audit("operator.open_room")


@whole_act
def dismiss_operator(command: DismissOperator, uow: UnitOfWork) -> None:
    """End somebody's access: what they have open ends with its next request.

    Raises:
        NotFoundError: Nobody signs in so.
        LastOwnerError: Somebody has to stay.
    """
    with uow:
        take_turn(uow)
        user_id = _find(uow, command.login)
        check_an_owner_stays(uow, user_id)
        uow.execute(
            "UPDATE users SET active = false, version = version + 1 WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": user_id},
        )
        end_sessions(uow, user_id)
        uow.audit("user.disable", holder=user_id)


@whole_act
def readmit_operator(command: ReadmitOperator, uow: UnitOfWork) -> None:
    """Give somebody another password and forget the codes of their phone; they set up new ones when they come in.

    Raises:
        NotFoundError: Nobody signs in so.
        WeakPasswordError: The password is easy to guess.
    """
    login = fold_login(command.login)
    check_password(command.password, [login])
    password_hash = hash_password(command.password)
    with uow:
        user_id = _find(uow, login)
        uow.execute(
            """
            UPDATE users SET password_hash = %(password_hash)s, active = true
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": user_id, "password_hash": password_hash},
        )
        forget_codes(uow, user_id)
        throttle.forget(uow, f"login:{login}")
        end_sessions(uow, user_id)
        uow.audit("user.reset_password", holder=user_id)


@whole_act
def note_act(command: NoteAct, uow: UnitOfWork) -> None:
    """Write down what is asked for, before it is done: a line for each time it is asked.

    No form's id saves a line: a form that was refused can be sent again with other words, and then be done.
    """
    with uow:
        uow.audit(f"operator.{command.act}", after={"shop": command.shop, "reason": command.reason})


@whole_act
def note_refusal(command: NoteRefusal, uow: UnitOfWork) -> None:
    """Write down that it was not done."""
    with uow:
        uow.audit("operator.fail", after={"shop": command.shop, "why": command.why})


@whole_act
def note_check(command: NoteCheck, uow: UnitOfWork) -> None:
    """Write down that all domains were looked at."""
    with uow:
        uow.audit("operator.check_domains", after={"checked": command.checked, "failing": command.failing})


def _find(uow: UnitOfWork, login: str) -> uuid.UUID:
    found: uuid.UUID | None = uow.execute(
        "SELECT id FROM users WHERE tenant_id = %(tenant_id)s AND login = %(login)s", {"login": fold_login(login)}
    ).scalar()
    if found is None:
        raise NotFoundError(gettext("Nobody signs in as %(login)s in this shop.", login=login))
    return found
