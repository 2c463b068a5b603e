"""One session of a scope, bound to one shop for life; the shop is the first statement of each transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger_web.models import Product, Tenant, TenantDirectory, User, base
from ledger_web.models.base import (
    UNIT_OF_WORK,
    SessionBelongsToAnotherShopError,
    db,
    directory_session,
    session_of,
)
from tests.databases import Database
from tests.shops import Shop


@contextmanager
def statements_sent() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


SHOP = text("SELECT current_setting('app.tenant_id', true)")


def test_the_shop_is_known_to_the_first_statement_of_each_transaction_and_to_none_after(app: Flask) -> None:
    assert session_of(41).scalar(SHOP) == "41"
    session_of(41).commit()
    assert session_of(41).scalar(SHOP) == "41"
    session_of(41).rollback()
    with db.engine.connect() as connection:
        assert connection.scalar(SHOP) in (None, "")


def test_beginning_a_transaction_takes_one_round_trip(app: Flask, tmp_path: Path) -> None:
    with (tmp_path / "trace").open("w+") as trace:

        def listen_in(driver: "psycopg.Connection[Any]", *_: object) -> None:
            driver.pgconn.trace(trace.fileno())

        event.listen(db.engine, "checkout", listen_in)
        driver: Any = session_of(41).connection().connection.driver_connection
        event.remove(db.engine, "checkout", listen_in)
        driver.pgconn.untrace()
        said = (tmp_path / "trace").read_text()

    assert said.count("ReadyForQuery") == 1
    assert "BEGIN; SET LOCAL app.tenant_id = '41'" in said


def test_a_savepoint_inherits_the_shop(app: Flask) -> None:
    session = session_of(41)
    session.execute(text("SELECT 1"))
    with statements_sent() as sent, session.begin_nested():
        shop = session.scalar(SHOP)

    assert shop == "41"
    assert not any("SET LOCAL" in statement for statement in sent)


def test_a_scope_has_one_session_of_a_shop(app: Flask) -> None:
    assert session_of(41) is session_of(41)


def test_asking_for_another_shop_starts_another_session(app: Flask) -> None:
    first = session_of(41)
    first.execute(text("SELECT 1"))

    second = session_of(42)

    assert second is not first
    assert second.scalar(text("SELECT current_setting('app.tenant_id')")) == "42"
    assert not first.in_transaction()


def test_no_session_is_remembered_from_one_shop_to_another(corner: Shop, rival: Shop) -> None:
    """An identity map would answer with the earlier shop's row, whatever row-level security says."""
    seen = session_of(corner.tenant_id).get(Tenant, corner.tenant_id)

    assert seen is not None
    assert session_of(rival.tenant_id).get(Tenant, corner.tenant_id) is None


def test_another_shop_is_refused_while_an_act_is_under_way(app: Flask) -> None:
    session = session_of(41)
    session.info[UNIT_OF_WORK] = "an act"

    with pytest.raises(SessionBelongsToAnotherShopError):
        session_of(42)
    with pytest.raises(SessionBelongsToAnotherShopError):
        directory_session()

    assert session_of(41) is session


@pytest.mark.parametrize("nonsense", [0, -1, None, "1", 1.0, True])
def test_only_the_number_of_a_shop_opens_its_books(app: Flask, nonsense: object) -> None:
    with pytest.raises(ValueError, match="not the id of a shop"):
        session_of(nonsense)  # type: ignore[arg-type]


def test_a_session_that_is_nobodys_cannot_speak(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="without a shop"):
        db.session.execute(text("SELECT 1"))


def test_before_the_shop_is_known_only_the_directory_can_be_read(corner: Shop) -> None:
    slugs = directory_session().scalars(select(TenantDirectory.slug)).all()

    assert slugs == [corner.slug]
    with pytest.raises(DataError, match="invalid input syntax for type bigint"):
        directory_session().scalars(select(User)).all()


def test_a_setting_left_behind_opens_no_shop_to_the_directory(corner: Shop) -> None:
    with db.engine.connect() as connection:
        connection.exec_driver_sql(f"SET app.tenant_id = '{corner.tenant_id}'")
        connection.commit()

    with pytest.raises(DataError, match="invalid input syntax for type bigint"):
        directory_session().scalars(select(Tenant)).all()
    db.session.remove()
    db.engine.dispose()


def test_every_read_of_the_orm_says_the_shop(corner: Shop) -> None:
    session = session_of(corner.tenant_id)
    with statements_sent() as sent:
        session.scalars(select(Product)).all()
        session.scalars(select(User.name).join(Tenant, Tenant.tenant_id == User.tenant_id)).all()
        session.execute(update(User).values(active=True))

    assert sent[0].count("products.tenant_id = ") == 1
    assert "users.tenant_id = " in sent[1]
    assert "tenants.tenant_id = " in sent[1].replace("tenants.tenant_id = users.tenant_id", "")
    assert "WHERE users.tenant_id = " in sent[2]


def test_a_connection_lost_while_it_rested_is_replaced(
    committed_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "RESTED_SECONDS_MAX", -1.0)
    app = committed_database.make_app()
    with app.app_context():
        first = directory_session().scalar(text("SELECT pg_backend_pid()"))
        db.session.remove()
        with committed_database.connect() as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

        assert directory_session().scalar(text("SELECT pg_backend_pid()")) != first
        db.session.remove()


def test_the_pool_has_a_place_for_each_thread_and_says_no_after_three_seconds(committed_database: Database) -> None:
    app = committed_database.make_app(threads=1)
    with app.app_context():
        directory_session().execute(text("SELECT 1"))
        with pytest.raises(PoolTimeoutError, match="timeout 3"):
            db.engine.connect()
        db.session.remove()

        db.engine.connect().close()


def test_when_the_scope_ends_its_connection_is_given_back(committed_database: Database) -> None:
    app = committed_database.make_app(threads=2)
    for _ in range(5):
        with app.app_context():
            session_of(41).execute(text("SELECT 1"))
        with app.app_context(), pytest.raises(ProgrammingError):
            session_of(42).execute(text("SELECT * FROM nowhere"))

    with app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with committed_database.connect() as superuser:
        idle = superuser.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in transaction%%'",
            [committed_database.name],
        ).fetchone()
    assert idle == (0,)


def test_errors_of_the_first_statement_are_the_pools_business(committed_database: Database) -> None:
    """A connection that died unnoticed is thrown away with all its companions at the first failure."""
    app = committed_database.make_app()
    with app.app_context():
        first = directory_session().scalar(text("SELECT pg_backend_pid()"))
        db.session.remove()
        with committed_database.connect() as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

        with pytest.raises(OperationalError) as lost:
            directory_session().execute(text("SELECT 1"))
        db.session.remove()

        assert lost.value.connection_invalidated
        assert isinstance(lost.value.orig, psycopg.OperationalError)
        assert directory_session().scalar(text("SELECT 1")) == 1
        db.session.remove()


def test_a_connection_that_dies_after_the_answer_is_ready_does_not_take_the_answer_back(
    committed_database: Database,
) -> None:
    app = committed_database.make_app(threads=1)
    with app.app_context():
        backend = directory_session().scalar(text("SELECT pg_backend_pid()"))
        with committed_database.connect() as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])

    with app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert directory_session().scalar(text("SELECT 1")) == 1


class _Severed:
    """A connection whose server went away a moment ago: the driver only notices when it sends something."""

    transaction_status = psycopg.pq.TransactionStatus.INTRANS

    def exec_(self, _command: bytes) -> None:
        raise psycopg.OperationalError("executing query failed: server closed the connection unexpectedly")


def test_a_connection_that_died_unseen_fails_as_any_other_does() -> None:
    severed = SimpleNamespace(
        closed=False,
        invalidated=False,
        connection=SimpleNamespace(driver_connection=SimpleNamespace(pgconn=_Severed())),
        exec_driver_sql=lambda _statement: (_ for _ in ()).throw(OperationalError("", None, Exception())),
    )

    base._roll_back(severed)  # type: ignore[arg-type]
    with pytest.raises(OperationalError):
        base._begin(severed, "SET LOCAL app.tenant_id = '1'")  # type: ignore[arg-type]
