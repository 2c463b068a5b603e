"""Machines learn whether to send requests here, and what was counted; people and shops do not meet these addresses."""

import json
import logging
import re

import psycopg
import pytest
from flask import Flask

from ledger_web import logs
from ledger_web.models.base import db
from ledger_web.probes import DRAINING
from ledger_web.services.audit import Origin, origin
from tests.clients import ShopClient, browser_at
from tests.databases import Database
from tests.shops import Shop, add_product, sell

HOST = "http://shop.localhost/"
TOKEN = "a token for whoever scrapes"


def ask(app: Flask, path: str, base_url: str = HOST, **environ: str) -> tuple[int, str]:
    response = browser_at(app).get(path, base_url=base_url, environ_overrides=environ)
    return response.status_code, response.text


def test_o1_alive_and_ready_say_one_word(app: Flask) -> None:
    assert ask(app, "/healthz") == (200, "alive\n")
    assert ask(app, "/readyz") == (200, "ready\n")
    assert ask(app, "/healthz", "http://127.0.0.1:8000/") == (200, "alive\n")
    assert ask(app, "/healthz", "http://[::1]:8000/") == (200, "alive\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_o1_no_shop_has_these_addresses(app: Flask, shop: Shop, path: str) -> None:
    nowhere, _ = ask(app, "/there-is-no-such-page", "http://corner.shop.localhost/")
    status, body = ask(app, path, "http://corner.shop.localhost/")

    assert status == nowhere == 404
    assert "ledger_" not in body
    assert ask(app, path, "http://elsewhere.example/")[0] == 400


def test_o1_a_database_that_is_gone_is_not_ready_and_the_process_lives(committed_database: Database) -> None:
    app = committed_database.make_app()
    name = committed_database.name
    with app.app_context():
        db.engine.dispose()
    with psycopg.connect(committed_database.server.conninfo(), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        assert ask(app, "/readyz") == (503, "not ready\n")
        assert ask(app, "/healthz") == (200, "alive\n")
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def test_o1_a_server_that_is_leaving_says_so_first(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sign = tmp_path_factory.mktemp("leaving") / "draining"
    monkeypatch.setenv(DRAINING, str(sign))
    assert ask(app, "/readyz")[0] == 200

    sign.touch()

    assert ask(app, "/readyz") == (503, "draining\n")
    assert ask(app, "/healthz")[0] == 200


def test_o2_requests_replays_and_the_pool_are_counted_and_nobody_is_named(app: Flask, shop: Shop) -> None:
    milk = add_product(shop)
    sale = sell(shop, (milk, 1, 115_00))
    sell(shop, (milk, 1, 115_00), id=sale)
    browser_at(app, shop.slug).get("/sign-in")
    db.session.remove()

    status, text = ask(app, "/metrics", REMOTE_ADDR="127.0.0.1")

    assert status == 200
    assert re.search(r'ledger_requests_total\{method="GET",route="/sign-in",status="200",process="\d+"\} \d', text)
    assert re.search(r'ledger_request_seconds_bucket\{le="\+Inf",route="/sign-in",process="\d+"\} \d', text)
    assert re.search(r'ledger_acts_replayed_total\{process="\d+"\} [1-9]', text)
    assert re.search(r'ledger_pool_connections\{state="in use",process="\d+"\} 0', text)
    for secret in (shop.slug, str(shop.tenant_id), "Milk", "Olga"):
        assert secret not in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines)


def test_o2_only_this_machine_or_whoever_knows_the_token_reads_the_figures(worker_database: Database) -> None:
    app = worker_database.make_app(metrics_token=TOKEN)

    assert ask(app, "/metrics", REMOTE_ADDR="203.0.113.9")[0] == 404
    assert ask(app, "/metrics", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")[0] == 404
    assert ask(app, "/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer wrong")[0] == 404
    assert ask(app, "/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")[0] == 200


def test_o3_an_answer_an_error_page_and_the_log_carry_one_number(
    app: Flask, client: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/products/not-a-product")

    number = response.headers["X-Request-Id"]
    assert response.status_code == 404
    assert re.fullmatch(r"[0-9a-f]{16}", number)
    assert number in response.text


@pytest.fixture
def client(shop: Shop, app: Flask) -> ShopClient:
    client = browser_at(app, shop.slug)
    client.sign_in_as(shop, "owner")
    return client


def a_record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("ledger_web.somewhere", logging.WARNING, "", 0, message, arguments, None)


def test_a3_what_somebody_typed_does_not_begin_a_line_of_the_log() -> None:
    token = origin.set(Origin("0123456789abcdef"))
    try:
        line = logs.TextLines().format(a_record("refused: %s", "Ann\n2026-01-01 CRITICAL all is lost\u2028\x1b[2J"))
        told = json.loads(logs.JsonLines().format(a_record("refused: %s", "Ann\nCRITICAL")))
    finally:
        origin.reset(token)

    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert " WARNING 0123456789abcdef ledger_web.somewhere: refused: Ann\\n2026" in line
    assert (told["request_id"], told["level"], told["message"]) == (
        "0123456789abcdef",
        "WARNING",
        "refused: Ann\nCRITICAL",
    )


def test_o3_as_json_each_request_is_one_line_with_its_route_and_number(
    app: Flask, client: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ledger_web.probes"):
        client.get("/products/")

    (record,) = [record for record in caplog.records if record.name == "ledger_web.probes"]
    fields = record.__dict__["fields"]
    assert (fields["route"], fields["status"], fields["method"]) == ("/products/", 200, "GET")
    assert 0 < fields["milliseconds"] < 10_000
