import re
from decimal import Decimal

import pytest

from ledger_web.domain import permissions
from ledger_web.domain.permissions import ALL, BUILT_IN_ROLES, LIMITS, OPERATORS, describe, limits_of, rights_of


def test_each_role_may_do_all_that_the_next_one_may() -> None:
    assert BUILT_IN_ROLES["owner"] > BUILT_IN_ROLES["manager"] > BUILT_IN_ROLES["cashier"]


def test_the_owner_may_do_everything_there_is() -> None:
    assert BUILT_IN_ROLES["owner"] == ALL


def test_a_cashier_sells_but_neither_deletes_nor_sees_costs() -> None:
    cashier = BUILT_IN_ROLES["cashier"]

    assert {"sale.create", "payment.create", "product.view"} <= cashier
    assert cashier.isdisjoint({"sale.delete", "sale.change_price", "product.cost", "settings.edit", "drawer.move"})


def test_only_the_owner_manages_people_roles_settings_and_repairs_and_reads_the_audit() -> None:
    assert BUILT_IN_ROLES["owner"] - BUILT_IN_ROLES["manager"] == {
        "journal.override_lock",
        "recalculation.run",
        "role.edit",
        "audit.view",
        "settings.edit",
        "user.manage",
        "shop.export",
        "domain.manage",
    }


@pytest.mark.parametrize("permission", sorted(ALL))
def test_every_right_has_a_name_and_a_sentence(permission: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", permission)
    assert re.fullmatch(r"[A-Z][^.]+\.", describe(permission))


def test_every_constant_is_a_right_that_is_described() -> None:
    constants = {value for name, value in vars(permissions).items() if name.isupper() and isinstance(value, str)}

    assert constants == ALL | OPERATORS


def test_a_right_that_does_not_exist_has_no_description() -> None:
    with pytest.raises(KeyError):
        describe("sale.everything")


def test_roles_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        BUILT_IN_ROLES["cashier"] = ALL  # type: ignore[index]


def test_a_built_in_role_has_the_rights_of_today_whatever_was_copied_when_the_shop_was_opened() -> None:
    assert rights_of("manager", ["sale.view"]) == BUILT_IN_ROLES["manager"]
    assert rights_of(None, ["sale.view", "no.such_right"]) == {"sale.view"}


def test_the_owner_has_no_limits_the_manager_wide_ones_and_the_cashier_narrow_ones() -> None:
    owner, manager, cashier = (limits_of(role, {}) for role in ("owner", "manager", "cashier"))

    assert set(owner.values()) == {None}
    for name, limit in LIMITS.items():
        narrow, wide = cashier[name], manager[name]
        assert 0 <= (narrow or 0) < (wide or 0), name
        assert limit.unit in {"percent", "money", "minutes"}


def test_a_role_of_the_shops_own_has_the_limits_it_says_and_else_the_narrow_ones() -> None:
    limits = limits_of(None, {"sale.discount": "12.5", "sale.refund": None, "sale.price_cut": "nonsense"})

    assert limits["sale.discount"] == Decimal("12.5")
    assert limits["sale.refund"] is None
    assert limits["sale.price_cut"] == LIMITS["sale.price_cut"].cashier
    assert limits["sale.void_minutes"] == LIMITS["sale.void_minutes"].cashier
