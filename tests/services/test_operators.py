"""The room of those who run the system: no shop can become it, and nothing that is done to shops can be done to it."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask

from ledger_web.domain.errors import (
    ConflictError,
    DuplicateSlugError,
    InvalidSlugError,
    LastOwnerError,
    NotFoundError,
)
from ledger_web.domain.permissions import ALL, OPERATORS, OPERATORS_ACT, OPERATORS_VIEW
from ledger_web.domain.slugs import OPERATORS as ADDRESS
from ledger_web.domain.slugs import check_slug
from ledger_web.domain.tokens import digest_of
from ledger_web.queries.identity import find_identity
from ledger_web.queries.operators import find_room, list_operators, list_places
from ledger_web.queries.tenants import find_tenant_at, get_place, list_tenants
from ledger_web.services.operators import (
    DismissOperator,
    OpenRoom,
    ReadmitOperator,
    dismiss_operator,
    open_room,
    readmit_operator,
)
from ledger_web.services.shop_archives import export_shop, import_shop, purge_shop
from ledger_web.services.shop_lifecycle import (
    DeleteShop,
    MoveShop,
    ResumeShop,
    SuspendShop,
    TakeShopBack,
    delete_shop,
    move_shop,
    resume_shop,
    suspend_shop,
    take_shop_back,
)
from ledger_web.services.tenants import new_tenant_id
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import SignIn, sign_in
from tests.databases import Database
from tests.operators import let_in
from tests.shops import PASSWORD, Shop, open_a_shop


def test_the_room_is_there_once_somebody_was_let_in_and_there_is_one(app: Flask) -> None:
    assert find_room() is None

    nina, omid = let_in("nina"), let_in("omid", with_codes=False)

    assert find_room() == nina.tenant_id == omid.tenant_id
    assert [(each.login, each.has_codes) for each in list_operators(nina.tenant_id)] == [
        ("nina", True),
        ("omid", False),
    ]
    with pytest.raises(DuplicateSlugError):
        open_room(OpenRoom(), UnitOfWork(new_tenant_id()))


def test_the_room_is_no_shop(app: Flask, corner: Shop) -> None:
    let_in()

    assert [shop.slug for shop in list_tenants()] == ["corner"]
    assert [place.slug for place in list_places().rows] == ["corner"]
    assert list_places(prefix=ADDRESS).rows == []
    with pytest.raises(NotFoundError):
        get_place(ADDRESS)


@pytest.mark.parametrize(
    ("act", "command"),
    [
        (suspend_shop, SuspendShop()),
        (resume_shop, ResumeShop()),
        (delete_shop, DeleteShop()),
        (take_shop_back, TakeShopBack()),
        (move_shop, MoveShop(slug="elsewhere")),
    ],
)
def test_nothing_that_is_done_to_shops_can_be_done_to_the_room(
    app: Flask, act: Callable[..., Any], command: object
) -> None:
    operator = let_in()

    with pytest.raises(NotFoundError):
        act(command, operator.act())

    assert find_room() == operator.tenant_id


def test_the_room_is_never_purged(app: Flask, database: Database) -> None:
    operator = let_in()

    with pytest.raises(ConflictError):
        purge_shop(database.access.owner, operator.tenant_id, at_once=True)

    assert find_room() == operator.tenant_id


@pytest.mark.parametrize("slug", ["console", "Console", "c0nsole", "con-sole", "conso1e"])
def test_no_shop_can_have_its_address_or_one_like_it(slug: str) -> None:
    with pytest.raises(InvalidSlugError):
        check_slug(slug)


def test_a_shop_cannot_move_to_its_address(corner: Shop) -> None:
    with pytest.raises(InvalidSlugError):
        move_shop(MoveShop(slug=ADDRESS), corner.act())


def test_a_shop_cannot_be_imported_as_the_room(app: Flask, database: Database, corner: Shop) -> None:
    """Neither by the address it is given, nor by the one its file names, nor over the room's own id."""
    operator, file = let_in(), io.BytesIO()
    export_shop(database.access.application, corner.tenant_id, corner.slug, file)
    renamed, over = _changed(file, b'"corner"', b'"console"'), _changed(file, *_ids(corner, operator))

    with pytest.raises(InvalidSlugError):
        import_shop(database.access.owner, file, ADDRESS)
    with pytest.raises(InvalidSlugError):
        import_shop(database.access.owner, renamed)
    with pytest.raises(ConflictError, match="here already"):
        import_shop(database.access.owner, over, "elsewhere")
    assert find_room() == operator.tenant_id
    assert [each.login for each in list_operators(operator.tenant_id)] == ["nina"]


def _ids(shop: Shop, operator: Shop) -> tuple[bytes, bytes]:
    return str(shop.tenant_id).encode(), str(operator.tenant_id).encode()


def _changed(file: io.BytesIO, old: bytes, new: bytes) -> io.BytesIO:
    """Return the archive with other words in its manifest."""
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as read, zipfile.ZipFile(changed, "w") as written:
        for name in read.namelist():
            content = read.read(name)
            written.writestr(name, content.replace(old, new) if name == "manifest.json" else content)
    changed.seek(0)
    return changed


def test_the_database_lets_no_shop_become_the_room_nor_the_room_a_shop(
    app: Flask, database: Database, corner: Shop
) -> None:
    """Asked as the role of the web, with any statement it may say."""
    operator = let_in()

    for statement, kind in (
        ("UPDATE tenant_directory SET status = 'operators' WHERE slug = 'corner'", psycopg.errors.CheckViolation),
        ("UPDATE tenant_directory SET status = 'active' WHERE slug = 'console'", psycopg.errors.CheckViolation),
        ("UPDATE tenant_directory SET slug = 'console2' WHERE slug = 'console'", psycopg.errors.InsufficientPrivilege),
        ("UPDATE tenant_directory SET tenant_id = 7 WHERE slug = 'console'", psycopg.errors.InsufficientPrivilege),
        ("DELETE FROM tenant_directory WHERE slug = 'console'", psycopg.errors.InsufficientPrivilege),
        (
            "INSERT INTO tenant_directory (slug, tenant_id, status) VALUES ('bazaar', 7, 'operators')",
            psycopg.errors.CheckViolation,
        ),
    ):
        with psycopg.connect(database.access.application) as connection, pytest.raises(kind):
            connection.execute(statement)
    assert find_room() == operator.tenant_id


def test_a_domain_never_leads_to_the_room(app: Flask, database: Database) -> None:
    operator = let_in()
    with database.connect() as superuser:
        superuser.execute(
            "INSERT INTO domain_directory (host, tenant_id, token) VALUES ('www.example.com', %s, 'x')",
            [operator.tenant_id],
        )
    signed_in = sign_in(SignIn(login="nina", password=PASSWORD, address=""), operator.act())
    with operator.act() as uow:
        uow.execute("UPDATE sessions SET waits_for_code = false WHERE tenant_id = %(tenant_id)s")
    digest = digest_of(signed_in.token)

    assert find_tenant_at("www.example.com") is None
    assert find_identity(operator.tenant_id, "", digest, host="www.example.com") is None
    assert find_identity(operator.tenant_id, ADDRESS, digest) is not None


def test_who_runs_the_system_has_the_rights_to_it_and_none_of_a_shop(app: Flask) -> None:
    operator = let_in(with_codes=False)
    digest = digest_of(sign_in(SignIn(login="nina", password=PASSWORD, address=""), operator.act()).token)

    row = find_identity(operator.tenant_id, ADDRESS, digest)

    assert row is not None
    assert (row.permissions, row.role_name, row.lacks_code) == (OPERATORS, "operator", True)
    assert not ALL & {OPERATORS_VIEW, OPERATORS_ACT}


def test_the_last_operator_stays_and_another_is_dismissed_at_once(app: Flask) -> None:
    nina, omid = let_in("nina"), let_in("omid")
    with omid.act() as uow:
        uow.execute(
            "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
            {"id": bytes(32), "user_id": omid.owner_id},
        )

    dismiss_operator(DismissOperator("Omid"), UnitOfWork(omid.tenant_id))

    assert find_identity(omid.tenant_id, ADDRESS, bytes(32)) is None
    with pytest.raises(LastOwnerError):
        dismiss_operator(DismissOperator("nina"), UnitOfWork(nina.tenant_id))
    with pytest.raises(NotFoundError):
        dismiss_operator(DismissOperator("nobody"), UnitOfWork(nina.tenant_id))


def test_who_lost_the_phone_gets_another_password_and_sets_up_new_codes(app: Flask) -> None:
    operator = let_in()
    newer = "four fat cows on the hill"

    readmit_operator(ReadmitOperator(login="nina", password=newer), UnitOfWork(operator.tenant_id))

    signed_in = sign_in(SignIn(login="nina", password=newer, address=""), operator.act())
    assert not signed_in.waits_for_code
    row = find_identity(operator.tenant_id, ADDRESS, digest_of(signed_in.token))
    assert row is not None
    assert row.lacks_code


def test_the_list_goes_on_where_a_page_ended(app: Flask, database: Database) -> None:
    open_a_shop("a-shop", sells=False)
    with database.connect() as superuser:
        superuser.execute(
            """
            INSERT INTO tenant_directory (slug, tenant_id, status)
            SELECT 'b' || lpad(n::text, 3, '0') || 'x', 10 + n, CASE WHEN n % 10 = 0 THEN 'suspended' ELSE 'active' END
              FROM generate_series(1, 120) AS n
            """
        )

    first = list_places(prefix="b")
    second = list_places(prefix="b", after=first.after or "")
    third = list_places(prefix="b", after=second.after or "")

    slugs = [place.slug for page in (first, second, third) for place in page.rows]
    assert (len(slugs), slugs, third.after) == (120, sorted(set(slugs)), None)
    assert len(list_places(status="suspended").rows) == 12
    assert [place.slug for place in list_places(prefix="b01", status="suspended").rows] == ["b010x"]
    assert [place.slug for place in list_places(prefix="a").rows] == ["a-shop"]
