"""The shop's rules for the codes of its scales, and what they read in a sample."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.barcodes import normalise
from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.measures import Measured, MeasureRule, read_measure
from ledger_web.models.base import session_of


@dataclass(frozen=True, slots=True)
class SampleReading:
    """How one rule reads a sample: what it finds, or why it refuses."""

    rule: MeasureRule
    measured: Measured | None
    trouble: str = ""


def list_measure_rules(tenant_id: int) -> list[MeasureRule]:
    """Return the rules in the order in which they are tried."""
    rows = session_of(tenant_id).execute(
        text("""
            SELECT r.id, r.prefix, r.item_digits, r.value_digits, r.decimals, r.kind, r.has_value_check, r.position
              FROM measure_rules AS r
             WHERE r.tenant_id = :tenant_id
             ORDER BY r.position, r.id
        """),
        {"tenant_id": tenant_id},
    )
    return [MeasureRule(**row._mapping) for row in rows]


def read_sample(rules: Sequence[MeasureRule], sample: str) -> list[SampleReading]:
    """Return what the rules that are about the sample make of it; none if no rule is."""
    readings = []
    for rule in rules:
        try:
            measured = read_measure(rule, normalise(sample))
        except RuleViolationError as refusal:
            readings.append(SampleReading(rule, None, refusal.message))
        else:
            if measured:
                readings.append(SampleReading(rule, measured))
    return readings
