"""Shops open."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field

from babel import Locale, UnknownLocaleError

from ledger_web.domain.currencies import CURRENCIES
from ledger_web.domain.days import time_zones
from ledger_web.domain.errors import DuplicateSlugError, RuleViolationError, TooManyAttemptsError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext, gettext_in, gettext_noop, language_of, speaking
from ledger_web.domain.passwords import check_password
from ledger_web.domain.permissions import BUILT_IN_ROLES
from ledger_web.domain.slugs import check_slug
from ledger_web.services.passwords import hash_password
from ledger_web.services.return_reasons import insert_default_reasons
from ledger_web.services.unit_of_work import UnitOfWork, whole_act
from ledger_web.services.users import fold_email

FIRST_DRAWER = gettext_noop("Till 1")
FIRST_SERIES = "A"
TENANT_IDS = 2**53 - 1  # ids of shops are 1 to this
SIGN_UPS_MAX = 5  # an hour, from one place


@dataclass(frozen=True, kw_only=True)
class OpenShop:
    """Somebody opens a shop and owns it."""

    slug: str
    name: str
    base_currency: str
    owner_login: str
    owner_name: str
    owner_password: str = field(repr=False)
    time_zone: str = "UTC"
    locale: str = "en"
    digits: str = "latn"
    owner_mail: bytes | None = None  # digest of an address that proved itself
    owner_email: str | None = None  # that address: a link goes there when the password is lost
    opened_from: bytes | None = None  # digest of the place a stranger signs up from; None: whoever runs the system


@dataclass(frozen=True, slots=True)
class OpenedShop:
    """What there is now."""

    tenant_id: int
    slug: str
    owner_id: uuid.UUID
    drawer_id: uuid.UUID


def new_tenant_id() -> int:
    """Choose the id of a shop: at random among those a browser can count, as no sequence spans all machines."""
    return secrets.randbelow(TENANT_IDS) + 1


def tenant_id_of(op_id: uuid.UUID) -> int:
    """Return the id of the shop that a form opens: the same form sent twice opens one."""
    return int.from_bytes(hashlib.sha256(b"shop" + op_id.bytes).digest()[:8]) % TENANT_IDS + 1


@whole_act
def open_shop(command: OpenShop, uow: UnitOfWork) -> OpenedShop:
    """Open a shop under an id of its own (`UnitOfWork(new_tenant_id())`): all of it, or nothing.

    Its name in the directory, its settings, the three built-in roles, the owner and a first cash drawer.

    Raises:
        InvalidSlugError: The address is reserved or cannot be one.
        DuplicateSlugError: The address is taken, or looks like one that is.
        TooManyAttemptsError: Too many shops were opened from one place within the hour.
        WeakPasswordError: The owner's password is easy to guess.
        RuleViolationError: No such currency, time zone or locale.
    """
    slug = check_slug(command.slug)
    login = command.owner_login.strip().casefold()
    check_password(command.owner_password, [login, command.owner_name, slug, command.name])
    _check_settings(command)
    password_hash = hash_password(command.owner_password)
    shop = OpenedShop(uow.tenant_id, slug, owner_id=new_id(), drawer_id=new_id())
    with uow:
        _must_not_be_too_many(uow, command.opened_from)
        enter_in_directory(uow, slug, opened_from=command.opened_from, owner_mail=command.owner_mail)
        _insert_tenant(uow, command)
        roles = _insert_roles(uow)
        _insert_owner(uow, shop.owner_id, login, command, password_hash, roles["owner"])
        _insert_drawer(uow, shop.drawer_id, command.locale)
        with speaking(command.locale):
            insert_default_reasons(uow)
    return shop


def _check_settings(command: OpenShop) -> None:
    if not command.name.strip() or not command.owner_login.strip():
        raise RuleViolationError("A shop needs a name, and its owner a name to sign in with.")
    if command.base_currency not in CURRENCIES:
        raise RuleViolationError(
            gettext(
                "%(base_currency)s is not a currency. Use a code like EUR or PKR.", base_currency=command.base_currency
            )
        )
    if command.time_zone not in time_zones():
        raise RuleViolationError(
            gettext("%(time_zone)s is not a time zone. Use a name like Asia/Karachi.", time_zone=command.time_zone)
        )
    try:
        Locale.parse(command.locale)
    except (UnknownLocaleError, ValueError) as error:
        raise RuleViolationError(
            gettext("%(locale)s is not a locale. Use one like en, ur or de_AT.", locale=command.locale)
        ) from error


def _must_not_be_too_many(uow: UnitOfWork, opened_from: bytes | None) -> None:
    opened = uow.execute(
        """
        SELECT count(*) FROM tenant_directory
         WHERE opened_from = %(opened_from)s AND opened_at > now() - interval '1 hour'
        """,
        {"opened_from": opened_from},
    ).scalar_one()
    if opened >= SIGN_UPS_MAX:
        raise TooManyAttemptsError(3600)


def enter_in_directory(
    uow: UnitOfWork,
    slug: str,
    *,
    status: str = "active",
    opened_from: bytes | None = None,
    owner_mail: bytes | None = None,
) -> None:
    """Take an address. Two who ask for the same, or for look-alikes, at once: one gets it, by the keys of the table.

    Raises:
        DuplicateSlugError: It is taken, or looks like one that is.
    """
    entered = uow.execute(
        """
        INSERT INTO tenant_directory AS d (slug, tenant_id, status, opened_from, owner_mail)
        VALUES (%(slug)s, %(tenant_id)s, %(status)s, %(opened_from)s, %(owner_mail)s)
        ON CONFLICT DO NOTHING
        RETURNING d.slug
        """,
        {"slug": slug, "status": status, "opened_from": opened_from, "owner_mail": owner_mail},
    ).first()
    if entered is None:
        raise DuplicateSlugError(
            gettext("%(slug)s is taken, or looks like an address that is. Choose another.", slug=slug)
        )


def _insert_tenant(uow: UnitOfWork, command: OpenShop) -> None:
    uow.execute(
        """
        INSERT INTO tenants (tenant_id, name, base_currency, time_zone, locale, digits)
        VALUES (%(tenant_id)s, %(name)s, %(base_currency)s, %(time_zone)s, %(locale)s, %(digits)s)
        """,
        {
            "name": command.name.strip(),
            "base_currency": command.base_currency,
            "time_zone": command.time_zone,
            "locale": command.locale,
            "digits": command.digits,
        },
    )


def _insert_roles(uow: UnitOfWork) -> dict[str, uuid.UUID]:
    roles = {name: new_id() for name in BUILT_IN_ROLES}
    for name, role_id in roles.items():
        uow.execute(
            """
            INSERT INTO roles (tenant_id, id, name, built_in)
            VALUES (%(tenant_id)s, %(id)s, %(name)s, %(name)s)
            """,
            {"id": role_id, "name": name},
        )
    return roles


def _insert_owner(
    uow: UnitOfWork, owner_id: uuid.UUID, login: str, command: OpenShop, password_hash: str, role_id: uuid.UUID
) -> None:
    uow.execute(
        """
        INSERT INTO users (tenant_id, id, login, name, password_hash, role_id, email, proved_email)
        VALUES (%(tenant_id)s, %(id)s, %(login)s, %(name)s, %(password_hash)s, %(role_id)s, %(email)s, %(email)s)
        """,
        {
            "id": owner_id,
            "login": login,
            "name": command.owner_name.strip(),
            "password_hash": password_hash,
            "role_id": role_id,
            "email": fold_email(command.owner_email or ""),
        },
    )


def _insert_drawer(uow: UnitOfWork, drawer_id: uuid.UUID, locale: str) -> None:
    uow.execute(
        """
        INSERT INTO cash_drawers (tenant_id, id, name, series)
        VALUES (%(tenant_id)s, %(id)s, %(name)s, %(series)s)
        """,
        {"id": drawer_id, "name": gettext_in(language_of(locale), FIRST_DRAWER), "series": FIRST_SERIES},
    )
