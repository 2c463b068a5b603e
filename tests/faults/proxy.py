"""A wire between the application and PostgreSQL that delays, cuts, loses an answer, or goes dead without a word."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.databases import Database

PIECE = 65_536
COMMIT = b"COMMIT"


class Wire:
    """A socket of its own that leads to the server's.

    What is asked of it counts for connections that are there as well as for new ones.
    """

    def __init__(self, place: Path, server: str) -> None:
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place / ".s.PGSQL.5432"))
        self._listener.listen(64)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.delay = 0.0  # seconds, for each piece that is sent to the server
        self.is_cut = False  # nobody answers
        self.is_dead = False  # connections stand, and nothing comes through
        self.commits_to_lose = 0  # of so many the answer is lost after the server did them
        self.commits_to_stop = 0  # so many do not reach the server
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nobody through, and break what is there."""
        self.is_cut = True
        self.break_all()

    def mend(self) -> None:
        self.is_cut = self.is_dead = False
        self.delay = 0.0

    def break_all(self) -> None:
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()

    def close(self) -> None:
        _close(self._listener)
        self.break_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._pairs.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
            threading.Thread(target=self._carry_back, args=(server, client), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(PIECE):
                self._wait()
                if COMMIT in piece and self._takes_one("commits_to_stop"):
                    break
                if COMMIT in piece and self._takes_one("commits_to_lose"):
                    _close(client)  # the way back is gone; the server does as it was told
                    server.sendall(piece)
                    time.sleep(0.05)
                    break
                server.sendall(piece)
        _close(client, server)

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(PIECE):
                while self.is_dead:
                    time.sleep(0.01)
                client.sendall(piece)
        _close(client)

    def _wait(self) -> None:
        time.sleep(self.delay)
        while self.is_dead:
            time.sleep(0.01)

    def _takes_one(self, name: str) -> bool:
        left: int = getattr(self, name)
        if not left:
            return False
        setattr(self, name, left - 1)
        self.lost += 1
        return True


@contextlib.contextmanager
def wire_to(database: Database, place: Path) -> Iterator[tuple[Wire, str]]:
    """Lay a wire to a database; return it and what leads through it."""
    direct = conninfo_to_dict(database.conninfo("ledger_app"))
    wire = Wire(place, f"{direct['host']}/.s.PGSQL.{direct['port']}")
    try:
        yield wire, make_conninfo(database.conninfo("ledger_app"), host=str(place), port=5432)
    finally:
        wire.close()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
