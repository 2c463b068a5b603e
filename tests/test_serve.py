"""Leaving, when it is asked for."""

import subprocess
import sys

# A signal that the operating system hands to another thread is one the main thread sleeps over.
SLEEPER = """
import signal, threading
from ledger_web.serve import repeat_signals
leave = threading.Event()
repeat_signals(until=leave.is_set)
signal.signal(signal.SIGTERM, lambda *_: leave.set())
threading.Timer(1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
print(leave.wait({seconds}))
"""


def test_a_signal_to_leave_that_was_slept_over_is_heard() -> None:
    told = subprocess.run(
        [sys.executable, "-c", SLEEPER.format(seconds=60)], capture_output=True, text=True, timeout=30, check=True
    )

    assert told.stdout.strip() == "True"
