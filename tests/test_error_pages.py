"""What a person sees when something goes wrong."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import psutil
import pytest
from flask import Flask
from werkzeug.test import encode_multipart

from ledger_web.domain import errors
from ledger_web.domain.errors import LedgerError, TooManyAttemptsError
from ledger_web.domain.ids import new_id
from ledger_web.error_pages import SENTENCES, STATUS, TITLES, status_of
from ledger_web.identity import PermissionDeniedError
from ledger_web.models.base import db
from ledger_web.tenancy import UnknownShopError
from tests import books
from tests.clients import ShopClient, browser_at
from tests.databases import Database, drop
from tests.shops import PASSWORD, Shop, open_a_shop

SECONDS_MAX = 3  # of one answer, on a machine that has other work; promised is one


def test_the_table_of_codes() -> None:
    table = {kind.__name__: code for kind, code in STATUS.items()}

    assert table == {
        "PermissionDeniedError": 403,
        "CodeNeededError": 403,
        "ShopSuspendedError": 403,
        "NotFoundError": 404,
        "ConflictError": 409,
        "RuleViolationError": 422,
        "TooManyAttemptsError": 429,
        "InvariantBrokenError": 500,
        "LedgerError": 500,
    }
    assert status_of(errors.WrongPasswordError()) == 422
    assert status_of(errors.StaleEditError()) == 409
    assert status_of(errors.BalanceDriftError()) == 500
    assert status_of(UnknownShopError()) == 404
    assert status_of(PermissionDeniedError()) == 403


def test_every_status_we_send_has_a_title() -> None:
    assert set(STATUS.values()) | set(SENTENCES) <= set(TITLES)


@pytest.mark.parametrize(
    ("seconds", "wait"), [(1, "1 seconds"), (89, "89 seconds"), (90, "2 minutes"), (900, "15 minutes")]
)
def test_a_wait_is_said_in_words(seconds: int, wait: str) -> None:
    assert TooManyAttemptsError(seconds).message == f"Too many attempts. Wait {wait}, then try again."


def test_i4_too_much_at_once_is_refused_in_time_and_leaves_no_memory_behind(
    client_of: Callable[..., ShopClient], corner: Shop
) -> None:
    lines = {f"{n}-account": "equity:owner" for n in range(501)} | {f"{n}-debit": "1" for n in range(501)}
    too_much: list[tuple[str, dict[str, str]]] = [
        ("/customers/", {"op_id": str(new_id()), "name": "x" * (3 * 1024 * 1024)}),
        ("/customers/", {"op_id": str(new_id()), "name": "x" * (65 * 1024)}),
        ("/customers/", {"op_id": str(new_id())} | {f"field{number}": "x" for number in range(1001)}),
        ("/transactions/manual/", {"op_id": str(new_id())} | lines),
    ]
    client = client_of(corner)
    client.post_form(*too_much[0])
    posted = books.count(corner, "transactions")
    before, answers = psutil.Process().memory_info().rss, []

    for in_parts in (False, True):
        for path, form in too_much * 2:
            sent = {"csrf_token": client.csrf_token(), **form}
            boundary, body = encode_multipart(sent)
            kind = f'multipart/form-data; boundary="{boundary}"' if in_parts else "application/x-www-form-urlencoded"
            began = time.perf_counter()
            answers.append(client.post(path, data=body if in_parts else urlencode(sent), content_type=kind))
            assert time.perf_counter() - began < SECONDS_MAX, path

    assert psutil.Process().memory_info().rss - before < 20 * 1024 * 1024
    assert {answer.status_code for answer in answers} <= {413, 422}
    assert {answer.status_code for answer in answers[8:]} == {413}, "a form in parts is given up while it is read"
    assert "That is too much at once" in answers[0].text
    assert (books.count(corner, "parties"), books.count(corner, "transactions")) == (0, posted)


def test_a_database_that_is_gone_is_a_503_and_nothing_of_its_words(committed_database: Database) -> None:
    app = committed_database.make_app()
    app.test_client_class = ShopClient
    with app.app_context():
        shop = open_a_shop("corner")
        client = browser_at(app, "corner")
        client.sign_in_as(shop, "owner")
        db.session.remove()
    assert client.get("/").status_code == 200

    drop(committed_database)
    page, fragment = client.get("/"), client.get("/", htmx=True)

    assert page.status_code == fragment.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "The books cannot be reached right now." in page.text
    assert fragment.headers["HX-Retarget"] == "#messages"
    for answer in (page, fragment):
        assert "Traceback" not in answer.text
        assert "psycopg" not in answer.text
        assert committed_database.name not in answer.text


def test_a_bug_is_a_500_page_with_a_number_and_nothing_else(database: Database, corner: Shop) -> None:
    app = database.make_app(testing=False)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.get("/bug")
    def bug() -> str:
        raise ZeroDivisionError("a secret of the inside")

    bug.permission = "public"  # type: ignore[attr-defined]
    with app.app_context():
        response = browser_at(app, "corner").get("/bug")
        db.session.remove()

    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert response.headers["X-Request-Id"] in response.text
    assert "secret" not in response.text
    assert "ZeroDivisionError" not in response.text


def test_what_is_not_allowed_says_what_is(app: Flask, corner: Shop) -> None:
    response = browser_at(app, "corner").get("/sign-out")

    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_the_sentence_of_an_error_without_words_is_its_docstring() -> None:
    assert LedgerError().message == "Something went wrong. Nothing was saved."
    assert PASSWORD not in str(errors.WrongPasswordError())
