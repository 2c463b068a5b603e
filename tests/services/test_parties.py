"""Customers, vendors, employees and members: adding, changing, limiting, archiving, and two at once."""

import threading
import uuid

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    AccountClosedError,
    CreditLimitExceededError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.journal import Entry, cash, customer
from ledger_web.queries.parties import get_party, list_parties
from ledger_web.services.parties import (
    ArchiveParty,
    CreateParty,
    EditParty,
    RestoreParty,
    SetCreditLimit,
    archive_party,
    create_party,
    edit_party,
    restore_party,
    set_credit_limit,
)
from ledger_web.services.payments import RecordOpeningBalance, RecordPayment, record_opening_balance, record_payment
from tests.at_once import in_threads
from tests.books import assert_the_books_agree, cached_balance, count
from tests.shops import Shop, add_customer, add_product, sell

KINDS = ("customer", "vendor", "employee", "member")


def add(shop: Shop, kind: str = "vendor", name: str = "Akbar", phone: str = "", currency: str = "PKR") -> uuid.UUID:
    command = CreateParty(id=new_id(), kind=kind, name=name, phone=phone, currency=currency)
    return create_party(command, shop.act()).id


def edit(
    shop: Shop, party_id: uuid.UUID, *, version: int = 1, name: str = "Alicia", op_id: uuid.UUID | None = None
) -> None:
    command = EditParty(
        op_id=op_id or new_id(),
        party_id=party_id,
        kind="customer",
        version=version,
        name=name,
        phone="0300 555",
        note="Pays on Fridays",
    )
    edit_party(command, shop.act())


def archive(shop: Shop, party_id: uuid.UUID, kind: str = "customer") -> None:
    archive_party(ArchiveParty(op_id=new_id(), party_id=party_id, kind=kind), shop.act())


def found(shop: Shop, search: str, kind: str = "customer") -> list[str]:
    return [row.name for row in list_parties(shop.tenant_id, kind, search=search).rows]


@pytest.mark.parametrize("kind", KINDS)
def test_a_party_of_each_kind_is_added_and_found_among_its_own(shop: Shop, kind: str) -> None:
    party_id = add(shop, kind, "Ali Khan", "+92 300 1234567")

    party = get_party(shop.tenant_id, party_id, kind)
    assert (party.name, party.phone, party.currency, party.version) == ("Ali Khan", "+92 300 1234567", "PKR", 1)
    assert party.is_settled
    for other in KINDS:
        assert found(shop, "khan", other) == (["Ali Khan"] if other == kind else [])


def test_the_same_form_twice_adds_one_party_and_other_values_none(shop: Shop) -> None:
    command = CreateParty(id=new_id(), kind="vendor", name="Akbar", currency="PKR")
    first, second = create_party(command, shop.act()), create_party(command, shop.act())

    assert (first.replayed, second.replayed, first.id) == (False, True, second.id)
    with pytest.raises(ResubmissionError):
        create_party(CreateParty(id=command.id, kind="vendor", name="Babar", currency="PKR"), shop.act())
    assert count(shop, "parties") == 1


def test_ten_callers_of_one_form_add_one_party(shop: Shop, app: Flask) -> None:
    command = CreateParty(id=new_id(), kind="member", name="Akbar", currency="PKR")

    results = in_threads(app, *[lambda: create_party(command, shop.act()).id] * 8)

    assert results == [command.id] * 8
    assert count(shop, "parties") == 1


def test_only_customers_have_a_credit_limit(shop: Shop) -> None:
    with pytest.raises(RuleViolationError, match="Only customers"):
        create_party(CreateParty(id=new_id(), kind="vendor", name="A", currency="PKR", credit_limit=1), shop.act())

    assert count(shop, "parties") == 0


def test_editing_changes_what_is_shown_and_what_is_searched(shop: Shop) -> None:
    alice = add_customer(shop, "Alice")

    edit(shop, alice, name="Émile Zola")

    party = get_party(shop.tenant_id, alice)
    assert (party.name, party.phone, party.note, party.version) == ("Émile Zola", "0300 555", "Pays on Fridays", 2)
    assert found(shop, "emile 0300") == ["Émile Zola"]
    assert found(shop, "alice") == []


def test_c7_a_stale_edit_overwrites_nothing(shop: Shop) -> None:
    alice = add_customer(shop, "Alice")
    edit(shop, alice, name="Alicia")

    with pytest.raises(StaleEditError):
        edit(shop, alice, version=1, name="Alison")

    assert get_party(shop.tenant_id, alice).name == "Alicia"
    assert found(shop, "alison") == []


def test_an_edit_that_arrives_twice_is_one(shop: Shop) -> None:
    alice, op_id = add_customer(shop), new_id()

    edit(shop, alice, op_id=op_id)
    edit(shop, alice, op_id=op_id)

    assert get_party(shop.tenant_id, alice).version == 2


def test_c7_two_editors_at_once_one_saves_and_one_is_told(shop: Shop, app: Flask) -> None:
    alice = add_customer(shop)

    results = in_threads(app, lambda: edit(shop, alice, name="Ann"), lambda: edit(shop, alice, name="Bea"))

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, StaleEditError) for result in results) == 1


def test_a_party_of_another_shop_or_kind_is_not_there(shop: Shop, rival: Shop) -> None:
    theirs, vendor = add_customer(rival), add(shop, "vendor")

    for party_id in (theirs, vendor, new_id()):
        with pytest.raises(NotFoundError):
            edit(shop, party_id)
        with pytest.raises(NotFoundError):
            archive(shop, party_id)
        with pytest.raises(NotFoundError):
            restore_party(RestoreParty(op_id=new_id(), party_id=party_id, kind="customer"), shop.act())
        with pytest.raises(NotFoundError):
            set_credit_limit(SetCreditLimit(op_id=new_id(), party_id=party_id, version=1, credit_limit=1), shop.act())
    assert get_party(rival.tenant_id, theirs).version == 1


def test_a_credit_limit_below_the_debt_forbids_more_of_it_and_not_paying_it(shop: Shop) -> None:
    alice, milk = add_customer(shop), add_product(shop)
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

    set_credit_limit(SetCreditLimit(op_id=new_id(), party_id=alice, version=1, credit_limit=100_00), shop.act())

    with pytest.raises(CreditLimitExceededError):
        sell(shop, (milk, 1, 1_00), customer_id=alice, rest_on_account=True)
    record_payment(
        RecordPayment(
            id=new_id(), party_id=alice, direction="in", drawer_id=shop.drawer_id, currency="PKR", amount=1_00
        ),
        shop.act(),
    )
    assert cached_balance(shop, customer(alice, "PKR")) == 114_00
    assert get_party(shop.tenant_id, alice).own.credit_left == 0
    assert_the_books_agree(shop)


def test_a_credit_limit_is_taken_away_and_a_stale_one_is_not_set(shop: Shop) -> None:
    alice = add_customer(shop, credit_limit=100_00)
    set_credit_limit(SetCreditLimit(op_id=new_id(), party_id=alice, version=1, credit_limit=None), shop.act())

    with pytest.raises(StaleEditError):
        set_credit_limit(SetCreditLimit(op_id=new_id(), party_id=alice, version=1, credit_limit=5), shop.act())

    assert get_party(shop.tenant_id, alice).own.credit_limit is None


@pytest.mark.parametrize(
    ("kind", "is_owed_to_us", "sentence"),
    [
        ("customer", True, "Akbar still owes you 5.00 PKR"),
        ("customer", False, "You still owe Akbar 5.00 PKR"),
        ("vendor", False, "You still owe Akbar 5.00 PKR"),
        ("vendor", True, "Akbar still owes you 5.00 PKR"),
    ],
)
def test_who_is_not_settled_is_not_archived(shop: Shop, kind: str, is_owed_to_us: bool, sentence: str) -> None:
    party_id = add(shop, kind)
    command = RecordOpeningBalance(
        id=new_id(), party_id=party_id, currency="PKR", amount=5_00, is_owed_to_us=is_owed_to_us
    )
    record_opening_balance(command, shop.act())

    with pytest.raises(RuleViolationError, match=sentence):
        archive(shop, party_id, kind)

    assert not get_party(shop.tenant_id, party_id).is_archived


def test_a_debt_in_any_currency_keeps_from_archiving(shop: Shop) -> None:
    akbar = add(shop)
    command = RecordOpeningBalance(id=new_id(), party_id=akbar, currency="USD", amount=1, is_owed_to_us=False)
    record_opening_balance(command, shop.act())

    with pytest.raises(RuleViolationError, match=r"0\.01 USD"):
        archive(shop, akbar, "vendor")


def test_nothing_is_posted_to_the_archive_until_it_is_left(shop: Shop) -> None:
    alice, milk = add_customer(shop), add_product(shop)
    archive(shop, alice)

    assert found(shop, "alice") == []
    with pytest.raises(RuleViolationError, match="archived"):
        sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)
    restore_party(RestoreParty(op_id=new_id(), party_id=alice, kind="customer"), shop.act())
    sell(shop, (milk, 1, 115_00), customer_id=alice, rest_on_account=True)

    assert cached_balance(shop, customer(alice, "PKR")) == 115_00


def test_archiving_twice_is_archiving_once(shop: Shop) -> None:
    alice = add_customer(shop)
    archive(shop, alice)
    first = get_party(shop.tenant_id, alice)

    archive(shop, alice)

    assert get_party(shop.tenant_id, alice) == first


def test_archiving_waits_for_a_posting_under_way_and_then_sees_the_debt(shop: Shop, app: Flask) -> None:
    alice = add_customer(shop)
    posted, release = threading.Event(), threading.Event()

    def post_and_hold() -> None:
        command = ArchiveParty(op_id=new_id(), party_id=alice, kind="customer")
        with shop.act() as uow:
            uow.is_replay(command, id=command.op_id, kind="payment")
            uow.post([Entry(debit=cash(shop.drawer_id, "PKR"), credit=customer(alice, "PKR"), amount=1)])
            posted.set()
            assert release.wait(10)

    def archive_meanwhile() -> None:
        assert posted.wait(10)
        threading.Timer(0.3, release.set).start()
        archive(shop, alice)

    held, refused = in_threads(app, post_and_hold, archive_meanwhile)

    assert held is None
    assert isinstance(refused, RuleViolationError)
    assert cached_balance(shop, customer(alice, "PKR")) == -1


def test_a_posting_that_waited_for_archiving_finds_the_account_closed(shop: Shop) -> None:
    alice = add_customer(shop)
    archive(shop, alice)

    with shop.act() as uow:
        command = ArchiveParty(op_id=new_id(), party_id=alice, kind="customer")
        uow.is_replay(command, id=command.op_id, kind="payment")
        with pytest.raises(AccountClosedError):
            uow.post([Entry(debit=cash(shop.drawer_id, "PKR"), credit=customer(alice, "PKR"), amount=1)])
        uow.session.rollback()

    assert_the_books_agree(shop)
