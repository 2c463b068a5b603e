"""Several people acting at the same moment."""

import threading
from collections.abc import Callable

from flask import Flask


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
