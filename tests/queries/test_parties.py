"""Lists of parties: search, filters and pages."""

import uuid

import pytest

from ledger_web.domain.ids import new_id
from ledger_web.queries.parties import list_parties
from ledger_web.services.parties import ArchiveParty, CreateParty, archive_party, create_party
from ledger_web.services.payments import RecordOpeningBalance, record_opening_balance
from tests.shops import Shop


def add(shop: Shop, name: str, kind: str = "customer", phone: str = "") -> uuid.UUID:
    return create_party(CreateParty(id=new_id(), kind=kind, name=name, phone=phone, currency="PKR"), shop.act()).id


def owe(shop: Shop, party_id: uuid.UUID, *, to_us: bool, currency: str = "PKR") -> None:
    command = RecordOpeningBalance(id=new_id(), party_id=party_id, currency=currency, amount=5_00, is_owed_to_us=to_us)
    record_opening_balance(command, shop.act())


def names(shop: Shop, kind: str = "customer", *, search: str = "", standing: str = "") -> list[str]:
    return [row.name for row in list_parties(shop.tenant_id, kind, search=search, standing=standing).rows]


def test_names_stand_in_order_whatever_their_capitals_and_accents(shop: Shop) -> None:
    for name in ("zoe", "Émile", "Adam", "eva", "123 Shop"):
        add(shop, name)

    assert names(shop) == ["123 Shop", "Adam", "Émile", "eva", "zoe"]


def test_every_word_typed_must_begin_a_word_of_name_or_phone(shop: Shop) -> None:
    add(shop, "Ali Khan", phone="+92 300 1234567")
    add(shop, "Ali Raza", phone="0311-7654321")
    add(shop, "محمد علی")

    assert names(shop, search="kha al") == ["Ali Khan"]
    assert names(shop, search="ali") == ["Ali Khan", "Ali Raza"]
    assert names(shop, search="923001234567") == ["Ali Khan"]
    assert names(shop, search="0311") == ["Ali Raza"]
    assert names(shop, search="3117654321") == ["Ali Raza"]
    assert names(shop, search="علي") == ["محمد علی"]
    assert names(shop, search="khan raza") == []
    assert names(shop, search="%") == []
    assert names(shop, search=" ") == ["Ali Khan", "Ali Raza", "محمد علی"]


@pytest.mark.parametrize("kind", ["customer", "vendor", "employee", "member"])
def test_who_owes_is_said_alike_for_every_kind(shop: Shop, kind: str) -> None:
    owe(shop, add(shop, "Debtor", kind), to_us=True)
    owe(shop, add(shop, "Dollar debtor", kind), to_us=True, currency="USD")
    owe(shop, add(shop, "Creditor", kind), to_us=False)
    add(shop, "Even", kind)
    gone = add(shop, "Gone", kind)
    archive_party(ArchiveParty(op_id=new_id(), party_id=gone, kind=kind), shop.act())

    assert names(shop, kind) == ["Creditor", "Debtor", "Dollar debtor", "Even"]
    assert names(shop, kind, standing="owes_us") == ["Debtor", "Dollar debtor"]
    assert names(shop, kind, standing="we_owe") == ["Creditor"]
    assert names(shop, kind, standing="settled") == ["Even"]
    assert names(shop, kind, standing="archived") == ["Gone"]


def test_a_party_shows_its_own_currency_first(shop: Shop) -> None:
    ali = add(shop, "Ali")
    owe(shop, ali, to_us=True, currency="AED")
    owe(shop, ali, to_us=True)

    (row,) = list_parties(shop.tenant_id, "customer").rows

    assert [(each.currency, each.balance) for each in row.balances] == [("PKR", 5_00), ("AED", 5_00)]


def test_pages_go_forth_and_back_and_leave_nobody_out(shop: Shop) -> None:
    everybody = [f"Name {number}" for number in range(1, 8)]
    for name in (*everybody, "Name 1"):
        add(shop, name)
    everybody.insert(0, "Name 1")

    pages, after = [], None
    while True:
        page = list_parties(shop.tenant_id, "customer", after=after, rows_max=3)
        pages.append([row.name for row in page.rows])
        after = page.after
        if after is None:
            break
    back = list_parties(shop.tenant_id, "customer", before=page.before, rows_max=3)
    first = list_parties(shop.tenant_id, "customer", before=back.before, rows_max=3)

    assert pages == [everybody[:3], everybody[3:6], everybody[6:]]
    assert [row.name for row in back.rows] == everybody[3:6]
    assert [row.name for row in first.rows] == everybody[:3]
    assert first.before is None


def test_a_place_of_another_shop_is_the_beginning(shop: Shop, rival: Shop) -> None:
    add(shop, "Ali")
    theirs = add(rival, "Zoe")

    page = list_parties(shop.tenant_id, "customer", after=theirs)

    assert [row.name for row in page.rows] == ["Ali"]
