"""What a person sees when something goes wrong."""

from collections.abc import Callable

import pytest
from flask import Flask

from ledger_web.domain import errors
from ledger_web.domain.errors import LedgerError, TooManyAttemptsError
from ledger_web.error_pages import SENTENCES, STATUS, TITLES, status_of
from ledger_web.identity import PermissionDeniedError
from ledger_web.models.base import db
from ledger_web.tenancy import UnknownShopError
from tests.clients import ShopClient, browser_at
from tests.databases import Database, drop
from tests.shops import PASSWORD, Shop, open_a_shop


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


def test_too_much_at_once_is_refused(client_of: Callable[..., ShopClient], corner: Shop) -> None:
    client = client_of(corner, "")

    body = client.post_form("/sign-in", {"login": "x" * (3 * 1024 * 1024)})
    field = client.post_form("/sign-in", {"login": "x" * (65 * 1024)})
    parts = client.post_form("/sign-in", {f"field{number}": "x" for number in range(1001)})

    assert body.status_code == 413
    assert {field.status_code, parts.status_code} <= {413, 422}
    assert "That is too much at once" in body.text


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
