"""What a rival's things are called and numbered is nothing to the forms of a shop, and nobody learns that they exist.

Promises T1, T2 and T10. These tests write, so each has two shops of its own.
"""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.attack import (
    CANARY,
    CANARY_CODE,
    OWN_CODE,
    Browsers,
    ask,
    begin_attack,
    furnish_both,
    site_of,
)
from tests.databases import Database
from tests.isolation.conftest import World
from tests.shops import Shop
from tests.surface import PRESSED, Answer, Connection, furnish_with, looking_at, masked, takes_ids

TEXTS = (CANARY_CODE, f"{CANARY}-1", f"{CANARY} product", "rival")  # for addresses that take something else than an id
STEP = 6


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with looking_at(database) as connection:
        yield connection


def test_t1_addresses_that_take_a_text_answer_as_if_there_was_no_rival(
    app: Flask, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection
) -> None:
    furnish_with(corner, "Corner", OWN_CODE)
    client = client_of(corner)
    site = site_of(app, corner, superuser)
    rules = [rule for rule in site.rules if rule._converters and not takes_ids(rule)]

    def answers() -> list[Answer]:
        return [
            masked(ask(client, method, path, site.data(rule.endpoint, method), htmx=htmx))
            for rule in rules
            for method in sorted({"GET", "POST"} & (rule.methods or set()))
            for htmx in (False, True)
            for text in TEXTS
            for path in site.paths(rule, text, method)
        ]

    alone = answers()
    furnish_with(rival, CANARY, CANARY_CODE)
    assert answers() == alone


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.long)])
def test_t2_a_rivals_id_in_a_form_is_refused_and_writes_nothing(
    app: Flask, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection, step: int
) -> None:
    """A field is tried with ids of the kinds it offers and with every sixth of the others; one that says none: all."""
    furnish_both(corner, rival)
    attack = begin_attack(site_of(app, corner, superuser), corner, rival, superuser)
    client, tried, taken = client_of(corner), set[str](), set[str]()

    for post in attack.site.posts.values():
        own = attack.own_rows()
        for name, written in post.ids.items():
            for id in attack.worth_asking(post.kinds[name], len(tried), step):
                for value in (each.replace("ID", id) for each in written):
                    told = (post.endpoint, name, value)
                    answer = client.post_form(
                        post.path,
                        post.data() | PRESSED.get(post.endpoint, {}) | {name: value},
                        htmx=len(tried) % 2 == 0,
                    )
                    # A preview shows what is still missing while a form is filled in.
                    fits = {200, 404, 409, 422} if "preview" in post.endpoint else {404, 409, 422}
                    assert answer.status_code in fits, told
                    attack.assert_nothing_leaks(answer, id, told)
            tried.add(name)
        attack.assert_rival_is_untouched(post.endpoint)
        assert attack.own_rows() == own, post.endpoint
        if post.ids and client.post_form(post.path, post.data()).status_code < 400:
            taken.add(post.endpoint)

    # With ids of its own these forms are taken: it was the rival's id that was refused.
    assert taken >= {"payments.create_opening_balance", "transactions.create_manual", "expenses.create"}, taken
    assert tried >= {"party_id", "drawer_id", "product_id", "customer_id", "place", "0-account"}


def test_t10_a_rivals_id_may_be_the_number_of_a_new_thing(
    world: World, corner: Shop, rival: Shop, client_of: Browsers, superuser: Connection
) -> None:
    """Ids are numbered within a shop: that one is in use elsewhere is neither said nor in the way."""
    furnish_with(rival, CANARY, CANARY_CODE)
    attack = begin_attack(world.site, corner, rival, superuser)
    client = client_of(corner)

    for id in attack.chosen:
        data = attack.site.data("customers.create", "POST") | {"op_id": id, "name": "Ours"}
        answer = client.post_form("/customers/", data)
        assert (answer.status_code, answer.location) == (303, f"/customers/{id}")

    attack.assert_rival_is_untouched("new things")
