"""Who did what stays, and shows if somebody touched it."""

import contextlib
import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from ledger_web.domain.audit import HIDDEN
from ledger_web.domain.ids import new_id
from ledger_web.queries.audit import verify
from ledger_web.services.audit import Origin, origin, seal
from tests.databases import Database
from tests.shops import Shop


def write_some(shop: Shop, many: int = 1, **after: Any) -> None:
    for number in range(many):
        with shop.act() as uow:
            uow.audit(
                "product.edit", holder=new_id(), before={"name": "Milk"}, after={"name": f"Milk {number}", **after}
            )


def stored(database: Database) -> list[dict[str, Any]]:
    with database.connect() as superuser:
        rows = superuser.execute("SELECT * FROM audit_events ORDER BY happened_at, id")
        names = [column.name for column in rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def test_a1_an_act_leaves_who_when_from_where_and_what_changed(corner: Shop, database: Database) -> None:
    holder, token = new_id(), origin.set(Origin("f00d", b"\x07" * 32))
    try:
        with corner.act() as uow:
            uow.audit(
                "product.edit",
                holder=holder,
                before={"name": "Milk", "price": 100, "tax": Decimal("15.0"), "note": None},
                after={"name": "Milk", "price": 120, "tax": Decimal(15), "note": "x" * 3000},
            )
    finally:
        origin.reset(token)

    event = stored(database)[-1]
    assert (event["actor_id"], event["holder_id"], event["action"]) == (corner.owner_id, holder, "product.edit")
    assert (event["request_id"], event["session_id"]) == ("f00d", b"\x07" * 32)
    assert dt.datetime.now(dt.UTC) - event["happened_at"] < dt.timedelta(minutes=1)
    assert event["before"] == {"price": 100, "note": None}
    assert event["after"] == {"price": 120, "note": "x" * 999 + "…"}


def test_what_is_rolled_back_leaves_nothing(corner: Shop, database: Database) -> None:
    before = len(stored(database))
    with contextlib.suppress(RuntimeError), corner.act() as uow:
        uow.audit("product.edit", holder=new_id(), after={"name": "Milk"})
        raise RuntimeError

    assert len(stored(database)) == before


def test_a3_secrets_are_never_kept_only_that_there_was_one(corner: Shop, database: Database) -> None:
    secrets = {"password": "tiger", "old_password": "cat", "pin": "271828", "approver_pin": "1", "pin_hash": "$argon2"}
    secrets |= {"token": "abc", "totp_secret": "JBSW", "session_cookie": "x"}
    with corner.act() as uow:
        uow.audit("user.edit", holder=new_id(), after={**secrets, "opinion": "kept", "nested": {"pin": "271828"}})

    after = stored(database)[-1]["after"]
    assert {after[name] for name in secrets} == {HIDDEN}
    assert after["opinion"] == "kept"
    assert after["nested"] == {"pin": HIDDEN}


def test_a2_the_application_can_neither_change_nor_remove_an_event_or_a_block(corner: Shop, database: Database) -> None:
    write_some(corner)
    seal(corner.act())

    for table in ("audit_events", "audit_blocks"):
        for statement in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with database.connect("ledger_app") as connection:
                connection.execute(f"SET app.tenant_id = '{corner.tenant_id}'".encode())
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())


def test_events_are_sealed_at_most_once_a_minute_and_all_of_them_when_asked(corner: Shop, database: Database) -> None:
    write_some(corner, 3)
    seal(corner.act())
    write_some(corner, 2)

    assert verify(corner.tenant_id).unsealed == 2
    assert seal(corner.act()) == 2
    assert seal(corner.act()) == 0
    assert verify(corner.tenant_id).is_whole
    assert verify(corner.tenant_id).events == len(stored(database))


def test_a_shop_without_a_single_event_is_whole(rival: Shop, corner: Shop) -> None:
    write_some(corner)

    assert verify(rival.tenant_id).is_whole


TAMPERED = [
    *(f"UPDATE audit_events SET {change} WHERE id = %(id)s" for change in (
        "after = '{\"name\": \"Cream\"}'", "before = NULL", "action = 'price.edit'", "actor_id = NULL",
        "happened_at = happened_at - interval '1 second'", "holder_id = gen_random_uuid()", "request_id = 'other'",
        "session_id = '\\x00'", "op_id = gen_random_uuid()", "approver_id = actor_id", "id = gen_random_uuid()",
    )),
    "DELETE FROM audit_events WHERE id = %(id)s",
    "UPDATE audit_blocks SET event_ids = array_remove(event_ids, %(id)s) WHERE %(id)s = ANY (event_ids)",
    "UPDATE audit_blocks SET sealed_at = sealed_at + interval '1 second' WHERE %(id)s = ANY (event_ids)",
    "UPDATE audit_blocks SET hash = sha256('x') WHERE %(id)s = ANY (event_ids)",
    "UPDATE audit_blocks SET previous_hash = sha256('x') WHERE %(id)s = ANY (event_ids)",
    "DELETE FROM audit_blocks WHERE %(id)s = ANY (event_ids)",
    "UPDATE audit_blocks SET event_ids = event_ids[2:2] || event_ids[1:1] || event_ids[3:]"
    " WHERE %(id)s = ANY (event_ids)",
    "WITH gone AS (DELETE FROM audit_blocks WHERE %(id)s = ANY (event_ids) RETURNING event_ids)"
    " DELETE FROM audit_events USING gone WHERE id = ANY (gone.event_ids)",
    "UPDATE audit_events AS e SET after = other.after FROM audit_events AS other, audit_blocks AS b"
    " WHERE e.id = %(id)s AND %(id)s = ANY (b.event_ids) AND other.id = ANY (b.event_ids) AND other.id <> e.id",
]  # fmt: skip


@pytest.mark.parametrize("statement", TAMPERED)
def test_a2_whoever_touches_the_third_block_by_hand_is_found_out_there(
    corner: Shop, database: Database, statement: str
) -> None:
    """Twenty ways to edit, delete and reorder, as a superuser. Promise A2."""
    assert len(TAMPERED) == 20
    write_some(corner)
    while (whole := verify(corner.tenant_id)).blocks < 5 or whole.unsealed:
        write_some(corner, 3)
        seal(corner.act())
    with database.connect() as superuser:
        row = superuser.execute("SELECT event_ids[1] FROM audit_blocks WHERE number = 3").fetchone()
        assert row
        superuser.execute(statement.encode(), {"id": row[0]})

    found = verify(corner.tenant_id)

    assert found.broken == 3, found.trouble
    assert found.blocks == 2


def test_a2_an_event_slipped_into_the_past_is_found(corner: Shop, database: Database) -> None:
    write_some(corner)
    seal(corner.act())
    with database.connect() as superuser:
        superuser.execute(
            "INSERT INTO audit_events (tenant_id, id, happened_at, action)"
            " VALUES (%s, %s, now() - interval '2 hours', 'price.edit')",
            [corner.tenant_id, uuid.uuid4()],
        )

    assert "slipped in" in verify(corner.tenant_id).trouble
