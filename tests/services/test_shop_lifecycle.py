"""What becomes of a shop: another address, a pause, an end that can be undone for a while."""

import datetime as dt
from functools import partial

import pytest
from flask import Flask

from ledger_web.domain.errors import ConflictError, DuplicateSlugError, InvalidSlugError, NotFoundError
from ledger_web.queries.tenants import find_tenant, get_place
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
from tests.at_once import in_threads
from tests.shops import Shop, add_product, open_a_shop, sell


def test_a_shop_moves_and_moves_back_and_its_former_addresses_lead_to_where_it_is(shop: Shop) -> None:
    for slug in ("bakery", "brewery"):
        assert move_shop(MoveShop(slug=slug), shop.act()) == slug
    assert [_leads_to(slug) for slug in ("corner", "bakery", "brewery")] == ["brewery", "brewery", None]

    move_shop(MoveShop(slug="corner"), shop.act())

    assert [_leads_to(slug) for slug in ("corner", "bakery", "brewery")] == [None, "corner", "corner"]
    assert get_place("corner").tenant_id == shop.tenant_id


def test_a_former_address_is_nobody_elses(shop: Shop, rival: Shop) -> None:
    move_shop(MoveShop(slug="bakery"), shop.act())

    for slug in ("corner", "c0rner", "bakery", "co-rner"):
        with pytest.raises(DuplicateSlugError):
            move_shop(MoveShop(slug=slug), rival.act())
    with pytest.raises(InvalidSlugError):
        move_shop(MoveShop(slug="admin"), rival.act())
    assert get_place("rival").tenant_id == rival.tenant_id


def test_two_that_want_look_alikes_at_once_do_not_both_get_one(app: Flask) -> None:
    shops = [open_a_shop(f"shop-{number}") for number in "abcd"]
    wanted = ["bakery-10", "bakery-1o", "bakery-l0", "bakery-lo"]

    def move(number: int) -> bool:
        try:
            move_shop(MoveShop(slug=wanted[number]), UnitOfWork(shops[number].tenant_id))
        except DuplicateSlugError:
            return False
        return True

    moved = in_threads(app, *(partial(move, number) for number in range(4)))

    assert sorted(map(repr, moved)) == ["False", "False", "False", "True"]


def test_a_suspended_shop_goes_on_where_it_stopped(shop: Shop) -> None:
    product = add_product(shop)
    suspend_shop(SuspendShop(), shop.act())
    with pytest.raises(ConflictError):
        suspend_shop(SuspendShop(), shop.act())

    resume_shop(ResumeShop(), shop.act())

    sell(shop, (product, 1, 115_00))
    with pytest.raises(ConflictError):
        resume_shop(ResumeShop(), shop.act())


def test_a_deleted_shop_answers_nobody_and_can_be_had_back(shop: Shop) -> None:
    suspend_shop(SuspendShop(), shop.act())

    until = delete_shop(DeleteShop(), shop.act())

    assert until >= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=29)
    assert find_tenant("corner") is None
    with pytest.raises(ConflictError):
        delete_shop(DeleteShop(), shop.act())
    with pytest.raises(ConflictError):
        move_shop(MoveShop(slug="bakery"), shop.act())
    with pytest.raises(DuplicateSlugError):
        open_a_shop("corner")
    take_shop_back(TakeShopBack(), shop.act())
    assert get_place("corner").status == "suspended"


def test_what_is_no_shop_is_not_found(app: Flask) -> None:
    nobody = UnitOfWork(new_tenant_id())
    with pytest.raises(NotFoundError):
        suspend_shop(SuspendShop(), nobody)
    with pytest.raises(NotFoundError):
        delete_shop(DeleteShop(), nobody)
    with pytest.raises(NotFoundError):
        move_shop(MoveShop(slug="bakery"), nobody)


def test_s4_no_more_than_five_shops_an_hour_are_opened_from_one_place(app: Flask) -> None:
    for number in range(5):
        open_a_shop(f"bakery-{'abcde'[number]}", opened_from=b"here")
    with pytest.raises(Exception, match="Too many attempts"):
        open_a_shop("bakery-f", opened_from=b"here")

    open_a_shop("bakery-g", opened_from=b"there")
    open_a_shop("bakery-h")


def _leads_to(slug: str) -> str | None:
    found = find_tenant(slug)
    assert found is not None
    return found.leads_to
