"""Several people acting at the same moment."""

import threading
from collections.abc import Callable

from flask import Flask

from ledger_web.services.unit_of_work import UnitOfWork
from tests.databases import Database


def in_threads(app: Flask, *acts: Callable[[], object]) -> list[object]:
    """Start acts at the same moment, each in its own thread and context; return what each gave or raised."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[place] = acts[place]()
            except Exception as error:  # the test looks at it
                results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def wait_until_somebody_waits(uow: UnitOfWork) -> None:
    """Go on when another connection waits for a lock of this act."""
    for _ in range(200):
        waiting = uow.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        ).scalar_one()
        if waiting:
            return
        threading.Event().wait(0.02)
    raise AssertionError("Nobody waited.")


def wait_until_so_many_wait(database: Database, many: int) -> None:
    """Go on when so many connections to a database wait for a lock of somebody's act, and not for a file to grow."""
    with database.connect() as looker:
        for _ in range(200):
            row = looker.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND wait_event <> 'extend' AND backend_type = 'client backend'"
            ).fetchone()
            if row and row[0] >= many:
                return
            threading.Event().wait(0.02)
    raise AssertionError(f"Fewer than {many} waited.")
