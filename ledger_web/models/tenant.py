"""Shops: the directory that finds them by name, and what each is."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Computed
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Moment, TenantKey


class TenantDirectory(Base):
    """Where a host name leads. The only table that is read before the shop is known.

    Always true: one slug, one shop, and no other with the same look; nothing here that is the shop's business.
    """

    __tablename__ = "tenant_directory"

    slug: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)  # once, besides former addresses
    status: Mapped[str] = mapped_column(server_default="active")  # active, suspended, deleted, former
    look: Mapped[str] = mapped_column(
        Computed("translate(replace(replace(replace(slug, '-', ''), 'rn', 'm'), 'vv', 'w'), '015l', 'oisi')"),
        unique=True,
    )
    opened_at: Mapped[MadeAt]
    opened_from: Mapped[bytes | None]  # whose sign-up, as a digest: how many come from one place
    owner_mail: Mapped[bytes | None]  # digest of the address that proved itself: who asks for their shops by mail
    leads_to: Mapped[str | None]  # of a former address: the slug that came after it
    until: Mapped[dt.date | None]  # a former address leads on, and a deleted shop can be had back, until this day


class MailRequest(Base):
    """How often an address was written to, a place asked for it, or a shop wrote, within the hour. All are digests."""

    __tablename__ = "mail_requests"

    tenant_id = None  # type: ignore[assignment]  # of no shop: asked before one is known
    subject: Mapped[bytes] = mapped_column(primary_key=True)
    requests: Mapped[int]
    window_start: Mapped[Moment]


class Tenant(Base):
    """One shop with its own books.

    Always true: its row is visible to itself alone.
    """

    __tablename__ = "tenants"

    tenant_id: Mapped[TenantKey]
    name: Mapped[str]
    base_currency: Mapped[Currency]
    time_zone: Mapped[str]
    locale: Mapped[str]
    created_at: Mapped[MadeAt]
    locked_until: Mapped[dt.date | None]  # the last day of which nothing more is posted
    day_starts_at: Mapped[dt.time] = mapped_column(server_default="00:00")  # the business day, by the shop's clock
    books_version: Mapped[int] = mapped_column(server_default="1")
    over_short_limit: Mapped[int | None] = mapped_column(BigInteger)  # minor units of the base currency
    totalled_before: Mapped[dt.date] = mapped_column(server_default="2000-01-01")  # see DailyTotal
    blind_count: Mapped[bool] = mapped_column(server_default="false")
    prices_include_tax: Mapped[bool] = mapped_column(server_default="true")
    suspended_at: Mapped[Moment | None]  # since then nothing is written
    cash_step: Mapped[int | None] = mapped_column(BigInteger)  # the smallest cash, minor units; None: the currency's
    owners_need_code: Mapped[bool] = mapped_column(server_default="false")  # a second factor; see users.totp_secret
    settings_version: Mapped[int] = mapped_column(server_default="1")
    receipt_header: Mapped[str] = mapped_column(server_default="")
    receipt_footer: Mapped[str] = mapped_column(server_default="")
    receipt_paper: Mapped[str] = mapped_column(server_default="80")  # of a till that has not printed yet
    receipt_names_salesperson: Mapped[bool] = mapped_column(server_default="false")
    stock_policy: Mapped[str] = mapped_column(server_default="block")  # that new products begin with
    digits: Mapped[str] = mapped_column(server_default="latn")  # as CLDR names them


class ShopLogo(Base):
    """What stands at the top of a shop's receipts. Always true: PNG that we wrote ourselves, at most 600 × 300."""

    __tablename__ = "shop_logos"

    tenant_id: Mapped[TenantKey]
    digest: Mapped[str]
    content: Mapped[bytes]
    width: Mapped[int]
    height: Mapped[int]
    uploaded_at: Mapped[MadeAt]


class DomainDirectory(Base):
    """Which domain of its own leads to a shop. Read before the shop is known.

    Always true: one shop has it, and proved it; `token` is what the DNS of the domain said then.
    """

    __tablename__ = "domain_directory"

    host: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    token: Mapped[str]
    proved_at: Mapped[MadeAt]


class DomainClaim(Base):
    """A domain that a shop says to have. Nothing leads anywhere by it; several shops may claim the same."""

    __tablename__ = "domain_claims"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    host: Mapped[str]
    token: Mapped[str]
    claimed_by: Mapped[uuid.UUID | None]
    claimed_at: Mapped[MadeAt]
    proved_at: Mapped[Moment | None]
    checked_at: Mapped[Moment | None]
    failing_since: Mapped[Moment | None]  # the DNS no longer says so, and the domain still leads here
