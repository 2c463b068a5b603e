"""Tax classes: made, changed, archived; and whether the shop's prices contain tax."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.languages import gettext
from ledger_web.domain.taxes import TaxRate, total_percent
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateTaxClass:
    """Tax products of one kind by these rates."""

    id: uuid.UUID
    name: str
    rates: tuple[TaxRate, ...]


@dataclass(frozen=True, kw_only=True)
class EditTaxClass:
    """Change name and rates of a class, as it was when its version was shown. What was sold keeps its tax."""

    op_id: uuid.UUID
    tax_class_id: uuid.UUID
    version: int
    name: str
    rates: tuple[TaxRate, ...]


@dataclass(frozen=True, kw_only=True)
class ArchiveTaxClass:
    """Offer a class no more, or with `archived` False again."""

    op_id: uuid.UUID
    tax_class_id: uuid.UUID
    archived: bool


@dataclass(frozen=True, kw_only=True)
class SetTaxSettings:
    """Say whether prices contain tax, and what the smallest cash is."""

    op_id: uuid.UUID
    prices_include_tax: bool
    cash_step: int | None  # minor units of the base currency; None: the currency's own


@whole_act
def create_tax_class(command: CreateTaxClass, uow: UnitOfWork) -> Recorded:
    """Add a class.

    Raises:
        RuleViolationError: Another has the name, or its rates cannot be.
    """
    total_percent(command.rates)
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        with _name_taken(command.name):
            uow.execute(
                "INSERT INTO tax_classes (tenant_id, id, name) VALUES (%(tenant_id)s, %(id)s, %(name)s)",
                {"id": command.id, "name": command.name},
            )
        _write_rates(uow, command.id, command.rates)
        uow.audit("tax_class.create", holder=command.id, after=_said(command.name, command.rates))
    return Recorded(command.id)


@whole_act
def edit_tax_class(command: EditTaxClass, uow: UnitOfWork) -> Recorded:
    """Change a class, and what its products are taxed by from now on.

    Raises:
        NotFoundError: The shop has no such class.
        StaleEditError: Its version is another by now.
        RuleViolationError: Another has the name, or its rates cannot be.
    """
    total = total_percent(command.rates)
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.tax_class_id):
            return Recorded(command.tax_class_id, replayed=True)
        before = _lock(uow, command.tax_class_id)
        if before.version != command.version:
            raise StaleEditError
        old = _rates(uow, command.tax_class_id)
        with _name_taken(command.name):
            uow.execute(
                """
                UPDATE tax_classes SET name = %(name)s, version = version + 1
                 WHERE tenant_id = %(tenant_id)s AND id = %(id)s
                """,
                {"id": command.tax_class_id, "name": command.name},
            )
        _write_rates(uow, command.tax_class_id, command.rates)
        _tax_products(uow, command.tax_class_id, total)
        uow.audit(
            "tax_class.edit",
            holder=command.tax_class_id,
            before=_said(before.name, old),
            after=_said(command.name, command.rates),
        )
    return Recorded(command.tax_class_id)


@whole_act
def archive_tax_class(command: ArchiveTaxClass, uow: UnitOfWork) -> Recorded:
    """Offer a class no more, or again. Products that have it keep it.

    Raises:
        NotFoundError: The shop has no such class.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.tax_class_id):
            return Recorded(command.tax_class_id, replayed=True)
        before = _lock(uow, command.tax_class_id)
        uow.execute(
            """
            UPDATE tax_classes
               SET archived_at = CASE WHEN %(archived)s THEN coalesce(archived_at, now()) END, version = version + 1
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s
            """,
            {"id": command.tax_class_id, "archived": command.archived},
        )
        uow.audit(
            "tax_class.archive",
            holder=command.tax_class_id,
            before={"archived": before.archived_at is not None},
            after={"archived": command.archived},
        )
    return Recorded(command.tax_class_id)


@whole_act
def set_tax_settings(command: SetTaxSettings, uow: UnitOfWork) -> Recorded:
    """Change how prices are meant and cash is rounded, from the next sale on.

    Raises:
        RuleViolationError: A step that no coin has.
    """
    if command.cash_step is not None and not 1 <= command.cash_step <= 100_000:
        raise RuleViolationError("The smallest cash is an amount above zero, like 0.05. Leave it empty for none.")
    with uow:
        if uow.is_resubmission(command, id=command.op_id):
            return Recorded(command.op_id, replayed=True)
        before = uow.execute(
            "SELECT prices_include_tax, cash_step FROM tenants WHERE tenant_id = %(tenant_id)s FOR NO KEY UPDATE"
        ).one()
        after = {"prices_include_tax": command.prices_include_tax, "cash_step": command.cash_step}
        uow.execute(
            """
            UPDATE tenants SET prices_include_tax = %(prices_include_tax)s, cash_step = %(cash_step)s
             WHERE tenant_id = %(tenant_id)s
            """,
            after,
        )
        uow.audit("settings.taxes", before=dict(before._mapping), after=after)
    return Recorded(command.op_id)


def _lock(uow: UnitOfWork, tax_class_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT name, version, archived_at FROM tax_classes
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": tax_class_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such tax class in this shop.")
    return row


def _rates(uow: UnitOfWork, tax_class_id: uuid.UUID) -> list[TaxRate]:
    rows = uow.execute(
        """
        SELECT name, percent, is_compound FROM tax_rates
         WHERE tenant_id = %(tenant_id)s AND tax_class_id = %(id)s
         ORDER BY position
        """,
        {"id": tax_class_id},
    )
    return [TaxRate(row.name, row.percent, row.is_compound) for row in rows]


def _write_rates(uow: UnitOfWork, tax_class_id: uuid.UUID, rates: Sequence[TaxRate]) -> None:
    uow.execute("DELETE FROM tax_rates WHERE tenant_id = %(tenant_id)s AND tax_class_id = %(id)s", {"id": tax_class_id})
    uow.execute(
        """
        INSERT INTO tax_rates AS r (tenant_id, tax_class_id, position, name, percent, is_compound)
        SELECT c.tenant_id, c.id, n.position, n.name, n.percent, n.is_compound
          FROM tax_classes AS c
         CROSS JOIN unnest(%(names)s::text[], %(percents)s::numeric[], %(compounds)s::boolean[])
               WITH ORDINALITY AS n(name, percent, is_compound, position)
         WHERE c.tenant_id = %(tenant_id)s AND c.id = %(id)s
        """,
        {
            "id": tax_class_id,
            "names": [rate.name for rate in rates],
            "percents": [rate.percent for rate in rates],
            "compounds": [rate.is_compound for rate in rates],
        },
    )


def _tax_products(uow: UnitOfWork, tax_class_id: uuid.UUID, total: Decimal) -> None:
    uow.execute(
        """
        UPDATE products SET tax_percent = %(total)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND tax_class_id = %(id)s AND tax_percent <> %(total)s
        """,
        {"id": tax_class_id, "total": total},
    )


@contextmanager
def _name_taken(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "tax_classes_name_key":
            raise RuleViolationError(
                gettext("Another tax class is called %(name)s. Give this one another name.", name=name)
            ) from error
        raise


def _said(name: str, rates: Sequence[TaxRate]) -> dict[str, object]:
    told = [f"{rate.name} {rate.percent:f} %{' on top' if rate.is_compound else ''}" for rate in rates]
    return {"name": name, "rates": ", ".join(told)}
