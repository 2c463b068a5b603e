"""`isolation check` finds nothing where the walls hold, and the wall that does not."""

import json

import pytest
from flask import Flask

from ledger_web.domain.ids import new_id
from ledger_web.services.drawers import PayIn, pay_in
from tests.databases import Database
from tests.shops import Shop, add_customer


def put_in(shop: Shop) -> None:
    add_customer(shop)
    pay_in(PayIn(id=new_id(), drawer_id=shop.drawer_id, currency="PKR", amount=5, reason="Float"), shop.act())


def test_the_walls_hold_and_nothing_of_the_trials_is_kept(app: Flask, corner: Shop, rival: Shop) -> None:
    put_in(corner)
    put_in(rival)

    result = app.test_cli_runner().invoke(args=["isolation", "check"])

    assert result.output.endswith(" trials, 0 leaks.\n")
    assert int(result.output.split()[0]) > 200
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("broken", "mended", "leaking"),
    [
        (
            "ALTER TABLE parties DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE parties ENABLE ROW LEVEL SECURITY",
            {"reading without a shop", "writing into a neighbour"},
        ),
        (
            "ALTER POLICY entries_of_this_shop ON entries USING (true)",
            "ALTER POLICY entries_of_this_shop ON entries USING (tenant_id = current_setting('app.tenant_id')::bigint)",
            {"reading a neighbour's rows", "reading without a shop"},
        ),
        (
            "ALTER VIEW customers SET (security_invoker = false)",
            "ALTER VIEW customers SET (security_invoker = true)",
            set(),  # its owner stands under the same policy, which is forced
        ),
        (
            "CREATE VIEW everybody AS SELECT tenant_id, id, name FROM parties; ALTER VIEW everybody OWNER TO postgres;"
            " GRANT ALL ON everybody TO ledger_app",
            "DROP VIEW everybody",
            {
                "reading without a shop",
                "reading a neighbour's rows",
                "writing into a neighbour",
                "changing a neighbour's rows",
                "removing a neighbour's rows",
            },
        ),
    ],
    ids=[
        "no row-level security",
        "a policy that lets all through",
        "a view with its owner's eyes",
        "a view with a superuser's eyes, that takes rows",
    ],
)
def test_a_wall_that_does_not_hold_is_named(
    app: Flask, corner: Shop, rival: Shop, database: Database, broken: str, mended: str, leaking: set[str]
) -> None:
    put_in(corner)
    put_in(rival)
    with database.connect() as owner:
        owner.execute(broken.encode())
        try:
            result = app.test_cli_runner().invoke(args=["isolation", "check", "--json"])
        finally:
            owner.execute(mended.encode())

    leaks = json.loads(result.output)["leaks"]
    assert {leak["tried"] for leak in leaks} >= leaking
    assert result.exit_code == (1 if leaking else 0), leaks
