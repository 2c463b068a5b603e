"""What those who run the system see: which shops there are, how each stands, who comes to their room.

Never what a shop sold, to whom, or for how much.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.languages import gettext
from ledger_web.domain.slugs import OPERATORS
from ledger_web.models.base import directory_session, session_of

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """Somebody who runs the system."""

    login: str
    name: str
    active: bool
    has_codes: bool
    last_seen_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """An address in the list of them all."""

    slug: str
    tenant_id: int
    status: str
    leads_to: str | None
    until: dt.date | None
    opened_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """Some addresses, in their order."""

    rows: list[PlaceRow]
    after: str | None  # the last of them, if there are more


def find_room() -> int | None:
    """Return the id of the operators' room, if somebody was let in."""
    row = directory_session().execute(
        text("SELECT tenant_id FROM tenant_directory WHERE slug = :slug AND status = 'operators'"), {"slug": OPERATORS}
    )
    room: int | None = row.scalar()
    return room


def list_operators(room: int) -> list[OperatorRow]:
    """Return everybody who was ever let in."""
    rows = session_of(room).execute(
        text(
            """
            SELECT u.login, u.name, u.active, u.totp_secret IS NOT NULL,
                   (SELECT max(s.last_seen_at)
                      FROM sessions AS s
                     WHERE s.tenant_id = :tenant_id AND s.user_id = u.id AND NOT s.waits_for_code)
              FROM users AS u
             WHERE u.tenant_id = :tenant_id
             ORDER BY u.login
            """
        ),
        {"tenant_id": room},
    )
    return [OperatorRow(*row) for row in rows]


def list_places(*, prefix: str = "", status: str | None = None, after: str = "") -> PlacesPage:
    """Return a page of addresses that begin so, in one state or any, each range of them read from an index.

    Args:
        status: active, suspended, deleted or former; None: every shop, and no address that one has left.
        after: The last address of the page before.
    """
    rows = (
        directory_session()
        .execute(
            text(_IN_STATE if status else _IN_ANY),
            # No address has a sign behind z: "~" comes after all that begin with the prefix.
            {"status": status, "after": after, "first": prefix, "last": f"{prefix}~", "rows_max": PAGE_SIZE + 1},
        )
        .all()
    )
    found = [PlaceRow(*row) for row in rows[:PAGE_SIZE]]
    return PlacesPage(found, found[-1].slug if len(rows) > PAGE_SIZE else None)


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """How a shop is set up and used: nothing of what is in its books."""

    name: str
    opened_at: dt.datetime
    base_currency: str
    time_zone: str
    locale: str
    signed_in_at: dt.datetime | None  # when somebody last did


def get_place_at(slug: str) -> PlaceRow:
    """Return the shop of an address, whatever its state; of one that it has left, where it is now.

    Raises:
        NotFoundError: There is none.
    """
    row = directory_session().execute(
        text(
            """
            SELECT d.slug, d.tenant_id, d.status, d.leads_to, d.until, d.opened_at
              FROM tenant_directory AS a
              JOIN tenant_directory AS d
                ON d.tenant_id = a.tenant_id
               AND d.status IN ('active', 'suspended', 'deleted')
             WHERE a.slug = :slug
            """
        ),
        {"slug": slug},
    )
    found = row.one_or_none()
    if found is None:
        raise NotFoundError(gettext("There is no shop at %(slug)s.", slug=slug))
    return PlaceRow(*found)


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An owner of a shop, who may need help to come in."""

    id: uuid.UUID
    login: str
    name: str
    has_codes: bool


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """How all of it stands."""

    shops: dict[str, int]  # by state
    domains: int  # that lead to a shop
    overdue: int  # of them, not proved for eight days
    schema: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A time when the DNS was asked about all domains."""

    checked_at: dt.datetime
    checked: int
    failing: int


def list_owners(tenant_id: int) -> list[OwnerRow]:
    """Return the owners of a shop who may come in."""
    rows = session_of(tenant_id).execute(
        text(
            """
            SELECT u.id, u.login, u.name, u.totp_secret IS NOT NULL
              FROM roles AS r
              JOIN users AS u
                ON u.tenant_id = :tenant_id
               AND u.role_id = r.id
               AND u.active
             WHERE r.tenant_id = :tenant_id
               AND r.built_in = 'owner'
             ORDER BY u.created_at, u.id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return [OwnerRow(*row) for row in rows]


def get_system() -> SystemFacts:
    """Count shops by state and domains by age, each from an index of the directory; no shop is looked into."""
    session = directory_session()
    shops = session.execute(text("SELECT d.status, count(*) FROM tenant_directory AS d GROUP BY d.status"))
    by_state = {str(status): int(count) for status, count in shops if status != "operators"}
    domains = session.execute(
        text(
            """
            SELECT count(*), count(*) FILTER (WHERE d.proved_at < now() - interval '8 days'),
                   (SELECT max(v.version_num) FROM alembic_version AS v)
              FROM domain_directory AS d
            """
        )
    ).one()
    return SystemFacts(by_state, *domains)


def find_last_check(room: int) -> CheckRow | None:
    """Return when all domains were looked at last, if that was since the room is there."""
    row = (
        session_of(room)
        .execute(
            text(
                """
                SELECT e.happened_at, e.after
                  FROM audit_events AS e
                 WHERE e.tenant_id = :tenant_id
                   AND e.action = 'operator.check_domains'
                 ORDER BY e.happened_at DESC
                 LIMIT 1
                """
            ),
            {"tenant_id": room},
        )
        .one_or_none()
    )
    return CheckRow(row.happened_at, row.after["checked"], row.after["failing"]) if row else None


def get_facts(tenant_id: int) -> ShopFacts:
    """Return what there is to know of a shop without looking into its books."""
    row = session_of(tenant_id).execute(
        text(
            """
            SELECT t.name, t.created_at, t.base_currency, t.time_zone, t.locale,
                   (SELECT max(e.happened_at)
                      FROM audit_events AS e
                     WHERE e.tenant_id = :tenant_id AND e.action = 'session.open')
              FROM tenants AS t
             WHERE t.tenant_id = :tenant_id
            """
        ),
        {"tenant_id": tenant_id},
    )
    return ShopFacts(*row.one())


_PLACES = """
    SELECT d.slug, d.tenant_id, d.status, d.leads_to, d.until, d.opened_at
      FROM tenant_directory AS d
     WHERE d.slug > :after
       AND d.slug >= :first
       AND d.slug < :last
       AND {which}
     ORDER BY d.slug
     LIMIT :rows_max
"""
_IN_STATE = _PLACES.format(which="d.status = :status")
_IN_ANY = _PLACES.format(which="d.status IN ('active', 'suspended', 'deleted')")
