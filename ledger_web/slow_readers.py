"""Who may be fetching what is large: a slow reader keeps a thread until everything is sent.

So that the others go on selling, only some of a process's threads are lent to such readers, and only some of these to
one shop.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final, Self, cast

from flask import Flask, Response, current_app

from ledger_web.domain.errors import TooManyAttemptsError

WAIT_SECONDS: Final = 60


class TooManyReadersError(TooManyAttemptsError):
    """Large files are being fetched at this moment, only a few at once. Wait a minute, then try again."""

    def __init__(self) -> None:
        super().__init__(WAIT_SECONDS, self.__doc__ or "")


class _Threads:
    """How many threads of this process are lent, and to whom."""

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads // 2)
        self._most_of_shop = max(1, threads // 4)
        self._lent: Counter[int] = Counter()
        self._lock = threading.Lock()

    def take(self, tenant_id: int) -> None:
        with self._lock:
            if self._lent.total() >= self._most or self._lent[tenant_id] >= self._most_of_shop:
                raise TooManyReadersError
            self._lent[tenant_id] += 1

    def give_back(self, tenant_id: int) -> None:
        with self._lock:
            self._lent[tenant_id] -= 1
            self._lent += Counter()  # forgets who has none


class LentThread:
    """A thread for a slow reader of a shop: given back at the end, or once an answer that keeps it is sent.

    Raises:
        TooManyReadersError: None is left.
    """

    def __init__(self, tenant_id: int) -> None:
        self._threads: _Threads = current_app.extensions["threads_for_slow_readers"]
        self._tenant_id = tenant_id
        self._is_kept = self._is_back = False
        self._threads.take(tenant_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_kept:
            self.give_back()

    def until_sent(self, answer: Response) -> Response:
        """Let an answer keep the thread."""
        answer.response = _Kept(cast(Iterator[bytes], iter(answer.response)), self)
        self._is_kept = True
        return answer

    def give_back(self) -> None:
        if not self._is_back:
            self._is_back = True
            self._threads.give_back(self._tenant_id)


class _Kept(Iterator[bytes]):
    """What is sent, and the thread that is kept for it."""

    def __init__(self, parts: Iterator[bytes], thread: LentThread) -> None:
        self._parts = parts
        self._thread = thread

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except BaseException:  # also its end
            self._thread.give_back()
            raise

    def close(self) -> None:
        if hasattr(self._parts, "close"):
            self._parts.close()
        self._thread.give_back()

    def __del__(self) -> None:  # of an answer that nobody began to send, nobody closes anything
        self.close()


def init_app(app: Flask, threads: int) -> None:
    app.extensions["threads_for_slow_readers"] = _Threads(threads)
