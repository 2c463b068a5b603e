"""Rules for the codes of scales: made and removed. A rule is never changed: codes read by it may be on the shelf."""

import uuid
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ledger_web.domain.currencies import exponent
from ledger_web.domain.errors import NotFoundError, RuleViolationError
from ledger_web.domain.languages import gettext
from ledger_web.domain.measures import MeasureRule, check_rule
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, violated_constraint, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateMeasureRule:
    """Read the codes of a prefix so."""

    rule: MeasureRule  # its position is given here


@dataclass(frozen=True, kw_only=True)
class RemoveMeasureRule:
    """Read the codes of a prefix no more."""

    op_id: uuid.UUID
    rule_id: uuid.UUID


@whole_act
def create_measure_rule(command: CreateMeasureRule, uow: UnitOfWork) -> Recorded:
    """Add a rule behind the others.

    Raises:
        RuleViolationError: The rule cannot be, or clashes with another or with the shop's own codes.
    """
    rule = command.rule
    with uow:
        if uow.is_resubmission(command, id=rule.id, subject_id=rule.id):
            return Recorded(rule.id, replayed=True)
        others = _rules(uow)
        currency = uow.execute("SELECT base_currency FROM tenants WHERE tenant_id = %(tenant_id)s").scalar_one()
        check_rule(rule, others, exponent(currency))
        try:
            _insert(uow, rule, 1 + max((other.position for other in others), default=0))
        except IntegrityError as error:
            if violated_constraint(error) == "measure_rules_prefix_key":
                raise RuleViolationError(
                    gettext("Somebody else just made a rule for %(prefix)s. Look at it.", prefix=rule.prefix)
                ) from error
            raise
        uow.audit("settings.add_scale_rule", holder=rule.id, after={"prefix": rule.prefix, "kind": rule.kind})
    return Recorded(rule.id)


@whole_act
def remove_measure_rule(command: RemoveMeasureRule, uow: UnitOfWork) -> Recorded:
    """Remove a rule.

    Raises:
        NotFoundError: The shop has no such rule, or not any more.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.rule_id):
            return Recorded(command.rule_id, replayed=True)
        removed = uow.execute(
            "DELETE FROM measure_rules WHERE tenant_id = %(tenant_id)s AND id = %(id)s RETURNING prefix",
            {"id": command.rule_id},
        ).first()
        if removed is None:
            raise NotFoundError("There is no such rule in this shop any more.")
        uow.audit("settings.remove_scale_rule", holder=command.rule_id, before={"prefix": removed.prefix})
    return Recorded(command.rule_id)


def _rules(uow: UnitOfWork) -> list[MeasureRule]:
    rows = uow.execute(
        """
        SELECT id, prefix, item_digits, value_digits, decimals, kind, has_value_check, position
          FROM measure_rules WHERE tenant_id = %(tenant_id)s
        """
    )
    return [MeasureRule(**row._mapping) for row in rows]


def _insert(uow: UnitOfWork, rule: MeasureRule, position: int) -> None:
    uow.execute(
        """
        INSERT INTO measure_rules (tenant_id, id, position, prefix, item_digits, value_digits, decimals, kind,
                                   has_value_check, created_at)
        VALUES (%(tenant_id)s, %(id)s, %(position)s, %(prefix)s, %(item_digits)s, %(value_digits)s, %(decimals)s,
                %(kind)s, %(has_value_check)s, now())
        """,
        {
            "id": rule.id,
            "position": position,
            "prefix": rule.prefix,
            "item_digits": rule.item_digits,
            "value_digits": rule.value_digits,
            "decimals": rule.decimals,
            "kind": rule.kind,
            "has_value_check": rule.has_value_check,
        },
    )
