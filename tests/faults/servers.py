"""A shop's server as a process of its own, and tills that sell at it over HTTP and never give up."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from ledger_web.config import ROOT
from ledger_web.domain.ids import new_id
from ledger_web.embedded_postgres import EmbeddedPostgres
from tests.shops import PASSWORD

HOME: Final = ROOT / "var" / f"test-faults-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
THROWN_AWAY: Final = 10  # one answer in so many
PATIENCE_SECONDS: Final = 5


@dataclass(slots=True)
class Server:
    """`python3 app.py` as a process of its own."""

    port: int
    drain_seconds: int = 0
    killed_at: float = float("-inf")
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DATABASE"))}
        environment |= {"DATA_DIR": str(HOME), "PORT": str(self.port), "THREADS": "4"}
        environment["DRAIN_SECONDS"] = str(self.drain_seconds)
        with (HOME / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def kill_workers(self) -> None:
        """Granian takes two deaths within 5.5 seconds for a worker that cannot live, and stops: give it that long."""
        assert self.process
        time.sleep(max(0.0, self.killed_at + 6 - time.monotonic()))
        self.killed_at = time.monotonic()
        for worker in psutil.Process(self.process.pid).children():
            worker.kill()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()
        self.start()

    def kill_postgres(self, cluster: EmbeddedPostgres) -> None:
        """Kill the database under the server, let tills meet the ruins, then start again as an operator would."""
        assert self.process
        psutil.Process(int((cluster.data / "postmaster.pid").read_text().splitlines()[0])).kill()
        time.sleep(0.5)
        self.stop()
        self.start()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class LostAnswerError(Exception):
    """Nobody knows whether the server did it."""


@dataclass(slots=True)
class Till:
    """A cashier's browser without JavaScript: it has cookies, fills in forms, and never gives up."""

    port: int
    login: str
    product_id: uuid.UUID
    deadline: float
    cookies: dict[str, str] = field(default_factory=dict)
    acknowledged: list[uuid.UUID] = field(default_factory=list)
    lost: int = 0
    host: str = ""  # of the shop as the browser knows it, whichever server answers

    def __post_init__(self) -> None:
        self.host = self.host or f"corner.localhost:{self.port}"

    def sign_in(self) -> None:
        token = self._csrf_token(self._until_answered(lambda: self._ask("GET", "/sign-in")))
        form = {"csrf_token": token, "login": self.login, "password": PASSWORD, "next": ""}
        status, body = self._ask("POST", "/sign-in", form)
        assert status == 303, _told(status, body)

    def sell(self) -> None:
        """Ring up one piece, and send what is to be stored until it is acknowledged."""
        self.store(self.ring_up())

    def ring_up(self) -> dict[str, str]:
        """Put one piece into the cart; return the form that stores it."""
        page = self._until_answered(lambda: self._ask("GET", "/sell/"))
        line = {"csrf_token": self._csrf_token(page), "op_id": str(new_id()), "product_id": str(self.product_id)}
        self._until_answered(lambda: self._ask("POST", "/sell/lines", line), {303})
        page = self._until_answered(lambda: self._ask("GET", "/sell/"))
        pay = {name: self._value(page, name) for name in ("csrf_token", "version", "drawer_id")}
        pay["op_id"] = self._value(page[page.index("data-pay") :], "op_id")
        return pay

    def store(self, pay: dict[str, str]) -> None:
        """Send it until it is acknowledged."""
        if len(self.acknowledged) % THROWN_AWAY == THROWN_AWAY - 1:
            with suppress(LostAnswerError):
                self._ask("POST", "/sell/", pay, reads_answer=False)
        self._until_answered(lambda: self._ask("POST", "/sell/", pay), {303})
        self.acknowledged.append(uuid.UUID(pay["op_id"]))

    def _until_answered(self, ask: Callable[[], tuple[int, str]], expected: set[int] | None = None) -> str:
        """Ask again until somebody answers. An error page is no answer, a refusal is a failure of the test."""
        while True:
            assert time.monotonic() < self.deadline, "the server did not come back"
            with suppress(LostAnswerError):
                status, body = ask()
                if status < 500:
                    assert status in (expected or {200}), _told(status, body)
                    return body
                assert status == 503, _told(status, body)
            self.lost += 1
            time.sleep(0.1)

    def _ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, reads_answer: bool = True
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {
            "Host": self.host,
            "Sec-Fetch-Site": "same-origin",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request(method, path, urllib.parse.urlencode(form) if form else None, headers)
            if not reads_answer:
                raise LostAnswerError
            response = connection.getresponse()
            body = response.read().decode()
            for cookie in response.msg.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, body
        except (OSError, http.client.HTTPException) as error:
            raise LostAnswerError from error
        finally:
            connection.close()

    def _csrf_token(self, page: str) -> str:
        return self._value(page, "csrf_token")

    def _value(self, page: str, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', page)
        assert found, name
        return found[1]


def _told(status: int, body: str) -> str:
    text = re.sub(r"<[^>]+>|\s+", " ", body)
    return f"{status}: {text[:400]}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Go on when a process that was just started listens on a port of the loopback address."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("The server did not start.")


def end_all_of(home: Path, data: Path) -> None:
    """End what is left of our own: found by the directory it was given."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = process.environ().get("DATA_DIR") == str(home) or str(data) in process.cmdline()
            if is_ours and process.pid != os.getpid():
                process.kill()
