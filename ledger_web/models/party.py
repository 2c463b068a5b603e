"""The people and firms a shop deals with, and the four views that show them with their balance."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Date, DateTime
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, TenantKey


class Party(Base):
    """A customer, vendor, employee or member.

    Always true: once archived, its accounts are closed and their balances zero; merged into another, it is archived.
    `name_key` puts names in order.
    """

    __tablename__ = "parties"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    kind: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[Currency]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    merged_into: Mapped[uuid.UUID | None]
    expires_on: Mapped[dt.date | None] = mapped_column(Date)
    price_list_id: Mapped[uuid.UUID | None]


class PartyWord(Base):
    """A word of a party's name or phone, as search looks it up."""

    __tablename__ = "party_words"

    tenant_id: Mapped[TenantKey]
    word: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[Key]


class MembershipTerm(Base):
    """What dues did to a membership: when it ended before, and when since. Never changed, never deleted."""

    __tablename__ = "membership_terms"

    tenant_id: Mapped[TenantKey]
    transaction_id: Mapped[Key]
    member_id: Mapped[uuid.UUID]
    ended_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)


class _PartyWithBalance(Base):
    __abstract__ = True
    __table_args__ = {"info": {"view": True}}

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    phone: Mapped[str]
    note: Mapped[str]
    currency: Mapped[Currency]
    version: Mapped[int]
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    balance: Mapped[Minor]
    credit_limit: Mapped[int | None] = mapped_column(BigInteger)
    account_id: Mapped[uuid.UUID | None]


class Customer(_PartyWithBalance):
    """Balance above zero: owes the shop."""

    __tablename__ = "customers"


class Vendor(_PartyWithBalance):
    """Balance above zero: the shop owes."""

    __tablename__ = "vendors"


class Employee(_PartyWithBalance):
    """Balance above zero: the shop owes."""

    __tablename__ = "employees"


class Member(_PartyWithBalance):
    """Balance above zero: owes dues."""

    __tablename__ = "members"
