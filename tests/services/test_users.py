"""People come in and go out."""

import statistics
import threading
import time
import uuid
from dataclasses import replace

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    DuplicateLoginError,
    NotFoundError,
    ResubmissionError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongPasswordError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.tokens import digest_of
from ledger_web.queries.identity import find_identity
from ledger_web.services.passwords import hash_password, is_hash_outdated, is_password
from ledger_web.services.users import (
    ChangePassword,
    CreateUser,
    SignedIn,
    SignIn,
    SignOut,
    change_password,
    create_user,
    sign_in,
    sign_out,
)
from tests.at_once import wait_until_somebody_waits
from tests.databases import Database
from tests.shops import PASSWORD, Shop, add_user

BEN = CreateUser(id=new_id(), login="ben", name="Ben", password=PASSWORD, role="cashier")


def come_in(shop: Shop, login: str = "owner", password: str = PASSWORD, address: str = "192.0.2.1") -> SignedIn:
    return sign_in(SignIn(login=login, password=password, address=address), shop.act())


def is_in(shop: Shop, signed_in: SignedIn) -> bool:
    return find_identity(shop.tenant_id, shop.slug, digest_of(signed_in.token)) is not None


def test_whoever_knows_the_password_is_let_in_under_any_spelling_of_the_name(corner: Shop) -> None:
    signed_in = come_in(corner, " OWNER ")

    assert signed_in.user_id == corner.owner_id
    assert is_in(corner, signed_in)


def test_two_sessions_have_nothing_in_common_and_end_apart(corner: Shop) -> None:
    first, second = come_in(corner), come_in(corner)

    sign_out(SignOut(digest_of(first.token)), corner.act())
    sign_out(SignOut(digest_of(first.token)), corner.act())

    assert first.token != second.token
    assert not is_in(corner, first)
    assert is_in(corner, second)


def test_a_session_is_of_one_shop(corner: Shop, rival: Shop) -> None:
    signed_in = come_in(corner)

    assert find_identity(rival.tenant_id, "rival", digest_of(signed_in.token)) is None
    assert find_identity(corner.tenant_id, "rival", digest_of(signed_in.token)) is None
    sign_out(SignOut(digest_of(signed_in.token)), rival.act())
    assert is_in(corner, signed_in)


def test_failures_at_one_shop_do_not_count_at_another(corner: Shop, rival: Shop) -> None:
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            come_in(corner, password="a guess")

    with pytest.raises(TooManyAttemptsError):
        come_in(corner)
    assert is_in(rival, come_in(rival))


def test_the_throttle_says_how_long(corner: Shop) -> None:
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            come_in(corner, password="a guess")

    with pytest.raises(TooManyAttemptsError) as refusal:
        come_in(corner)

    assert 25 < refusal.value.seconds <= 30
    assert refusal.value.message == f"Too many attempts. Wait {refusal.value.seconds} seconds, then try again."


def test_a_refused_attempt_is_not_counted_against_the_address(corner: Shop, database: Database) -> None:
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            come_in(corner, password="a guess")
    for _ in range(10):
        with pytest.raises(TooManyAttemptsError):
            come_in(corner)

    with database.connect() as superuser:
        counted = superuser.execute("SELECT subject, failures FROM sign_in_failures ORDER BY 1").fetchall()
    assert counted == [("address:192.0.2.1", 5), ("login:owner", 5)]


@pytest.mark.usefixtures("slow_hashes")
def test_s5_an_unknown_name_takes_as_long_as_a_wrong_password(corner: Shop, database: Database) -> None:
    def seconds(login: str) -> float:
        start = time.thread_time()  # of this thread alone: whatever else the machine does is not in it
        with pytest.raises(WrongPasswordError):
            come_in(corner, login, "a guess", address=str(uuid.uuid4()))
        return time.thread_time() - start

    known, unknown = [], []
    for _ in range(25):
        with database.connect() as superuser:
            superuser.execute("DELETE FROM sign_in_failures")
        known.append(seconds("owner"))
        unknown.append(seconds("nobody"))

    assert statistics.median(unknown) == pytest.approx(statistics.median(known), rel=0.10)


def test_a_new_user_signs_in_and_is_created_once(corner: Shop) -> None:
    assert not create_user(BEN, corner.act()).replayed
    assert create_user(BEN, corner.act()).replayed

    assert come_in(corner, "ben").user_id == BEN.id
    with pytest.raises(ResubmissionError):
        create_user(replace(BEN, name="Benjamin"), corner.act())


def test_a3_no_password_is_in_what_is_remembered_of_a_form(corner: Shop) -> None:
    create_user(BEN, corner.act())

    assert create_user(replace(BEN, password="another long password"), corner.act()).replayed
    assert PASSWORD not in repr(BEN)
    assert PASSWORD not in repr(SignIn(login="x", password=PASSWORD, address=""))


def test_a_login_is_taken_once_in_each_shop(corner: Shop, rival: Shop) -> None:
    create_user(BEN, corner.act())

    with pytest.raises(DuplicateLoginError):
        create_user(replace(BEN, id=new_id(), login=" Ben"), corner.act())
    create_user(replace(BEN, id=new_id()), rival.act())


def test_a_user_needs_a_role_there_is_and_a_password_worth_one(corner: Shop) -> None:
    with pytest.raises(NotFoundError):
        create_user(replace(BEN, role="emperor"), corner.act())
    for weak in ("short", "password", "benbenben", "Ben12345", "aaaaaaaa", "x" * 129):
        with pytest.raises(WeakPasswordError):
            create_user(replace(BEN, password=weak), corner.act())


def test_s2_another_password_renews_this_session_and_ends_every_other(corner: Shop) -> None:
    here, elsewhere = come_in(corner), come_in(corner)
    command = ChangePassword(
        user_id=corner.owner_id,
        old_password=PASSWORD,
        new_password="another long sentence",
        session_id=digest_of(here.token),
    )

    renewed = change_password(command, corner.act())

    assert is_in(corner, renewed)
    assert not is_in(corner, here)
    assert not is_in(corner, elsewhere)
    assert is_in(corner, come_in(corner, password="another long sentence"))
    with pytest.raises(WrongPasswordError):
        come_in(corner)


def test_another_password_needs_the_old_one_and_guessing_it_is_throttled(corner: Shop) -> None:
    guess = ChangePassword(user_id=corner.owner_id, old_password="a guess", new_password="long enough now")

    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            change_password(guess, corner.act())
    with pytest.raises(TooManyAttemptsError):
        change_password(replace(guess, old_password=PASSWORD), corner.act())


def test_of_two_who_change_a_password_at_once_the_later_is_told_so(app: Flask, corner: Shop) -> None:
    outcomes: list[object] = []
    other_hash = hash_password("the one that came first")

    def change() -> None:
        command = ChangePassword(user_id=corner.owner_id, old_password=PASSWORD, new_password="long enough now")
        with app.app_context():
            try:
                outcomes.append(change_password(command, corner.act()))
            except WrongPasswordError as error:
                outcomes.append(error)

    later = threading.Thread(target=change)
    with corner.act() as uow:
        uow.execute(
            "UPDATE users SET password_hash = %(hash)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"hash": other_hash, "id": corner.owner_id},
        )
        later.start()
        wait_until_somebody_waits(uow)
    later.join()

    assert isinstance(outcomes[0], WrongPasswordError)
    assert come_in(corner, password="the one that came first")


def test_s4_workers_at_once_get_no_more_attempts_than_one(app: Flask, corner: Shop) -> None:
    barrier, outcomes = threading.Barrier(8), []

    def guess() -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(3):
                try:
                    come_in(corner, password="a guess")
                except (WrongPasswordError, TooManyAttemptsError) as refusal:
                    outcomes.append(type(refusal))

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 24
    assert outcomes.count(WrongPasswordError) == 5


def test_a_user_of_another_shop_cannot_be_given_a_password(corner: Shop, rival: Shop) -> None:
    spy = add_user(rival, "spy", "owner")

    with pytest.raises(NotFoundError):
        change_password(
            ChangePassword(user_id=spy, old_password=PASSWORD, new_password="long enough now"), corner.act()
        )


@pytest.mark.usefixtures("slow_hashes")
def test_s6_a_hash_is_argon2id_and_long_passwords_are_not_cut() -> None:
    longest = "x" * 127 + "y"
    stored = hash_password(longest)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not is_hash_outdated(stored)
    assert is_password(longest, stored)
    assert not is_password(longest + "z", stored)
    assert not is_password("x" * 127, stored)
    assert not is_password(longest, "not a hash")
