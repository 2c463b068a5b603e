"""Many transactions at once: one database transaction and as many statements for thousands as for one."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger_web.domain.errors import ConflictError, InvariantBrokenError, LedgerError, NotFoundError, ResubmissionError
from ledger_web.domain.journal import AccountKey, Entry, deltas, runs
from ledger_web.services import calendar, posting
from ledger_web.services.unit_of_work import Recorded, RefusedUnseenError, UnitOfWork, fingerprint_of, whole_act

POSTINGS_MAX = 10_000  # the web's statements may take five seconds; these take one


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One transaction to put into the books: what its header says, and its entries."""

    id: uuid.UUID  # the idempotency key, kept for ever
    kind: str
    entries: tuple[Entry, ...]
    occurred_on: date | None = None  # None: today in the shop's time zone
    memo: str = ""
    actor_id: uuid.UUID | None = field(default=None, compare=False)  # None: whoever the unit of work is of
    # Tells a second submission from a second meaning. Left out, it is that of the posting itself; whoever posts
    # on behalf of a command gives the command's.
    fingerprint: bytes = field(default=b"", compare=False)

    def __post_init__(self) -> None:
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint_of(self))


Answer = Recorded | LedgerError
Refuse = Callable[[Posting], LedgerError | None]


@whole_act
def post_many(postings: Sequence[Posting], uow: UnitOfWork) -> list[Answer]:
    """Put transactions into the books as if they were posted one by one in this order, each standing by itself.

    First all are posted together, which fails as a whole if one of them would break a limit. Then the accounts are
    locked, each posting is judged in its turn, and those that stand are posted together.

    Returns:
        For each posting, in order, `Recorded` or the error that posting it by itself would have raised: limits of
        an account, a holder that is not in this shop, a day that is closed, an id that was used for something else.

    Raises:
        InvariantBrokenError: There are more than POSTINGS_MAX. Nothing is posted.
    """
    if len(postings) > POSTINGS_MAX:
        raise InvariantBrokenError(f"A batch holds at most {POSTINGS_MAX} transactions. Nothing was saved.")
    if not postings:
        return []
    try:
        with uow:
            return _post_together(postings, uow)
    except (LedgerError, RefusedUnseenError):
        with uow:
            return _post_what_stands(postings, uow)


def _post_together(postings: Sequence[Posting], uow: UnitOfWork) -> list[Answer]:
    firsts = {each.id: each for each in reversed(postings)}
    days = posting.insert_headers(uow, _headers(firsts.values(), uow))
    known = firsts.keys() - days.keys()
    stored = posting.find_fingerprints(uow, known) if known else {}
    if len(stored) < len(known):
        raise ConflictError
    answers, standing = _judge(postings, stored, lambda _: None)
    _write(standing, days, uow)
    return answers


def _post_what_stands(postings: Sequence[Posting], uow: UnitOfWork) -> list[Answer]:
    """Lock, look, judge, write. Headers come after accounts here, since a refused posting must leave none.

    So two batches that share an id and meet a refusal at the same moment may deadlock; the slower one is then
    retried as a whole, like any act.
    """
    keys = {key for each in postings for entry in each.entries for key in (entry.debit, entry.credit)}
    homeless = posting.open_what_can_be(uow, keys)
    days_open = calendar.read_calendar(uow)
    court = _Court(uow.tenant_id, homeless, posting.lock_accounts(uow, keys - homeless))
    stored = posting.find_fingerprints(uow, {each.id for each in postings})
    answers, standing = _judge(
        postings, stored, lambda each: days_open.refusal(_header(each, uow)) or court.try_to_post(each)
    )
    days = posting.insert_headers(uow, _headers(standing, uow)) if standing else {}
    if len(days) < len(standing):
        raise ConflictError  # one of the ids was used for something else, or a day was locked, since we looked
    _write(standing, days, uow)
    return answers


def _judge(
    postings: Sequence[Posting], stored: Mapping[uuid.UUID, bytes], refuse: Refuse
) -> tuple[list[Answer], list[Posting]]:
    """Answer each posting in its turn, and say which of them are to be written."""
    taken = dict(stored)
    answers: list[Answer] = []
    standing = []
    for each in postings:
        if each.id in taken:
            same = taken[each.id] == each.fingerprint
            answers.append(Recorded(each.id, replayed=True) if same else ResubmissionError())
        else:
            refusal = refuse(each)
            answers.append(refusal or Recorded(each.id))
            if refusal is None:
                taken[each.id] = each.fingerprint
                standing.append(each)
    return answers, standing


def _write(standing: Sequence[Posting], days: Mapping[uuid.UUID, date], uow: UnitOfWork) -> None:
    """Write entries and move balances of postings whose headers stand."""
    lines = [(each.id, line, entry) for each in standing for line, entry in enumerate(each.entries, start=1)]
    if lines:
        posting.write(uow, lines, days, runs(each.entries for each in standing))


def _headers(postings: Iterable[Posting], uow: UnitOfWork) -> list[posting.Header]:
    return [_header(each, uow) for each in postings]


def _header(each: Posting, uow: UnitOfWork) -> posting.Header:
    return posting.Header(
        id=each.id,
        kind=each.kind,
        occurred_on=each.occurred_on,
        fingerprint=each.fingerprint,
        actor_id=each.actor_id or uow.actor_id,
        memo=each.memo,
    )


class _Court:
    """Judges postings one after the other, over accounts that are locked."""

    def __init__(self, tenant_id: int, homeless: set[AccountKey], limits: Sequence[posting.Limits]) -> None:
        self._tenant_id = tenant_id
        self._homeless = homeless
        self._limits = {each.id: each for each in limits}
        self._balances = {each.id: each.balance for each in limits}

    def try_to_post(self, each: Posting) -> LedgerError | None:
        """Let the posting move the balances that are to be, or say why it may not: the first account in id order."""
        moved = deltas(each.entries)
        if not self._homeless.isdisjoint(moved):
            return NotFoundError(posting.NO_SUCH_HOLDER)
        changes = {
            posting.account_id(self._tenant_id, key): posting.net(key, sums)
            for key, sums in moved.items()
            if key.cached
        }
        for id in sorted(changes):
            refusal = self._limits[id].refusal(changes[id], self._balances[id])
            if refusal:
                return refusal
        for id, change in changes.items():
            self._balances[id] += change
        return None
