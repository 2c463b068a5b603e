"""How much e-mail a shop may send: counted for all workers, one by one."""

import contextlib
import threading
from dataclasses import replace

import pytest
from flask import Flask

from ledger_web.domain.errors import RuleViolationError, TooMuchMailError
from ledger_web.domain.ids import new_id
from ledger_web.services.mailing import OF_SHOP_MAX, OF_SHOP_TO_ONE_MAX, ShopsMail, count_mail
from ledger_web.services.receipts import PrintReceipt, print_receipt
from ledger_web.services.unit_of_work import UnitOfWork
from tests.at_once import wait_until_somebody_waits
from tests.databases import Database
from tests.shops import Shop, add_product, sell

SHOP = b"s" * 32
TO_OLGA = ShopsMail(to="olga@example.com", shop=SHOP, address=b"o" * 32)


def to(number: int) -> ShopsMail:
    return ShopsMail(to=f"{number}@example.com", shop=SHOP, address=number.to_bytes(32))


def take_mail(mail: ShopsMail, uow: UnitOfWork) -> None:
    with uow:
        count_mail(uow, mail)


def counted(database: Database, subject: bytes) -> int:
    with database.connect() as looker:
        row = looker.execute("SELECT requests FROM mail_requests WHERE subject = %s", [subject]).fetchone()
    return int(row[0]) if row else 0


def let_be_counted(database: Database, subject: bytes, requests: int) -> None:
    with database.connect() as superuser:
        superuser.execute(
            "INSERT INTO mail_requests VALUES (%s, %s, now())"
            " ON CONFLICT (subject) DO UPDATE SET requests = excluded.requests",
            [subject, requests],
        )


def test_one_address_is_written_to_a_few_times_an_hour_and_others_still_are(corner: Shop, database: Database) -> None:
    for _ in range(OF_SHOP_TO_ONE_MAX):
        take_mail(TO_OLGA, corner.act())

    with pytest.raises(TooMuchMailError) as refusal:
        take_mail(TO_OLGA, corner.act())

    assert "olga@example.com" in refusal.value.message
    assert "60 minutes" in refusal.value.message
    assert 3500 < refusal.value.seconds <= 3600
    assert counted(database, SHOP) == OF_SHOP_TO_ONE_MAX  # the one that was refused was not taken
    take_mail(to(1), corner.act())
    take_mail(replace(TO_OLGA, shop=b"r" * 32, address=b"O" * 32), corner.act())  # another shop's


def test_a_shop_sends_as_much_as_it_may_and_an_hour_later_again(corner: Shop, database: Database) -> None:
    let_be_counted(database, SHOP, OF_SHOP_MAX - 1)
    take_mail(to(1), corner.act())

    with pytest.raises(TooMuchMailError, match="as many e-mails as it may"):
        take_mail(to(2), corner.act())

    with database.connect() as superuser:
        superuser.execute("UPDATE mail_requests SET window_start = window_start - interval '61 minutes'")
    take_mail(to(2), corner.act())
    assert counted(database, SHOP) == 1


def test_two_at_once_do_not_both_take_the_last_one(app: Flask, corner: Shop, database: Database) -> None:
    let_be_counted(database, SHOP, OF_SHOP_MAX - 1)
    outcomes: list[object] = []

    def take_one_more() -> None:
        with app.app_context():
            try:
                take_mail(to(2), corner.act())
                outcomes.append("taken")
            except TooMuchMailError as error:
                outcomes.append(error)

    other = threading.Thread(target=take_one_more)
    with corner.act() as uow:
        count_mail(uow, to(1))
        other.start()
        wait_until_somebody_waits(uow)
    other.join()

    assert isinstance(outcomes[0], TooMuchMailError)
    assert counted(database, SHOP) == OF_SHOP_MAX


def test_an_act_that_is_refused_leaves_its_e_mail_to_others(corner: Shop, database: Database) -> None:
    let_be_counted(database, SHOP, OF_SHOP_MAX - 1)

    with contextlib.suppress(RuleViolationError), corner.act() as uow:
        count_mail(uow, to(1))
        raise RuleViolationError("The act is refused after all.")
    take_mail(to(2), corner.act())

    assert counted(database, SHOP) == OF_SHOP_MAX


def test_what_nobody_asked_for_a_day_is_forgotten(corner: Shop, database: Database) -> None:
    take_mail(to(1), corner.act())
    with database.connect() as superuser:
        superuser.execute("UPDATE mail_requests SET window_start = window_start - interval '25 hours'")

    take_mail(TO_OLGA, corner.act())

    assert counted(database, to(1).address) == 0


def test_a_receipt_that_may_not_be_sent_is_not_counted_as_printed(corner: Shop, database: Database) -> None:
    sale_id = sell(corner, (add_product(corner), 1, 115_00))
    let_be_counted(database, SHOP, OF_SHOP_MAX)
    command = PrintReceipt(id=new_id(), sale_id=sale_id, paper="mail", may_copy=False, mail=TO_OLGA)

    with pytest.raises(TooMuchMailError):
        print_receipt(command, corner.act())

    let_be_counted(database, SHOP, 0)
    assert not print_receipt(command, corner.act()).replayed
    let_be_counted(database, SHOP, OF_SHOP_MAX)
    assert print_receipt(command, corner.act()).replayed  # what was sent is said again, and counted once
