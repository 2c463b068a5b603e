"""Behind the reverse proxy that the README describes."""

import http.client
import threading
from pathlib import Path

import pytest
from flask import Flask

from ledger_web.models.base import db
from tests.faults.servers import Server, free_port
from tests.reverse_proxy import NGINX, reverse_proxy
from tests.shops import open_a_shop

FLOODING, FLOOD, ASKED = 12, 300, 20  # who asks, and how often, next door; how often the shop itself asks


@pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")
@pytest.mark.xdist_group("faults")
def test_t11_a_shop_that_asks_without_a_pause_waits_its_turn_and_the_shop_next_door_does_not(
    durable_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("corner", "rival"):
        open_a_shop(slug)
    db.session.remove()
    monkeypatch.setenv("PROXIES", "1")
    server, port = Server(free_port()), free_port()
    server.start()
    answers: list[int] = []  # to the flood, in their order
    try:
        with reverse_proxy(tmp_path, port, server.port):
            while _ask(port, "corner") != 200:
                pass  # the server begins

            def flood() -> None:
                while len(answers) < FLOOD:
                    answers.append(_ask(port, "rival"))

            threads = [threading.Thread(target=flood) for _ in range(FLOODING)]
            for thread in threads:
                thread.start()
            own = [_ask(port, "corner") for _ in range(ASKED)]
            of_the_flood = len(answers)
            for thread in threads:
                thread.join()
    finally:
        server.stop()

    assert own == [200] * ASKED
    assert of_the_flood < FLOOD / 2  # without turns, each of the twelve has had as many answers: 240
    assert set(answers) == {200}  # whoever waits is not refused


def _ask(port: int, slug: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/sign-in", headers={"Host": f"{slug}.localhost:{port}"})
        return connection.getresponse().status
    finally:
        connection.close()
