"""The shop's HTTP server: Granian, one worker process with threads, on the loopback address unless told otherwise."""

import gc
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ledger_web import logs
from ledger_web.config import Settings, read_settings
from ledger_web.factory import create_app
from ledger_web.probes import DRAINING

CONNECTIONS_MAX = 4096  # of each worker
GARBAGE = 20_000  # objects that are made before those no longer needed are looked for; a sale makes some 3,000
SUPERVISOR = "LEDGER_SUPERVISOR"  # number of the process that started the workers


class AddressTakenError(Exception):
    """The shop cannot be served at this address; the message says what to do."""


def refuse_taken_address(settings: Settings) -> None:
    """Look before anything is made: two servers on one port would share its requests without a word.

    Raises:
        AddressTakenError: Someone listens there, or we may not.
    """
    with socket.socket(socket.AF_INET6 if ":" in settings.address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.address, settings.port))
        except OSError as error:
            raise AddressTakenError(
                f"Nothing can be served at {settings.address}, port {settings.port}: {error.strerror}.\n"
                f"Stop what runs there, or choose another port: PORT={settings.port % 65535 + 1} python3 app.py"
            ) from error


class _Drained(Granian):  # type: ignore[misc, valid-type]  # which class it is depends on the platform
    """Says that it is leaving before it leaves: for a moment it answers everything, and readiness says no."""

    drain_seconds = 0

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        sign = Path(os.environ[DRAINING])
        if sign.exists():  # asked twice: somebody is in a hurry
            super().signal_handler_interrupt(*args, **kwargs)
            return
        sign.touch()
        leave = super().signal_handler_interrupt
        timer = threading.Timer(self.drain_seconds, leave)
        timer.daemon = True
        timer.start()


def serve(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first."""
    with tempfile.TemporaryDirectory(prefix="ledger-") as place:
        os.environ[DRAINING] = str(Path(place) / "draining")
        os.environ[SUPERVISOR] = str(os.getpid())
        _serve(settings)


def _serve(settings: Settings) -> None:
    server = _Drained(
        "ledger_web.serve:worker",
        factory=True,
        address=settings.address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        # It counts connections, also those a browser keeps open and idle: eight a thread stood still at a dozen
        # browsers. Requests that find no thread wait their turn.
        backpressure=CONNECTIONS_MAX,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.error,  # what it warns of are eight threads on two cores; ours wait for the database
    )
    server.drain_seconds = settings.drain_seconds
    repeat_signals(until=Path(os.environ[DRAINING]).exists)
    server.serve()


def worker() -> Flask:
    """Make the application of one worker process."""
    logs.configure(read_settings().log_format)
    threading.Thread(target=_leave_with_the_supervisor, daemon=True, name="leave with the supervisor").start()
    repeat_signals(until=lambda: False)
    app = create_app()
    _collect_less_often()
    return app


def _collect_less_often() -> None:
    """Leave what stays for ever out of the search for circles, and search after a few requests, not within each."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def repeat_signals(until: Callable[[], bool]) -> None:
    """Tell the main thread of a signal to end again, until it has heard it.

    Python looks for signals, then goes to sleep: of one that comes in between it learns only with the next. Call it in
    the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_repeat, args=(reader, until), daemon=True, name="repeat signals").start()


def _repeat(reader: int, until: Callable[[], bool]) -> None:
    main = threading.main_thread().ident
    while number := os.read(reader, 1):
        time.sleep(0.5)
        if number[0] in {signal.SIGINT, signal.SIGTERM} and not until():
            signal.pthread_kill(main or 0, number[0])


def _leave_with_the_supervisor() -> None:
    """End when the process that started us was killed: a worker left alone would keep the port from the next start."""
    supervisor = int(os.environ[SUPERVISOR])
    while os.getppid() == supervisor:
        time.sleep(0.5)
    os._exit(1)
