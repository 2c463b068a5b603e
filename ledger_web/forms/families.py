"""What is typed about variants: options with their values, and prices in the grid."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from wtforms import ValidationError

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.ids import parse_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.products import read_list
from ledger_web.domain.variants import OPTION_MAX, VALUE_MAX, VARIANTS_MAX, Option
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import BooleanField, MoneyField, TextField
from ledger_web.forms.products import VersionedForm
from ledger_web.services.families import AddOption, AddVariants, CreateFamily, PriceVariants

PRICE: Final = "price_"


class ValuesField(TextField):
    """Values of an option, with commas between them: `data` is a tuple without repetition."""

    def __init__(self, label: str | None = None, **options: Any) -> None:
        super().__init__(label, max_length=VARIANTS_MAX * (VALUE_MAX + 2), **options)

    @property
    def empty(self) -> Any:
        return ()

    def parse(self, text: str) -> Any:
        values = read_list(super().parse(text))
        if any(len(value) > VALUE_MAX for value in values):
            raise RuleViolationError(
                gettext("A value has at most %(value_max)s characters. Put commas between them.", value_max=VALUE_MAX)
            )
        return values

    def write(self, value: Any) -> str:
        return ", ".join(value)


class NewFamilyForm(LedgerForm):
    """Up to three options to begin with; more can be added later."""

    name_1 = TextField("First option", max_length=OPTION_MAX)
    values_1 = ValuesField("Its values")
    name_2 = TextField("Second option", required=False, max_length=OPTION_MAX)
    values_2 = ValuesField("Its values", required=False)
    name_3 = TextField("Third option", required=False, max_length=OPTION_MAX)
    values_3 = ValuesField("Its values", required=False)

    def to_command(self, product_id: uuid.UUID) -> CreateFamily:
        pairs = [(self[f"name_{n}"].data, self[f"values_{n}"].data) for n in (1, 2, 3)]
        options = tuple(Option(name, values) for name, values in pairs if name or values)
        return CreateFamily(id=self.op_id.data, product_id=product_id, options=options)


class VariantsForm(VersionedForm):
    """The values of each option, those that are there and new ones. Fields of options: see `of`."""

    def to_command(self, family_id: uuid.UUID, names: Sequence[str]) -> AddVariants:
        options = tuple(Option(name, self[f"values_{place}"].data) for place, name in enumerate(names))
        return AddVariants(op_id=self.op_id.data, family_id=family_id, version=self.version.data, options=options)

    @classmethod
    def of(cls, options: Sequence[Option], version: int, sent: Any = None) -> "VariantsForm":
        """Make the form of a family: one field for each of its options."""
        fields: dict[str, Any] = {f"values_{place}": ValuesField(option.name) for place, option in enumerate(options)}
        data = {f"values_{place}": option.values for place, option in enumerate(options)}
        made: type[VariantsForm] = type(cls.__name__, (cls,), fields)
        return made(sent, data=data | {"version": version})


class OptionForm(VersionedForm):
    """An option that is added."""

    name = TextField("Another option", max_length=OPTION_MAX)
    value = TextField("Those that are there are", max_length=VALUE_MAX)

    def to_command(self, family_id: uuid.UUID) -> AddOption:
        return AddOption(
            op_id=self.op_id.data,
            family_id=family_id,
            version=self.version.data,
            name=self.name.data,
            value=self.value.data,
        )


class VariantPricesForm(LedgerForm):
    """A price for each variant. Fields of variants: see `of`."""

    reason = TextField("Why", max_length=200)
    is_free = BooleanField("Those at 0 cost nothing")

    def validate_is_free(self, field: BooleanField) -> None:
        """A price that becomes nothing is only taken from somebody who says that it is meant."""
        now_free = [each for each in self if each.name.startswith(PRICE) and each.data == 0 != each.object_data]
        if now_free and not field.data:
            raise ValidationError(
                gettext(
                    "%(price)s: 0 gives it away. Enter a price, or tick “%(is_free)s”.",
                    price=now_free[0].label.text,
                    is_free=field.label.text,
                )
            )

    def to_command(self, family_id: uuid.UUID) -> PriceVariants:
        prices = tuple(
            (id, field.data)
            for field in self
            if (id := parse_id(field.name.removeprefix(PRICE))) and field.name.startswith(PRICE)
        )
        return PriceVariants(op_id=self.op_id.data, family_id=family_id, prices=prices, reason=self.reason.data)

    @classmethod
    def of(cls, variants: Sequence[tuple[uuid.UUID, str, int]], sent: Any = None) -> "VariantPricesForm":
        """Make the form of variants: (product, what it is called, its price)."""
        fields: dict[str, Any] = {f"{PRICE}{id}": MoneyField(name) for id, name, _ in variants}
        data = {f"{PRICE}{id}": price for id, _, price in variants}
        made: type[VariantPricesForm] = type(cls.__name__, (cls,), fields)
        return made(sent, data=data)
