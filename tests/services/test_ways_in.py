"""Codes from the phone, recovery codes, and PINs at a till."""

import contextlib
import threading
import time
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    NotFoundError,
    RuleViolationError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
    WrongPinError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.domain.totp import code_at, new_secret
from ledger_web.queries.people import list_people_with_pin
from ledger_web.services.credentials import (
    BeginCodes,
    EndCodes,
    EnterCode,
    RequireCodes,
    begin_codes,
    end_codes,
    enter_code,
    require_codes,
)
from ledger_web.services.tills import (
    TAKES_A_PASSWORD,
    RegisterTill,
    RemoveTill,
    SignInAtTill,
    register_till,
    remove_till,
    sign_in_at_till,
)
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import SetPin, SignedIn, set_pin
from tests.at_once import wait_until_so_many_wait
from tests.databases import Database
from tests.services.test_audit import stored
from tests.services.test_users import come_in, is_in
from tests.shops import PASSWORD, Shop, add_user, person

PIN = "271829"


def this_code(secret: str, aside: int = 0) -> str:
    return code_at(secret, int(time.time()) // 30 + aside)


def with_codes(shop: Shop, database: Database) -> tuple[str, list[str]]:
    """Let the owner use codes from now on; the step of the first is taken back, so that this half minute's is free."""
    secret = new_secret()
    command = BeginCodes(user_id=shop.owner_id, password=PASSWORD, secret=secret, code=this_code(secret))
    codes = begin_codes(command, shop.act())
    with database.connect() as superuser:
        superuser.execute("UPDATE users SET totp_step = 0")
    return secret, codes


def enter(shop: Shop, waiting: SignedIn, code: str) -> SignedIn:
    command = EnterCode(session_id=digest_of(waiting.token), code=code, address="192.0.2.1")
    return enter_code(command, UnitOfWork(shop.tenant_id))


def test_a_right_password_alone_opens_nothing_where_codes_are_used(corner: Shop, database: Database) -> None:
    secret, _ = with_codes(corner, database)

    waiting = come_in(corner)

    assert waiting.waits_for_code
    assert not is_in(corner, waiting)
    signed_in = enter(corner, waiting, this_code(secret))
    assert is_in(corner, signed_in)
    assert signed_in.token != waiting.token
    with pytest.raises(NotFoundError):  # the half-open session is gone
        enter(corner, waiting, this_code(secret, 1))


def test_s7_a_code_works_once(corner: Shop, database: Database) -> None:
    secret, _ = with_codes(corner, database)
    code = this_code(secret)
    enter(corner, come_in(corner), code)

    with pytest.raises(WrongCodeError):
        enter(corner, come_in(corner), code)
    assert code not in str([event["after"] for event in stored(database)])


def test_s7_one_code_typed_in_two_windows_at_once_opens_one(app: Flask, corner: Shop, database: Database) -> None:
    """All have looked at the code, and found it unused, before the first of them uses it up."""
    secret, _ = with_codes(corner, database)
    windows = [come_in(corner) for _ in range(3)]
    code, opened = this_code(secret), list[SignedIn]()

    def type_it(waiting: SignedIn) -> None:
        with app.app_context(), contextlib.suppress(WrongCodeError):
            opened.append(enter(corner, waiting, code))

    threads = [threading.Thread(target=type_it, args=[waiting]) for waiting in windows]
    with database.connect(autocommit=False) as holder:
        holder.execute("SELECT FROM users WHERE totp_secret IS NOT NULL FOR UPDATE")
        for thread in threads:
            thread.start()
        wait_until_so_many_wait(database, len(threads))
        holder.rollback()
    for thread in threads:
        thread.join()

    assert len(opened) == 1


def test_s7_a_recovery_code_works_once(corner: Shop, database: Database) -> None:
    _, codes = with_codes(corner, database)

    assert is_in(corner, enter(corner, come_in(corner), codes[0].upper()))
    with pytest.raises(WrongCodeError):
        enter(corner, come_in(corner), codes[0])
    assert is_in(corner, enter(corner, come_in(corner), codes[1].replace("-", " ")))
    with database.connect() as superuser:
        digests = superuser.execute("SELECT digest FROM recovery_codes").fetchall()
    assert not any(code.encode() in bytes(digest) for (digest,) in digests for code in codes)


def test_guessing_codes_is_throttled_and_waits_even_for_the_right_one(corner: Shop, database: Database) -> None:
    secret, _ = with_codes(corner, database)
    waiting = come_in(corner)
    for _ in range(5):
        with pytest.raises(WrongCodeError):
            enter(corner, waiting, "000000")

    with pytest.raises(TooManyAttemptsError):
        enter(corner, come_in(corner), this_code(secret))


def test_a_session_waits_five_minutes_for_its_code(corner: Shop, database: Database) -> None:
    secret, _ = with_codes(corner, database)
    waiting = come_in(corner)
    with database.connect() as superuser:
        superuser.execute("UPDATE sessions SET created_at = created_at - interval '5 minutes'")

    with pytest.raises(NotFoundError):
        enter(corner, waiting, this_code(secret))


def test_codes_begin_with_the_password_and_a_code_and_end_other_sessions(corner: Shop) -> None:
    elsewhere, secret = come_in(corner), new_secret()
    wrong_code = BeginCodes(user_id=corner.owner_id, password=PASSWORD, secret=secret, code="000000")
    wrong_password = BeginCodes(user_id=corner.owner_id, password="a guess", secret=secret, code=this_code(secret))

    with pytest.raises(WrongCodeError):
        begin_codes(wrong_code, corner.act())
    with pytest.raises(WrongPasswordError):
        begin_codes(wrong_password, corner.act())
    assert not come_in(corner).waits_for_code
    right = BeginCodes(user_id=corner.owner_id, password=PASSWORD, secret=secret, code=this_code(secret))
    begin_codes(right, corner.act())
    with pytest.raises(RuleViolationError):
        begin_codes(right, corner.act())

    assert not is_in(corner, elsewhere)


def test_where_the_shop_asks_owners_for_codes_they_cannot_end_them(corner: Shop, database: Database) -> None:
    with_codes(corner, database)
    require_codes(RequireCodes(op_id=new_id(), required=True), corner.act())

    with pytest.raises(RuleViolationError):
        end_codes(EndCodes(user_id=corner.owner_id, password=PASSWORD), corner.act())
    require_codes(RequireCodes(op_id=new_id(), required=False), corner.act())
    end_codes(EndCodes(user_id=corner.owner_id, password=PASSWORD), corner.act())

    assert is_in(corner, come_in(corner))


# Tills


def till(shop: Shop) -> tuple[uuid.UUID, bytes]:
    token, id = new_token(), new_id()
    register_till(RegisterTill(id=id, name="Front", token=token), shop.act())
    return id, digest_of(token)


def with_pin(shop: Shop, role: str = "cashier") -> uuid.UUID:
    user_id = person(shop, role)
    set_pin(SetPin(user_id=user_id, password=PASSWORD, pin=PIN), shop.act(user_id))
    return user_id


def at_till(shop: Shop, digest: bytes, user_id: uuid.UUID, pin: str = PIN, previous: bytes | None = None) -> SignedIn:
    command = SignInAtTill(till_digest=digest, user_id=user_id, pin=pin, address="192.0.2.1", previous_session=previous)
    return sign_in_at_till(command, UnitOfWork(shop.tenant_id))


def test_a_cashier_takes_over_the_till_with_a_pin_and_the_one_before_is_out(corner: Shop) -> None:
    _, digest = till(corner)
    first = at_till(corner, digest, with_pin(corner))
    ben = add_user(corner, "ben", "cashier")
    set_pin(SetPin(user_id=ben, password=PASSWORD, pin="314159"), corner.act(ben))

    second = at_till(corner, digest, ben, "314159", digest_of(first.token))

    assert is_in(corner, second)
    assert not is_in(corner, first)
    assert {name for _, name in list_people_with_pin(corner.tenant_id, TAKES_A_PASSWORD)} == {
        "Ben Smith",
        "Cashier Smith",
    }


def test_a_pin_opens_nothing_at_a_browser_that_is_no_till_of_this_shop(corner: Shop, rival: Shop) -> None:
    till_id, digest = till(corner)
    _, foreign = till(rival)
    cashier = with_pin(corner)

    for wrong in (foreign, digest_of(new_token())):
        with pytest.raises(WrongPinError):
            at_till(corner, wrong, cashier)
    signed_in = at_till(corner, digest, cashier)
    remove_till(RemoveTill(op_id=new_id(), till_id=till_id), corner.act())

    assert not is_in(corner, signed_in)
    with pytest.raises(WrongPinError):
        at_till(corner, digest, cashier)


def test_after_five_wrong_pins_it_takes_the_password(corner: Shop) -> None:
    _, digest = till(corner)
    cashier = with_pin(corner)
    for _ in range(5):
        with pytest.raises(WrongPinError):
            at_till(corner, digest, cashier, "999111")

    with pytest.raises(WrongPinError):
        at_till(corner, digest, cashier)
    come_in(corner, "cashier")

    assert is_in(corner, at_till(corner, digest, cashier))


def test_tries_at_many_tills_at_once_are_five(app: Flask, corner: Shop) -> None:
    _, digest = till(corner)
    cashier, barrier = with_pin(corner), threading.Barrier(8)

    def guess() -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(3):
                with pytest.raises(WrongPinError):
                    at_till(corner, digest, cashier, "999111")

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with corner.act() as uow:
        tries = uow.execute(
            "SELECT pin_failures FROM users WHERE tenant_id = %(tenant_id)s AND id = %(id)s", {"id": cashier}
        ).scalar_one()

    assert tries == 5


def test_whoever_manages_people_or_settings_needs_the_password_also_at_a_till(corner: Shop) -> None:
    _, digest = till(corner)
    owner = with_pin(corner, "owner")

    with pytest.raises(WrongPinError):
        at_till(corner, digest, owner)
    assert list_people_with_pin(corner.tenant_id, TAKES_A_PASSWORD) == []
