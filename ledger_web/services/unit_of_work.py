"""The only door for writes: one act, one database transaction, one shop. The order of locks lives here.

In this order, always, so that two acts can never wait for each other (design §2):
the shop, the transaction's header, the documents acted on, stock levels in id order, the document's number,
other rows, accounts in id order, entries, commit, hooks.
Accounts come late, because a hot drawer is held only from there to the commit.
"""

import dataclasses
import functools
import hashlib
import json
import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from sqlalchemy import CursorResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ledger_web.domain.errors import ConflictError, InvariantBrokenError, LedgerError, ResubmissionError
from ledger_web.domain.journal import Entry
from ledger_web.models.base import has_failed, run_together, session_of
from ledger_web.services import audit, calendar, daily_totals, meters, posting

ATTEMPTS_MAX = 4
# Deadlock, serialization failure: the database undid the act and asks for it again.
RETRIED_STATES = frozenset({"40P01", "40001"})
# Another act was faster, and a second attempt sees it: a reversal, the same form, a lock date.
RETRIED_CONSTRAINTS = frozenset({"transactions_reversed_once", "transactions_by_day", "transactions_day_is_open"})
# What was sent unseen with the commit is refused: by an account's limits (posting.move_balances), or it is not there.
REFUSED_STATE = "22012"
REFUSED_CONSTRAINTS = frozenset({"entries_debit_account_fkey", "entries_credit_account_fkey"})

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """What a writing service answers: the id of what now exists, and whether it existed before this call."""

    id: uuid.UUID
    replayed: bool = False


# No docstring: that of an error is a text for people, and nobody reads this one.
class RefusedUnseenError(Exception):  # an account refused what was sent with the commit; done again, the act says why
    pass


class UnitOfWork:
    """One act of one person in one shop.

    Leaving the `with` block cleanly commits, an exception rolls everything back. Used again, it is a new act.

    While `is_optimistic`, what is posted is sent with the commit, in one round trip, so that a drawer everybody sells
    from is never held while Python works. Should an account refuse, or not be there yet, nothing is committed, and
    the act is done again looking at each answer (`whole_act`).
    """

    is_optimistic = False

    def __init__(self, tenant_id: int, actor_id: uuid.UUID | None = None) -> None:
        self.tenant_id = tenant_id
        self.actor_id = actor_id
        self._session: Session | None = None

    def __enter__(self) -> Self:
        session = session_of(self.tenant_id)
        if "unit_of_work" in session.info:
            raise InvariantBrokenError("A unit of work was opened inside another: services do not call services.")
        # Whatever was read before the act ends here: the act reads for itself, after taking its locks.
        session.rollback()
        session.info["unit_of_work"] = self
        self._session = session
        self._transaction_id: uuid.UUID | None = None
        self._occurred_on: date | None = None
        self._lines = 0
        self.posted_at: datetime | None = None
        self.has_left_marks = False
        self._hooks: list[Callable[[], None]] = []
        self._unsent: list[tuple[str, dict[str, object]]] = []
        self._op_id: uuid.UUID | None = None
        self._has_audited = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self._open_session()
        try:
            if error is None:
                self._commit(session)
            else:
                session.rollback()
        finally:
            self._session = None
            session.info.pop("unit_of_work", None)
        if error is None:
            for hook in [*self._hooks, self._bring_totals_up_to_date, self._seal_audit]:
                hook()

    @property
    def session(self) -> Session:
        """The act's session, with everything sent that was to go along with something else."""
        session = self._open_session()
        self._send_all()
        return session

    @property
    def transaction_id(self) -> uuid.UUID:
        """The transaction this act posts; known after `is_replay`."""
        if self._transaction_id is None:
            raise InvariantBrokenError("Entries were posted before their transaction: call is_replay first.")
        return self._transaction_id

    @property
    def occurred_on(self) -> date:
        """The business day of the act, in the shop's time zone."""
        if self._occurred_on is None:
            raise InvariantBrokenError("The day of a transaction is known only after is_replay.")
        return self._occurred_on

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> CursorResult[Any]:
        """Run SQL text as written, psycopg's `%(name)s` parameters bound; `tenant_id` is always among them."""
        session = self._open_session()
        together, self._unsent = [*self._unsent, (sql, self._bound(values))], []
        return self._run(session, together)

    def send(self, sql: str, values: Mapping[str, object] | None = None) -> None:
        """Do what `execute` does where nobody reads the answer: it goes in one round trip with what is executed next.

        The order stays; an error shows where the next one is executed, at the latest before the commit.
        """
        self._unsent.append((sql, self._bound(values)))

    def is_replay(
        self,
        command: object,
        *,
        id: uuid.UUID,
        kind: str,
        occurred_on: date | None = None,
        memo: str = "",
        reverses_id: uuid.UUID | None = None,
        overrides_lock: bool = False,
    ) -> bool:
        """Write the header of the transaction this act posts, unless it was posted before.

        What is posted next belongs to it. An act that posts several, one after the other, asks for each; only the
        first one's id says whether the act is done already.

        Args:
            command: The act; its fingerprint tells a second submission from a second meaning.
            id: Minted when the form was rendered. The idempotency key, kept for ever.
            occurred_on: Business day; None is today in the shop's time zone, by the database's clock.
            overrides_lock: Whoever acts may post into a locked period, and says so.

        Returns:
            True if this very act is in the books already: the caller answers with what exists.

        Raises:
            ResubmissionError: The id was used for something else.
            PeriodLockedError: The day, or the day of what is reversed, lies in a locked period.
            DayOutOfRangeError: The day is yet to come, or before all time of the shop.
            NotFoundError: The shop has no transaction to be reversed.
        """
        self._op_id = id
        header = posting.Header(
            id=id,
            kind=kind,
            occurred_on=occurred_on,
            fingerprint=fingerprint_of(command),
            actor_id=self.actor_id,
            memo=memo,
            reverses_id=reverses_id,
            reverses_on=calendar.find_days(self, [reverses_id])[reverses_id] if reverses_id else None,
            overrides_lock=overrides_lock,
        )
        day = posting.insert_headers(self, [header]).get(id)
        if day is None:
            stored = posting.find_fingerprints(self, [id]).get(id)
            if stored is None:
                raise calendar.read_calendar(self).refusal(header) or ConflictError()
            self._must_match(stored, header.fingerprint)
            meters.count("ledger_acts_replayed_total")
            return True
        self._transaction_id, self._occurred_on, self._lines = id, day, 0
        return False

    def is_resubmission(self, command: object, *, id: uuid.UUID, subject_id: uuid.UUID | None = None) -> bool:
        """Do for an act that posts nothing what `is_replay` does for one that posts: remember its form's id.

        Raises:
            ResubmissionError: The id was used for something else.
        """
        self._op_id = id
        fingerprint = fingerprint_of(command)
        new = self.execute(
            """
            INSERT INTO submissions AS s (tenant_id, id, fingerprint, subject_id, actor_id, submitted_at)
            VALUES (%(tenant_id)s, %(id)s, %(fingerprint)s, %(subject_id)s, %(actor_id)s, now())
            ON CONFLICT (tenant_id, id) DO NOTHING
            RETURNING s.id
            """,
            {"id": id, "fingerprint": fingerprint, "subject_id": subject_id, "actor_id": self.actor_id},
        ).first()
        if new is not None:
            return False
        stored = self.execute(
            "SELECT fingerprint FROM submissions WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": id}
        ).scalar_one()
        self._must_match(bytes(stored), fingerprint)
        meters.count("ledger_acts_replayed_total")
        return True

    def post(self, entries: Sequence[Entry], *, in_open_shift: bool = False, of: uuid.UUID | None = None) -> None:
        """Put entries into the books and move the cached balances they name, each account once.

        Accounts that do not exist yet are opened. Call it last: it locks the accounts until the commit.

        Args:
            in_open_shift: The cash in it moves only while its drawer's shift is open.
            of: An earlier transaction of this act, of the same day, that nothing was posted of yet: so that an act
                of two locks its accounts after all else.

        Raises:
            DrawerNotOpenError, InsufficientFundsError, CreditLimitExceededError, AccountClosedError: Nothing is posted.
            NotFoundError: An account's party or drawer is not this shop's.
        """
        first_line = 1 if of else self._lines + 1
        posting.post_entries(self, entries, of=of, first_line=first_line, in_open_shift=in_open_shift)
        self._lines += 0 if of else len(entries)

    def audit(
        self,
        action: str,
        *,
        holder: uuid.UUID | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        approved_by: uuid.UUID | None = None,
    ) -> None:
        """Write down, with this act and in its transaction, who did what: for acts that leave no entry in the books.

        Args:
            action: `area.verb`, for example "product.edit".
            holder: The thing it was done to.
            before: What it was; None for a thing that is new. Of two sides only what differs is kept.
            after: What it is; None for a thing that is gone. Names that sound like a secret are kept without value.
            approved_by: Whose PIN allowed it.
        """
        audit.write_event(
            self, action, holder=holder, op_id=self._op_id, approver_id=approved_by, before=before, after=after
        )
        self._has_audited = True

    def after_commit(self, hook: Callable[[], None]) -> None:
        """Run `hook` once everything is stored; a rolled back act runs none."""
        self._hooks.append(hook)

    def _open_session(self) -> Session:
        if self._session is None:
            raise InvariantBrokenError("A unit of work was used outside its `with` block.")
        return self._session

    def _commit(self, session: Session) -> None:
        """Commit in one round trip with what is still to be sent, and with nothing of Python between them.

        What is sent last locks the accounts that others wait for.
        """
        try:
            self._send_all(and_commit=not (session.new or session.dirty or session.deleted))
            if has_failed(session):
                raise InvariantBrokenError("A statement failed and the act went on. Nothing was saved.")
        except BaseException:
            session.rollback()
            raise
        session.commit()

    def _bound(self, values: Mapping[str, object] | None) -> dict[str, object]:
        return {"tenant_id": self.tenant_id, **(values or {})}

    def _send_all(self, *, and_commit: bool = False) -> None:
        if self._unsent:
            together, self._unsent = self._unsent, []
            self._run(self._open_session(), together, and_commit=and_commit)

    def _run(
        self, session: Session, together: Sequence[tuple[str, Mapping[str, Any]]], *, and_commit: bool = False
    ) -> CursorResult[Any]:
        try:
            return run_together(session, together, and_commit=and_commit)
        except DBAPIError as error:
            if self.is_optimistic and _is_refusal(error):
                raise RefusedUnseenError from error
            raise

    def _bring_totals_up_to_date(self) -> None:
        """Total what this act left marks for, and the days that became due, in transactions of their own."""
        if self.posted_at is not None:
            new = type(self)(self.tenant_id)
            daily_totals.catch_up(new, posted_at=self.posted_at, has_marks=self.has_left_marks)

    def _seal_audit(self) -> None:
        if self._has_audited:
            audit.seal_if_due(type(self)(self.tenant_id))

    @staticmethod
    def _must_match(stored: bytes, fingerprint: bytes) -> None:
        if stored != fingerprint:
            raise ResubmissionError


def whole_act(act: Callable[Concatenate[C, UnitOfWork, P], R]) -> Callable[Concatenate[C, UnitOfWork, P], R]:
    """Retry a service as a whole when the database undid it or the connection was lost.

    Safe because of the idempotency key: if the commit did arrive, the second attempt is a replay.
    At most 4 attempts, full jitter from 20 ms. Source: promises §2.7. Therefore the first may be optimistic.
    """

    @functools.wraps(act)
    def retried(command: C, uow: UnitOfWork, *args: P.args, **kwargs: P.kwargs) -> R:
        uow.is_optimistic = True
        try:
            for attempt in range(1, ATTEMPTS_MAX):
                try:
                    return act(command, uow, *args, **kwargs)
                except RefusedUnseenError:
                    uow.is_optimistic = False
                except DBAPIError as error:
                    if not _may_be_retried(error):
                        raise
                    meters.count("ledger_acts_retried_total", act=act.__name__)
                    log.warning("retrying %s after %s", act.__name__, type(error.orig).__name__)
                    time.sleep(random.uniform(0, 0.02 * 4**attempt))  # noqa: S311 (jitter, not a secret)
            uow.is_optimistic = False
            return act(command, uow, *args, **kwargs)
        finally:
            uow.is_optimistic = False  # whoever uses it again by itself hears why something is refused

    return cast("Callable[Concatenate[C, UnitOfWork, P], R]", retried)


def _may_be_retried(error: DBAPIError) -> bool:
    """Say whether a second attempt can end otherwise."""
    return (
        error.connection_invalidated
        or getattr(error.orig, "sqlstate", None) in RETRIED_STATES
        or violated_constraint(error) in RETRIED_CONSTRAINTS
    )


def _is_refusal(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == REFUSED_STATE or violated_constraint(error) in REFUSED_CONSTRAINTS


def fingerprint_of(command: object) -> bytes:
    """Return the SHA-256 of what a command says, equal for equal meaning: 1.0 is 1, order of keys is nothing."""
    if not dataclasses.is_dataclass(command) or isinstance(command, type):
        raise LedgerError("Only a command can be fingerprinted.")
    said = [type(command).__name__, command]
    return hashlib.sha256(json.dumps(said, default=_canonical, sort_keys=True).encode()).digest()


def _canonical(value: Any) -> object:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    names = _names_of(type(value))  # type: ignore[arg-type]  # mypy: a class is not Hashable
    return {name: getattr(value, name) for name in names} if names else str(value)


@functools.cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a dataclass that make two of them different; none of one that can say itself in a word."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) and kind.__str__ is object.__str__ else ()
    return tuple(field.name for field in fields if field.compare)


def violated_constraint(error: DBAPIError) -> str:
    """Name the constraint an IntegrityError is about; on a cluster without the shard's number behind it."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    head, _, tail = name.rpartition("_")
    return head if tail.isdigit() and len(tail) > 5 else name
