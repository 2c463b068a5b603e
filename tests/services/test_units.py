"""Units of a product: made, changed, archived; their codes; every refusal."""

import uuid
from fractions import Fraction

import pytest
from sqlalchemy.exc import ProgrammingError

from ledger_web.domain.barcodes import read_barcode
from ledger_web.domain.errors import (
    DuplicateBarcodeError,
    NotFoundError,
    ResubmissionError,
    RuleViolationError,
    StaleEditError,
)
from ledger_web.domain.ids import new_id
from ledger_web.queries.scans import PRODUCT, resolve
from ledger_web.queries.units import UnitRow, list_units
from ledger_web.services.barcodes import AddBarcode, add_barcode
from ledger_web.services.units import ArchiveUnit, CreateUnit, EditUnit, archive_unit, create_unit, edit_unit
from tests.shops import Shop, add_product

BOTTLE = read_barcode("5449000000996")
CRATE = read_barcode("3057640257773")


def crate(shop: Shop, product_id: uuid.UUID, **said: object) -> uuid.UUID:
    known = {"id": new_id(), "product_id": product_id, "name": "crate", "factor_numerator": 12}
    return create_unit(CreateUnit(**known | said), shop.act()).id  # type: ignore[arg-type]


def edit(shop: Shop, unit: UnitRow, **changed: object) -> None:
    said = {name: getattr(unit, name) for name in ("version", "name", "is_sold", "is_bought")}
    said |= {"op_id": new_id(), "product_id": unit.product_id, "unit_id": unit.id, "unit_price": unit.own_price}
    edit_unit(EditUnit(**said | changed), shop.act())


def archive(shop: Shop, product_id: uuid.UUID, unit_id: uuid.UUID, *, archived: bool = True) -> None:
    archive_unit(ArchiveUnit(op_id=new_id(), product_id=product_id, unit_id=unit_id, archived=archived), shop.act())


def test_a_crate_of_twelve_has_its_own_price_and_code(shop: Shop) -> None:
    cola = add_product(shop, "Cola", price=100_00)

    made = crate(shop, cola, unit_price=1_100_00, barcodes=(CRATE,))
    half = crate(shop, cola, name="half crate", factor_numerator=12, factor_denominator=2)

    units = list_units(shop.tenant_id, cola)
    assert [(unit.id, unit.factor, unit.unit_price, unit.codes) for unit in units] == [
        (half, Fraction(6), 600_00, ()),
        (made, Fraction(12), 1_100_00, (CRATE.code,)),
    ]


def test_a_scanned_pack_code_says_the_pack_and_a_piece_code_the_piece(shop: Shop) -> None:
    cola = add_product(shop, "Cola", price=100_00)
    made = crate(shop, cola, barcodes=(CRATE,), is_bought=False)
    add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=BOTTLE), shop.act())

    packed, piece = (resolve(shop.tenant_id, code.code) for code in (CRATE, BOTTLE))

    assert packed.kind == PRODUCT
    assert packed.unit
    assert packed.product
    assert (packed.product.id, packed.unit.id, packed.unit.factor, packed.unit.unit_price) == (
        cola,
        made,
        Fraction(12),
        1_200_00,
    )
    assert (packed.unit.is_sold, packed.unit.is_bought) == (True, False)
    assert piece.unit is None


def test_a_code_can_be_given_to_a_pack_later(shop: Shop) -> None:
    cola, tea = add_product(shop, "Cola"), add_product(shop, "Tea")
    made = crate(shop, cola)

    add_barcode(AddBarcode(op_id=new_id(), product_id=cola, barcode=CRATE, unit_id=made), shop.act())

    assert list_units(shop.tenant_id, cola)[0].codes == (CRATE.code,)
    with pytest.raises(NotFoundError):
        add_barcode(AddBarcode(op_id=new_id(), product_id=tea, barcode=BOTTLE, unit_id=made), shop.act())
    with pytest.raises(DuplicateBarcodeError, match="Cola"):
        crate(shop, tea, barcodes=(CRATE,))


def test_a_factor_is_never_changed_by_anybody(shop: Shop) -> None:
    made = crate(shop, add_product(shop))

    with pytest.raises(ProgrammingError, match="permission denied"), shop.act() as uow:
        uow.execute(
            "UPDATE product_units SET factor_numerator = 6 WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": made},
        )


def test_an_edit_of_what_someone_else_changed_overwrites_nothing(shop: Shop) -> None:
    cola = add_product(shop, "Cola", price=100_00)
    crate(shop, cola)
    (shown,) = list_units(shop.tenant_id, cola)

    edit(shop, shown, unit_price=1_150_00, name="case")
    with pytest.raises(StaleEditError):
        edit(shop, shown, unit_price=1)

    (unit,) = list_units(shop.tenant_id, cola)
    assert (unit.name, unit.unit_price, unit.version) == ("case", 1_150_00, 2)


def test_an_archived_pack_keeps_its_code_and_says_so_when_scanned(shop: Shop) -> None:
    cola = add_product(shop, "Cola")
    made = crate(shop, cola, barcodes=(CRATE,))

    archive(shop, cola, made)

    assert list_units(shop.tenant_id, cola) == []
    assert [unit.id for unit in list_units(shop.tenant_id, cola, archived=True)] == [made]
    with pytest.raises(RuleViolationError, match="crate of Cola"):
        resolve(shop.tenant_id, CRATE.code)
    archive(shop, cola, made, archived=False)
    assert resolve(shop.tenant_id, CRATE.code).kind == PRODUCT


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"factor_numerator": 0}, "how many pcs"),
        ({"factor_numerator": 1, "factor_denominator": 3}, "six decimals"),
        ({"name": "PCS"}, "counted in"),
        ({"name": "box"}, "called box already"),
    ],
)
def test_what_cannot_be_a_unit_is_refused_and_nothing_is_kept(shop: Shop, said: dict[str, object], says: str) -> None:
    cola = add_product(shop, "Cola")
    crate(shop, cola, name="box")

    with pytest.raises(RuleViolationError, match=says):
        crate(shop, cola, barcodes=(CRATE,), **said)

    assert [unit.name for unit in list_units(shop.tenant_id, cola)] == ["box"]
    assert resolve(shop.tenant_id, CRATE.code).product is None


def test_a_product_has_at_most_twenty_units_in_use(shop: Shop) -> None:
    cola = add_product(shop, "Cola")
    made = [crate(shop, cola, name=f"box {number}", factor_numerator=number) for number in range(2, 22)]

    with pytest.raises(RuleViolationError, match="at most 20 units"):
        crate(shop, cola)

    archive(shop, cola, made[0])
    crate(shop, cola)
    with pytest.raises(RuleViolationError, match="at most 20 units"):
        archive(shop, cola, made[0], archived=False)


def test_sending_twice_makes_one_and_another_meaning_is_refused(shop: Shop) -> None:
    cola, id = add_product(shop, "Cola"), new_id()

    assert crate(shop, cola, id=id) == crate(shop, cola, id=id)

    assert len(list_units(shop.tenant_id, cola)) == 1
    with pytest.raises(ResubmissionError):
        crate(shop, cola, id=id, factor_numerator=24)


def test_a_rival_has_no_such_product_and_no_such_unit(shop: Shop, rival: Shop) -> None:
    cola, theirs = add_product(shop, "Cola"), add_product(rival, "Cola")
    made = crate(shop, cola)

    with pytest.raises(NotFoundError):
        crate(rival, cola)
    with pytest.raises(NotFoundError):
        archive(rival, theirs, made)
    assert list_units(rival.tenant_id, cola) == []
    assert list_units(shop.tenant_id, cola)[0].archived_at is None
