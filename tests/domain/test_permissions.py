import re

import pytest

from ledger_web.domain import permissions
from ledger_web.domain.permissions import ALL, BUILT_IN_ROLES, describe


def test_each_role_may_do_all_that_the_next_one_may() -> None:
    assert BUILT_IN_ROLES["owner"] > BUILT_IN_ROLES["manager"] > BUILT_IN_ROLES["cashier"]


def test_the_owner_may_do_everything_there_is() -> None:
    assert BUILT_IN_ROLES["owner"] == ALL


def test_a_cashier_sells_but_neither_deletes_nor_sees_costs() -> None:
    cashier = BUILT_IN_ROLES["cashier"]

    assert {"sale.create", "payment.create", "product.view"} <= cashier
    assert cashier.isdisjoint({"sale.delete", "sale.change_price", "product.cost", "settings.edit", "drawer.move"})


def test_only_the_owner_manages_people_settings_and_repairs() -> None:
    assert BUILT_IN_ROLES["owner"] - BUILT_IN_ROLES["manager"] == {
        "journal.override_lock",
        "recalculation.run",
        "settings.edit",
        "user.manage",
    }


@pytest.mark.parametrize("permission", sorted(ALL))
def test_every_right_has_a_name_and_a_sentence(permission: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", permission)
    assert re.fullmatch(r"[A-Z][^.]+\.", describe(permission))


def test_every_constant_is_a_right_that_is_described() -> None:
    constants = {value for name, value in vars(permissions).items() if name.isupper() and isinstance(value, str)}

    assert constants == ALL


def test_a_right_that_does_not_exist_has_no_description() -> None:
    with pytest.raises(KeyError):
        describe("sale.everything")


def test_roles_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        BUILT_IN_ROLES["cashier"] = ALL  # type: ignore[index]
