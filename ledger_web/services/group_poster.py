"""Callers of one process that wait for the same shop's commit share it.

The first to come posts at once and alone. Whoever comes meanwhile queues; when the commit is done, the first of
them takes the whole queue and posts it as one batch. So a batch is as long as one commit lets it grow, and nobody
waits when it is quiet. Known elsewhere as flat combining. Source: design §2, Group posting.
"""

import threading
from dataclasses import replace

from sqlalchemy.exc import DataError, IntegrityError

from ledger_web.domain.errors import LedgerError
from ledger_web.services.batches import Posting, post_many
from ledger_web.services.unit_of_work import Recorded, UnitOfWork

BATCH_MAX = 1024


class _Caller:
    """Somebody who waits for a posting: until it is answered, or until it is their turn to lead."""

    __slots__ = ("answer", "posting", "turn")

    def __init__(self, posting: Posting) -> None:
        self.posting = posting
        self.answer: Recorded | BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()

    def wait(self) -> None:
        self.turn.acquire()

    def wake(self) -> None:
        self.turn.release()


class GroupPoster:
    """Gathers the postings of concurrent callers, shop by shop. One for each process.

    Always true: a shop is in `_waiting` exactly while one caller leads for it; every caller is answered.
    """

    def __init__(self, batch_max: int = BATCH_MAX) -> None:
        self._batch_max = batch_max
        self._mutex = threading.Lock()
        self._waiting: dict[int, list[_Caller]] = {}

    def post(self, posting: Posting, uow: UnitOfWork) -> Recorded:
        """Put one transaction into the books together with whoever asks at the same time.

        Returns once it is committed. The actor of each posting is the actor of its own unit of work.

        Raises:
            What posting it by itself would raise. An error of the database that no single posting is to blame for
            reaches every caller of the batch; whether the commit arrived is then unknown, and the id makes it safe
            to try again.
        """
        caller = _Caller(replace(posting, actor_id=posting.actor_id or uow.actor_id))
        if not self._may_lead(uow.tenant_id, caller):
            caller.wait()
        if caller.answer is None:
            self._lead(caller, UnitOfWork(uow.tenant_id, uow.actor_id))
        if isinstance(caller.answer, Recorded):
            return caller.answer
        raise caller.answer or AssertionError("a caller was woken without an answer")

    def _may_lead(self, tenant_id: int, caller: _Caller) -> bool:
        """Make the caller the leader of a shop that has none; else queue."""
        with self._mutex:
            if tenant_id in self._waiting:
                self._waiting[tenant_id].append(caller)
                return False
            self._waiting[tenant_id] = []
            return True

    def _lead(self, leader: _Caller, uow: UnitOfWork) -> None:
        """Post the leader's transaction and all that wait, pass the lead on, then wake them."""
        with self._mutex:
            queue = self._waiting[uow.tenant_id]
            batch = [leader, *queue[: self._batch_max - 1]]
            del queue[: self._batch_max - 1]
        try:
            _answer(batch, uow)
        except BaseException as error:
            for caller in batch:
                caller.answer = caller.answer or error
        finally:
            # First, so that the next commit is under way while those of this one go on.
            self._pass_the_lead(uow.tenant_id)
            for caller in batch[1:]:
                caller.wake()

    def _pass_the_lead(self, tenant_id: int) -> None:
        with self._mutex:
            queue = self._waiting[tenant_id]
            successor = queue.pop(0) if queue else None
            if successor is None:
                del self._waiting[tenant_id]
        if successor is not None:
            successor.wake()


def _answer(batch: list[_Caller], uow: UnitOfWork) -> None:
    try:
        answers = post_many([caller.posting for caller in batch], uow)
    except (DataError, IntegrityError):
        # One of them holds what the database cannot: only its own caller shall hear of it.
        for caller in batch:
            caller.answer = _posted_alone(caller.posting, uow)
    else:
        for caller, answer in zip(batch, answers, strict=True):
            caller.answer = answer


def _posted_alone(posting: Posting, uow: UnitOfWork) -> Recorded | BaseException:
    try:
        return post_many([posting], uow)[0]
    except (DataError, IntegrityError, LedgerError) as error:
        return error
