"""An SMTP server that keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator

import pytest
from flask import Flask


class _Postman(socketserver.StreamRequestHandler):
    """Takes what is sent, as little of SMTP as that needs; refuses one address."""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            if line.upper().startswith("RCPT") and "nobody@" in line:
                self._say("550 no such mailbox")
            elif line.upper() == "DATA":
                self._say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(letter)  # type: ignore[attr-defined]
                self._say("250 taken")
            elif line.upper() == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def letters(app: Flask) -> Iterator[list[bytes]]:
    """What arrives at an SMTP server that the application is told to use."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Postman) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        before = {name: app.config[name] for name in ("SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "SMTP_TLS")}
        port = server.server_address[1]
        app.config.update(SMTP_HOST="127.0.0.1", SMTP_PORT=port, SMTP_FROM="shop@example.com", SMTP_TLS=False)
        yield server.letters  # type: ignore[attr-defined]
        app.config.update(before)
        server.shutdown()
