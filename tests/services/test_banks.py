"""Bank accounts: adding one, another name, putting away; money in them."""

import pytest

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import equity
from ledger_web.domain.places import bank_place
from ledger_web.domain.transactions import ManualLine
from ledger_web.services.banks import (
    ArchiveBank,
    CreateBank,
    RenameBank,
    RestoreBank,
    archive_bank,
    create_bank,
    rename_bank,
    restore_bank,
)
from ledger_web.services.drawers import PayIn, PayOut, pay_in, pay_out
from ledger_web.services.transactions import PostManual, post_manual
from tests.books import assert_the_books_agree, cached_balance, count, written
from tests.shops import Shop


def test_a_bank_account_is_added_once_and_money_is_paid_into_it(shop: Shop) -> None:
    command = CreateBank(id=new_id(), name="Meezan", currency="USD")
    assert [create_bank(command, shop.act()).replayed for _ in range(2)] == [False, True]

    came = pay_in(PayIn(id=new_id(), bank_id=command.id, currency="USD", amount=70_00, reason="Opening"), shop.act())
    went = pay_out(
        PayOut(id=new_id(), bank_id=command.id, currency="USD", amount=9_00, category="fees", reason="Card"),
        shop.act(),
    )

    assert written(shop, came.id) == [("bank:Meezan", "equity:owner", "USD", 70_00)]
    assert written(shop, went.id) == [("expense:fees", "bank:Meezan", "USD", 9_00)]
    assert cached_balance(shop, bank_place(command.id).account("USD")) == 61_00
    assert_the_books_agree(shop)


def test_names_differ_within_a_shop(shop: Shop, rival: Shop) -> None:
    first = create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), shop.act()).id
    create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), rival.act())
    second = create_bank(CreateBank(id=new_id(), name="Azizi", currency="PKR"), shop.act()).id

    with pytest.raises(RuleViolationError, match="called Meezan"):
        create_bank(CreateBank(id=new_id(), name="Meezan", currency="USD"), shop.act())
    with pytest.raises(RuleViolationError, match="called Meezan"):
        rename_bank(RenameBank(op_id=new_id(), bank_id=second, version=1, name="Meezan"), shop.act())
    with pytest.raises(NotFoundError):
        rename_bank(RenameBank(op_id=new_id(), bank_id=second, version=1, name="Mine"), rival.act())
    rename_bank(RenameBank(op_id=new_id(), bank_id=first, version=1, name="Meezan Main"), shop.act())
    with pytest.raises(StaleEditError):
        rename_bank(RenameBank(op_id=new_id(), bank_id=first, version=1, name="Meezan Old"), shop.act())
    assert count(shop, "bank_accounts") == 2


def test_only_an_empty_bank_account_is_put_away_and_it_takes_nothing_then(shop: Shop) -> None:
    bank = create_bank(CreateBank(id=new_id(), name="Meezan", currency="PKR"), shop.act()).id
    money = {"bank_id": bank, "currency": "PKR", "amount": 5_00, "reason": "Fees"}
    pay_out(PayOut(id=new_id(), category="fees", **money), shop.act())  # type: ignore[arg-type]

    with pytest.raises(RuleViolationError, match=r"overdrawn by 5\.00 PKR"):
        archive_bank(ArchiveBank(op_id=new_id(), bank_id=bank), shop.act())
    pay_in(PayIn(id=new_id(), **money), shop.act())  # type: ignore[arg-type]
    archive_bank(ArchiveBank(op_id=new_id(), bank_id=bank), shop.act())

    with pytest.raises(RuleViolationError, match="Meezan is no longer in use"):
        pay_in(PayIn(id=new_id(), **money), shop.act())  # type: ignore[arg-type]
    sides = (bank_place(bank).account("PKR"), equity("PKR", "owner"))
    lines = (ManualLine(sides[0], 1, 0), ManualLine(sides[1], 0, 1))
    with pytest.raises(RuleViolationError, match="Meezan is no longer in use"):
        post_manual(PostManual(id=new_id(), lines=lines, memo="By hand"), shop.act())
    restore_bank(RestoreBank(op_id=new_id(), bank_id=bank), shop.act())
    pay_in(PayIn(id=new_id(), **money), shop.act())  # type: ignore[arg-type]
    with pytest.raises(RuleViolationError, match=r"still holds 5\.00 PKR"):
        archive_bank(ArchiveBank(op_id=new_id(), bank_id=bank), shop.act())
    assert_the_books_agree(shop)
