"""Label templates of the shop's own, and its printers: made, changed, put away."""

import dataclasses
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.labels import Block, Paper, Printer, paper_troubles, write_blocks
from ledger_web.domain.languages import gettext
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act

TEMPLATES_MAX = 50  # of a shop, in use


@dataclass(frozen=True, kw_only=True)
class SaveTemplate:
    """Make a template, or change one: with `version`, that one must still be at it."""

    op_id: uuid.UUID
    template_id: uuid.UUID  # of a new one, op_id
    name: str
    paper: Paper
    blocks: tuple[Block, ...]
    version: int | None = None  # None: it is new


@dataclass(frozen=True, kw_only=True)
class SavePrinter:
    """Say how far a printer is off; with `version`, of one that is known already."""

    op_id: uuid.UUID
    printer_id: uuid.UUID
    name: str
    printer: Printer
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class PutAway:
    """Offer a template or a printer no more."""

    op_id: uuid.UUID
    id: uuid.UUID


@whole_act
def save_template(command: SaveTemplate, uow: UnitOfWork) -> Recorded:
    """Make a template, or change one.

    Raises:
        NotFoundError: The shop has no such template.
        ConflictError: Somebody else changed it meanwhile.
        RuleViolationError: Its labels do not lie on the page, it shows nothing, or its name is taken.
    """
    if troubles := paper_troubles(command.paper):
        raise RuleViolationError(" ".join(troubles))
    if not command.blocks:
        raise RuleViolationError("Put something on the label: give at least one block a line.")
    values = {"name": command.name, "blocks": json.dumps(write_blocks(command.blocks)), **_measures(command.paper)}
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.template_id):
            return Recorded(command.template_id, replayed=True)
        _save(uow, "label_templates", command.template_id, command.version, values, casts={"blocks": "::jsonb"})
        uow.audit("label.save_template", holder=command.template_id, after={"name": command.name})
    return Recorded(command.template_id)


@whole_act
def save_printer(command: SavePrinter, uow: UnitOfWork) -> Recorded:
    """Say how far a printer is off.

    Raises:
        NotFoundError: The shop has no such printer.
        ConflictError: Somebody else changed it meanwhile.
        RuleViolationError: Its name is taken.
    """
    values = {"name": command.name, **dataclasses.asdict(command.printer)}
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.printer_id):
            return Recorded(command.printer_id, replayed=True)
        _save(uow, "label_printers", command.printer_id, command.version, values)
        uow.audit("label.save_printer", holder=command.printer_id, after={"name": command.name})
    return Recorded(command.printer_id)


@whole_act
def put_template_away(command: PutAway, uow: UnitOfWork) -> Recorded:
    """Offer a template no more; labels printed with it can be printed again.

    Raises:
        NotFoundError: The shop has no such template in use.
    """
    return _put_away(uow, "label_templates", command, "label.archive_template")


@whole_act
def put_printer_away(command: PutAway, uow: UnitOfWork) -> Recorded:
    """Offer a printer no more.

    Raises:
        NotFoundError: The shop has no such printer in use.
    """
    return _put_away(uow, "label_printers", command, "label.archive_printer")


def _measures(paper: Paper) -> dict[str, Any]:
    return {
        "page_width": paper.page_width,
        "page_height": paper.page_height,
        "label_width": paper.label_width,
        "label_height": paper.label_height,
        "columns": paper.columns,
        "rows": paper.rows,
        "left_edge": paper.left,
        "top_edge": paper.top,
        "pitch_x": paper.pitch_x,
        "pitch_y": paper.pitch_y,
        "corner": paper.corner,
        "dpi": paper.dpi,
    }


# What may be written, by table; the names in the statements below come from here and nowhere else.
_NOUNS: Mapping[str, str] = {"label_templates": "template", "label_printers": "printer"}


def _save(
    uow: UnitOfWork,
    table: str,
    id: uuid.UUID,
    version: int | None,
    values: Mapping[str, Any],
    casts: Mapping[str, str] | None = None,
) -> None:
    noun, casts = _NOUNS[table], casts or {}
    try:
        if version is None:
            _check_count(uow, table)
            columns = ", ".join(values)
            marks = ", ".join(f"%({name})s{casts.get(name, '')}" for name in values)
            uow.execute(
                f"INSERT INTO {table} (tenant_id, id, {columns}) VALUES (%(tenant_id)s, %(id)s, {marks})",
                {"id": id, **values},
            )
            return
        changes = ", ".join(f"{name} = %({name})s{casts.get(name, '')}" for name in values)
        changed = uow.execute(
            f"UPDATE {table} SET version = version + 1, {changes}"
            " WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NULL AND version = %(version)s"
            " RETURNING id",
            {"id": id, "version": version, **values},
        ).first()
    except IntegrityError as error:
        if violated_constraint(error) == f"{table}_name_key":
            name = values["name"]
            raise RuleViolationError(
                gettext("Name: There is a %(noun)s called %(name)s already. Choose another name.", noun=noun, name=name)
            ) from error
        raise
    if changed is None:
        _check_exists(uow, table, id)
        raise ConflictError(
            gettext("Somebody else changed this %(noun)s meanwhile. Look at it again, then change it.", noun=noun)
        )


def _check_count(uow: UnitOfWork, table: str) -> None:
    found: int = uow.execute(
        f"SELECT count(*) FROM {table} WHERE tenant_id = %(tenant_id)s AND archived_at IS NULL"
    ).scalar_one()
    if found >= TEMPLATES_MAX:
        raise RuleViolationError(
            gettext(
                "A shop has at most %(templates_max)s %(nouns)ss. Put one away first.",
                templates_max=TEMPLATES_MAX,
                nouns=_NOUNS[table],
            )
        )


def _check_exists(uow: UnitOfWork, table: str, id: uuid.UUID) -> None:
    found = uow.execute(
        f"SELECT 1 FROM {table} WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND archived_at IS NULL",
        {"id": id},
    ).first()
    if found is None:
        raise NotFoundError(gettext("There is no such %(nouns)s in this shop.", nouns=_NOUNS[table]))


def _put_away(uow: UnitOfWork, table: str, command: PutAway, action: str) -> Recorded:
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.id):
            return Recorded(command.id, replayed=True)
        _check_exists(uow, table, command.id)
        uow.execute(
            f"UPDATE {table} SET archived_at = now() WHERE tenant_id = %(tenant_id)s AND id = %(id)s",
            {"id": command.id},
        )
        uow.audit(action, holder=command.id)
    return Recorded(command.id)
