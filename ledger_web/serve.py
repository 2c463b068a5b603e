"""The shop's HTTP server: Granian, one worker process with threads, on the loopback address unless told otherwise."""

import os
import threading
import time

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ledger_web.config import Settings
from ledger_web.factory import create_app

SUPERVISOR = "LEDGER_SUPERVISOR"  # number of the process that started the workers


def serve(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first."""
    os.environ[SUPERVISOR] = str(os.getpid())
    Granian(
        "ledger_web.serve:worker",
        factory=True,
        address=settings.address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        backpressure=settings.threads * 8,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.error,  # what it warns of are eight threads on two cores; ours wait for the database
    ).serve()


def worker() -> Flask:
    """Make the application of one worker process."""
    threading.Thread(target=_leave_with_the_supervisor, daemon=True, name="leave with the supervisor").start()
    return create_app()


def _leave_with_the_supervisor() -> None:
    """End when the process that started us was killed: a worker left alone would keep the port from the next start."""
    supervisor = int(os.environ[SUPERVISOR])
    while os.getppid() == supervisor:
        time.sleep(0.5)
    os._exit(1)
