"""A role: its name, boxes to tick for rights, and a field for each limit there is."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from wtforms import Field, widgets

from ledger_web.domain.ids import parse_id
from ledger_web.domain.permissions import ALL, LIMITS, Limit
from ledger_web.forms.base import LedgerForm, VersionedForm
from ledger_web.forms.fields import BooleanField, MoneyField, PercentField, TextField, WholeNumberField
from ledger_web.services.roles import CreateRole, DeleteRole, EditRole

# The field of each limit: "sale.discount" is typed into limit_sale_discount.
FIELD_OF: Final = MappingProxyType({name: f"limit_{name.replace('.', '_')}" for name in LIMITS})
_KINDS: Final[Mapping[str, Any]] = MappingProxyType(
    {"percent": PercentField, "money": MoneyField, "minutes": WholeNumberField}
)


class RightsField(Field):
    """Boxes to tick, one per right: `data` is a tuple of rights in order."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        ticked = {str(value) for value in valuelist}
        self.data = tuple(sorted(ALL & ticked))
        if ticked - ALL:
            raise ValueError("Rights: Choose from what is in the list.")


class DrawersField(Field):
    """Boxes to tick, one per drawer: `data` is a tuple of ids in order. None ticked is all drawers there are."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        read = {parse_id(str(value)) for value in valuelist}
        self.data = tuple(sorted(id for id in read if id))
        if None in read:
            raise ValueError("Drawers: Choose from what is in the list.")


class RoleForm(VersionedForm):
    """What a role allows. A limit left empty is no limit."""

    version = WholeNumberField("Version", required=False, widget=widgets.HiddenInput())  # a new role has none
    name = TextField("Name", max_length=60, identifier=True)
    rights = RightsField("Rights")
    own_records = BooleanField("Only their own sales, returns and payments")
    drawers = DrawersField("Drawers")

    @classmethod
    def of(
        cls,
        name: str,
        rights: frozenset[str],
        limits: Mapping[str, Decimal | None],
        version: int,
        *,
        own_records: bool = False,
        drawer_ids: frozenset[uuid.UUID] = frozenset(),
    ) -> "RoleForm":
        """Make the form of a role as it is."""
        data: dict[str, Any] = {"name": name, "rights": tuple(sorted(rights)), "version": version}
        data |= {"own_records": own_records, "drawers": tuple(sorted(drawer_ids))}
        for each, limit in limits.items():
            is_whole = LIMITS[each].unit != "percent"
            data[FIELD_OF[each]] = int(limit) if limit is not None and is_whole else limit
        return cls(data=data)

    @property
    def limits(self) -> dict[str, Decimal | None]:
        typed = {name: self[field].data for name, field in FIELD_OF.items()}
        return {name: None if value is None else Decimal(value) for name, value in typed.items()}

    def to_creation(self) -> CreateRole:
        return CreateRole(
            id=self.op_id.data,
            name=self.name.data,
            rights=self.rights.data or (),
            limits=self.limits,
            own_records=self.own_records.data,
            drawer_ids=self.drawers.data or (),
        )

    def to_edit(self, role_id: uuid.UUID) -> EditRole:
        return EditRole(
            op_id=self.op_id.data,
            role_id=role_id,
            version=self.version.data or 0,
            name=self.name.data,
            rights=self.rights.data or (),
            limits=self.limits,
            own_records=self.own_records.data,
            drawer_ids=self.drawers.data or (),
        )


class RoleActForm(LedgerForm):
    """A button on the page of a role."""

    def to_delete(self, role_id: uuid.UUID) -> DeleteRole:
        return DeleteRole(op_id=self.op_id.data, role_id=role_id)


def _field_of(limit: Limit) -> Any:
    return _KINDS[limit.unit](limit.label, required=False)


for _name, _limit in LIMITS.items():
    setattr(RoleForm, FIELD_OF[_name], _field_of(_limit))
