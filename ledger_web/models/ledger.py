"""The books: accounts, transactions and entries."""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Computed, DateTime, FetchedValue
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Currency, Key, MadeAt, Minor, TenantKey


class Account(Base):
    """One holder's money in one currency, with its cached balance.

    Always true: if `cached`, debits and credits are the sums of its entries at every commit, and `version`
    is their number; if not, the three stay zero and the sums are read from entries. Positive balance
    stands on the normal side. Cash and store credit are never below zero. `floor` and `ceiling`
    are limits people change: asked when a posting makes it worse, never of what is already there.
    """

    __tablename__ = "accounts"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    kind: Mapped[str]
    party_id: Mapped[uuid.UUID | None]
    drawer_id: Mapped[uuid.UUID | None]
    code: Mapped[str | None]
    currency: Mapped[Currency]
    normal_side: Mapped[str]
    cached: Mapped[bool]
    debits: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    credits: Mapped[Minor] = mapped_column(BigInteger, server_default="0")
    balance: Mapped[Minor] = mapped_column(
        BigInteger, Computed("CASE normal_side WHEN 'debit' THEN debits - credits ELSE credits - debits END")
    )
    floor: Mapped[int | None] = mapped_column(BigInteger)
    ceiling: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[MadeAt]
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    shift_opened_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class Transaction(Base):
    """One thing that happened: the header of its entries, and the record of who posted it and when.

    Always true: never updated, never deleted; reversed at most once. The id was minted when its form
    was rendered, so it is the idempotency key too. Its day, and the day of what it reverses, lie behind
    `locked_until`, the lock date when it was posted, which the database writes itself; or `overrides_lock`.
    """

    __tablename__ = "transactions"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    kind: Mapped[str]
    occurred_on: Mapped[dt.date]
    posted_at: Mapped[MadeAt]
    actor_id: Mapped[uuid.UUID | None]
    fingerprint: Mapped[bytes]
    reverses_id: Mapped[uuid.UUID | None]
    memo: Mapped[str] = mapped_column(server_default="")
    reverses_on: Mapped[dt.date | None]  # the business day of what it reverses
    overrides_lock: Mapped[bool] = mapped_column(server_default="false")
    locked_until: Mapped[dt.date | None] = mapped_column(server_default=FetchedValue())


class TransactionWord(Base):
    """A word of a transaction's memo, under which the register finds it."""

    __tablename__ = "transaction_words"

    tenant_id: Mapped[TenantKey]
    word: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[Key]


class Category(Base):
    """What the shop itself calls a kind of expense or of other income. Always true: its code stays as it is."""

    __tablename__ = "categories"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[MadeAt]


class LockDateChange(Base):
    """Who locked the books up to which day, or unlocked them, when and why. Never updated, never deleted."""

    __tablename__ = "lock_date_changes"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    changed_at: Mapped[MadeAt]
    actor_id: Mapped[uuid.UUID | None]
    locked_before: Mapped[dt.date | None]
    locked_after: Mapped[dt.date | None]
    reason: Mapped[str]


class Entry(Base):
    """One amount, from its credit account to its debit account, in one currency.

    Always true: amount > 0; two different accounts of this shop, both in this currency; the day is its
    transaction's; never updated, never deleted.
    """

    __tablename__ = "entries"

    tenant_id: Mapped[TenantKey]
    transaction_id: Mapped[Key]
    line: Mapped[int] = mapped_column(primary_key=True)
    debit_account_id: Mapped[uuid.UUID]
    credit_account_id: Mapped[uuid.UUID]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    occurred_on: Mapped[dt.date]
