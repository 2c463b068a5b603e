"""Those who run the system, as the cast of a test: Nina, who has set up the codes of her phone."""

from ledger_web.domain.ids import new_id
from ledger_web.domain.slugs import OPERATORS
from ledger_web.queries.operators import find_room
from ledger_web.services.operators import OpenRoom, open_room
from ledger_web.services.tenants import new_tenant_id
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import CreateUser, create_user
from tests.shops import PASSWORD, Shop

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def let_in(login: str = "nina", *, with_codes: bool = True) -> Shop:
    """Let somebody into the operators' room, which is made for the first one; browsers open it as they open a shop."""
    room = find_room()
    if room is None:
        room = new_tenant_id()
        open_room(OpenRoom(), UnitOfWork(room))
    command = CreateUser(id=new_id(), login=login, name=login.capitalize(), password=PASSWORD, role="owner")
    operator = Shop(room, OPERATORS, create_user(command, UnitOfWork(room)).id, new_id(), "XXX")
    if with_codes:
        with operator.act() as uow:
            uow.execute(
                "UPDATE users SET totp_secret = %(secret)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
                {"id": operator.owner_id, "secret": SECRET},
            )
    return operator
