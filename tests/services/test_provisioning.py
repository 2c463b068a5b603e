"""Preparing a database: roles, rights and schema, by whoever may, as far as they may. On a server with passwords."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ledger_web.config import ROOT
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.services.provisioning import (
    APPLICATION_SETTINGS,
    DatabaseAccess,
    ProvisioningError,
    access_to,
    create_database,
    prepare,
    schema_head,
)

pytestmark = pytest.mark.xdist_group("passwords")  # one server for all of them

SECRET_KEY = "the same on every machine of this shop, 32 bytes"
PASSWORDS = "local all postgres trust\nlocal all all scram-sha-256\n"


class Operator:
    """Whoever runs the server: makes databases and roles for the shop's operator, as superuser."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.server.conninfo(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, user: str, password: str = "its password", scheme: str = "postgresql") -> str:
        host = conninfo_to_dict(self.server.conninfo())["host"]
        escaped = password.replace(" ", "%20")
        return f"{scheme}://{user}:{escaped}@/shop?host={host}&port=5432"

    def start_again(self) -> None:
        """A server on which nobody has prepared anything."""
        self.run("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        self.run("DROP ROLE IF EXISTS ledger_app, ledger_owner, builder, guest")
        self.run("CREATE ROLE builder LOGIN CREATEROLE PASSWORD 'its password'")
        self.run("CREATE ROLE guest LOGIN PASSWORD 'its password'")
        create_database(self.server.conninfo(), "shop")


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    name = f"test-passwords-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server = EmbeddedPostgres(ROOT / "var" / name, ephemeral=True).start()
    (server.data / "pg_hba.conf").write_text(PASSWORDS)
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture
def operator(server: EmbeddedPostgres) -> Operator:
    operator = Operator(server)
    operator.start_again()
    return operator


def ask(conninfo: str, query: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def assert_ready(access: DatabaseAccess) -> None:
    assert ask(access.application, "SELECT current_user") == "ledger_app"
    assert ask(access.application, "SELECT version_num FROM alembic_version") == schema_head()
    assert ask(access.application, "SELECT count(*) FROM tenant_directory") == 0


def test_a_role_that_may_create_roles_and_owns_the_database_prepares_it(operator: Operator) -> None:
    operator.run("ALTER DATABASE shop OWNER TO builder")
    access = access_to(operator.url("builder"), None, SECRET_KEY)

    prepare(access)

    assert_ready(access)
    assert access.administrator is not None
    assert ask(access.owner, "SELECT current_user") == "ledger_owner"


def test_the_passwords_come_from_the_secret_and_are_the_same_on_every_machine(operator: Operator) -> None:
    operator.run("ALTER DATABASE shop OWNER TO builder")
    prepare(access_to(operator.url("builder"), None, SECRET_KEY))

    another_machine = access_to(operator.url("builder"), None, SECRET_KEY)

    assert_ready(another_machine)
    first, second = (
        conninfo_to_dict(conninfo)["password"] for conninfo in (another_machine.application, another_machine.owner)
    )
    assert first != second
    assert SECRET_KEY not in (first, second)


def test_after_the_secret_was_changed_the_roles_get_their_new_passwords(operator: Operator) -> None:
    operator.run("ALTER DATABASE shop OWNER TO builder")
    prepare(access_to(operator.url("builder"), None, SECRET_KEY))
    access = access_to(operator.url("builder"), None, "another secret, also of at least 32 bytes")

    prepare(access)

    assert_ready(access)


def test_separate_urls_for_owner_and_application_are_used_as_they_are(operator: Operator) -> None:
    operator.run("ALTER DATABASE shop OWNER TO builder")
    access = access_to(operator.url("ledger_app", "chosen for it"), operator.url("builder"), SECRET_KEY)

    prepare(access)

    assert_ready(access)
    assert conninfo_to_dict(access.application)["password"] == "chosen for it"


def test_preparing_again_does_nothing_and_needs_no_rights(operator: Operator) -> None:
    prepare(access_to(operator.url("postgres"), None, SECRET_KEY))
    operator.run("GRANT CONNECT ON DATABASE shop TO guest")

    prepare(access_to(operator.url("guest"), None, SECRET_KEY))
    assert_ready(access_to(operator.url("guest"), None, SECRET_KEY))


def test_who_may_not_prepare_is_given_the_sql_for_someone_who_may(operator: Operator) -> None:
    access = access_to(operator.url("guest"), None, SECRET_KEY)
    with pytest.raises(ProvisioningError) as refused:
        prepare(access)

    statements = [line.strip() for line in str(refused.value).splitlines() if line.strip().endswith(";")]
    for text in ("CREATE ROLE", "REVOKE ALL ON DATABASE", "GRANT CONNECT", "GRANT USAGE", "statement_timeout"):
        assert any(text in statement for statement in statements), text
    assert "may run them do so" in str(refused.value).splitlines()[-2]
    assert "DATABASE_OWNER_URL" in str(refused.value).splitlines()[-1]
    operator.run(*statements, database="shop")

    access = access_to(operator.url("ledger_app", "choose one"), operator.url("ledger_owner", "choose one"), SECRET_KEY)
    prepare(access)
    assert_ready(access)


def test_no_password_and_no_verifier_is_shown(operator: Operator) -> None:
    with pytest.raises(ProvisioningError) as refused:
        prepare(access_to(operator.url("guest"), None, SECRET_KEY))

    derived = conninfo_to_dict(access_to(operator.url("guest"), None, SECRET_KEY).application)["password"]
    assert str(derived) not in str(refused.value)
    assert "SCRAM" not in str(refused.value)


def test_one_who_may_create_roles_but_does_not_own_the_database_lacks_only_the_rest(operator: Operator) -> None:
    with pytest.raises(ProvisioningError) as refused:
        prepare(access_to(operator.url("builder"), None, SECRET_KEY))

    statements = [line.strip() for line in str(refused.value).splitlines() if line.strip().endswith(";")]
    assert not any("CREATE ROLE" in statement or "ALTER ROLE" in statement for statement in statements)
    operator.run(*statements, database="shop")
    prepare(access_to(operator.url("builder"), None, SECRET_KEY))
    assert_ready(access_to(operator.url("builder"), None, SECRET_KEY))


def test_the_public_may_not_even_enter(operator: Operator) -> None:
    prepare(access_to(operator.url("postgres"), None, SECRET_KEY))

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(operator.url("guest"))


@pytest.mark.parametrize(("name", "value"), APPLICATION_SETTINGS.items())
def test_the_application_is_held_to_its_timeouts(operator: Operator, name: str, value: str) -> None:
    access = access_to(operator.url("postgres"), None, SECRET_KEY)
    prepare(access)

    assert ask(access.application, f"SELECT current_setting('{name}')") == value


def test_two_starters_prepare_together(operator: Operator) -> None:
    access = access_to(operator.url("postgres"), None, SECRET_KEY)
    errors: list[BaseException] = []

    def start() -> None:
        try:
            prepare(access)
        except BaseException as error:
            errors.append(error)

    _together(start, 3)

    assert errors == []
    assert_ready(access)


def _together(act: Callable[[], None], times: int) -> None:
    threads = [threading.Thread(target=act) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_the_scheme_is_understood(operator: Operator, scheme: str) -> None:
    access = access_to(operator.url("guest", scheme=scheme), None, SECRET_KEY)

    assert conninfo_to_dict(access.application)["user"] == "ledger_app"
    assert conninfo_to_dict(access.application)["dbname"] == "shop"
    assert ask(str(access.administrator), "SELECT current_user") == "guest"


def test_a_url_of_the_application_alone_names_nobody_who_could_migrate() -> None:
    access = access_to("postgresql://ledger_app:pw@db/shop", None, SECRET_KEY)

    assert access.administrator is None


def test_a_url_may_name_every_node_of_a_cluster() -> None:
    access = access_to("postgresql://ledger_app@one:5432,two:5433/shop?load_balance_hosts=random", None, SECRET_KEY)

    named = conninfo_to_dict(access.application)
    assert (named["host"], named["port"], named["load_balance_hosts"]) == ("one,two", "5432,5433", "random")


@pytest.mark.parametrize("url", ["mysql://u@h/d", "://", "postgresql://u@h/d?no=option"])
def test_what_is_not_a_url_is_refused_with_the_way_to_write_it(url: str) -> None:
    with pytest.raises(ProvisioningError) as refused:
        access_to(url, None, SECRET_KEY)

    assert "postgresql://user:password@host:5432/database" in str(refused.value).splitlines()[-1]


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [("nobody_known", "x", "authentication failed"), ("guest", "wrong", "authentication failed")],
)
def test_an_unreachable_database_is_a_sentence_and_no_trace(
    operator: Operator, user: str, password: str, reason: str
) -> None:
    with pytest.raises(ProvisioningError, match=reason) as refused:
        prepare(access_to(operator.url(user, password), None, SECRET_KEY))

    assert re.search(rf"as {user}: ", str(refused.value))
    assert "Look at DATABASE_URL" in str(refused.value)


def test_a_database_of_our_own_is_made_once(operator: Operator) -> None:
    create_database(operator.server.conninfo(), "shop")
    create_database(operator.server.conninfo(), "shop")

    with psycopg.connect(operator.server.conninfo()) as connection:
        count = connection.execute(sql.SQL("SELECT count(*) FROM pg_database WHERE datname = 'shop'")).fetchone()
    assert count == (1,)
