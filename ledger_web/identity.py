"""Who is asking, and whether they may: every route says what it asks for, and what says nothing is closed."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager

from ledger_web.domain.errors import LedgerError
from ledger_web.domain.tokens import TOKEN, digest_of
from ledger_web.services.refusals import RefuseAccess, record_refusal
from ledger_web.services.unit_of_work import UnitOfWork

SESSION_COOKIE = "__Host-sid"
TILL_COOKIE = "__Host-till"
# Where an owner gets without the second factor that the shop asks for: to where it is set up, and out.
OPEN_WITHOUT_CODE = frozenset(
    {"account.new_codes", "account.create_codes", "auth.delete", "appearance.update", "static"}
)
PUBLIC = "public"
SIGNED_IN = "signed in"

_CLAIM = re.compile(rf"([1-9][0-9]{{0,15}})\.({TOKEN.pattern})")
_TENANT_ID_MAX = 2**53 - 1

View = TypeVar("View", bound=Callable[..., Any])

login_manager = LoginManager()
# Flask-Login's own session is not used: nothing in the visit's cookie can say who somebody is.
login_manager.session_protection = None


class PermissionDeniedError(LedgerError):
    """Your role does not allow this. Ask the owner of the shop."""


class CodeNeededError(LedgerError):
    """This shop asks its owners for a code from their phone beside the password. Set that up first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person signed in to one shop, with what they may do."""

    tenant_id: int
    user_id: uuid.UUID
    user_name: str
    role_name: str
    session_id: bytes  # the digest, not the secret
    permissions: frozenset[str]
    limits: Mapping[str, Decimal | None]
    lacks_code: bool = False  # the shop asks for a second factor, and there is none yet
    lacks_proof: bool = False  # there is an e-mail address that was never proved

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Name the shop and the session, never the user alone: the same id may exist in another shop."""
        return f"{self.tenant_id}:{self.session_id.hex()}"

    def limit(self, name: str) -> Decimal | None:
        """Return how much of a right this person has, for example "sale.discount"; None is no limit.

        Raises:
            KeyError: There is no such limit; `permissions.LIMITS` lists them.
        """
        return self.limits[name]


@dataclass(frozen=True, slots=True)
class SessionClaim:
    """What a cookie says: a session of this shop. True only if the shop's sessions agree."""

    tenant_id: int
    session_id: bytes


def new_act() -> UnitOfWork:
    """Return a unit of work of whoever is signed in, at the shop of the request."""
    return UnitOfWork(g.tenant.id, g.identity.user_id)


def init_app(app: Flask) -> None:
    """Close every route that does not say who may come in. Register after tenancy, which finds out who asks."""
    login_manager.init_app(app, add_context_processor=False)
    app.before_request(_ask_for_permission)


def public(view: View) -> View:
    """Open a view to strangers."""
    return permission_required(PUBLIC)(view)


def signed_in_required(view: View) -> View:
    """Open a view to everyone who is signed in to the shop, whatever their role."""
    return permission_required(SIGNED_IN)(view)


def permission_required(permission: str) -> Callable[[View], View]:
    """Open a view to those whose role has the permission, for example "sale.create"."""

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def permission_of(endpoint: str) -> str | None:
    """Return what a route asks for; None is a route that forgot to say, and is closed to all."""
    if endpoint == "static":
        return PUBLIC
    return getattr(current_app.view_functions[endpoint], "permission", None)


def may(permission: str) -> bool:
    """Say whether whoever asks has the permission."""
    identity = g.get("identity")
    return identity is not None and permission in identity.permissions


def may_open(endpoint: str) -> bool:
    """Say whether whoever asks would be let in."""
    permission = permission_of(endpoint)
    if permission == PUBLIC:
        return True
    return permission is not None and g.get("identity") is not None and (permission == SIGNED_IN or may(permission))


def claimed_session() -> SessionClaim | None:
    """Read the session's cookie. Anything that we did not write is no claim at all."""
    return _claim(SESSION_COOKIE)


def claimed_till(tenant_id: int) -> bytes | None:
    """Return the digest of the till this browser says to be, if it says so of this shop."""
    claim = _claim(TILL_COOKIE)
    return claim.session_id if claim and claim.tenant_id == tenant_id else None


def _claim(cookie: str) -> SessionClaim | None:
    written = _CLAIM.fullmatch(request.cookies.get(cookie, ""))
    if written is None or int(written[1]) > _TENANT_ID_MAX:
        return None
    return SessionClaim(int(written[1]), digest_of(written[2]))


def cookie_value(tenant_id: int, token: str) -> str:
    """Write what `claimed_session` reads."""
    return f"{tenant_id}.{token}"


def _ask_for_permission() -> ResponseReturnValue | None:
    identity = g.get("identity")
    if identity is not None and identity.lacks_code and request.endpoint not in OPEN_WITHOUT_CODE:
        raise CodeNeededError
    if request.endpoint is None or may_open(request.endpoint):
        return None  # where nothing is, routing answers 404 or 405
    if g.get("identity") is None and permission_of(request.endpoint) is not None:
        answer: ResponseReturnValue = login_manager.unauthorized()
        return answer
    if identity is not None:
        refused = RefuseAccess(right=permission_of(request.endpoint) or "", path=request.path[:200])
        record_refusal(refused, UnitOfWork(identity.tenant_id, identity.user_id))
    raise PermissionDeniedError


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _load_user(_request: object) -> Identity | None:
    """Tell Flask-Login who asks: tenancy found it out with the shop, in the request's one query."""
    identity: Identity | None = g.get("identity")
    return identity
