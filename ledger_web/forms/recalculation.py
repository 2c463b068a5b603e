"""Asking for a recalculation, and for its next step."""

from typing import Any

from wtforms import Field

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import BooleanField, ChoiceField, IdField, WholeNumberField
from ledger_web.services.recalculation import CACHED_BALANCES, ContinueRecalculation, StartRecalculation

CHECK, REPAIR = "check", "repair"


class ModelsField(Field):
    """Boxes to tick, one per model: `data` is a tuple of models in the order they are worked off."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        ticked = {str(value) for value in valuelist}
        self.data = tuple(model for model in CACHED_BALANCES if model in ticked)
        if ticked - CACHED_BALANCES.keys():
            raise ValueError("Choose from what is in the list.")


class RecalculationForm(LedgerForm):
    """Which figures to prove, and whether to repair what is wrong. The number of the form becomes the run's."""

    all_models = BooleanField("Everything")
    models = ModelsField("What")
    mode = ChoiceField("Then", choices=[(CHECK, "Check"), (REPAIR, "Check and repair")])
    force = BooleanField("I have looked at the list, and the entries are right")

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        if is_valid and not self.chosen:
            self.models.errors = [*self.models.errors, gettext("Choose at least one.")]
            return False
        return is_valid

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(CACHED_BALANCES) if self.all_models.data else tuple(self.models.data or ())

    def to_command(self) -> StartRecalculation:
        return StartRecalculation(
            id=self.op_id.data, models=self.chosen, fix=self.mode.data == REPAIR, force=bool(self.force.data)
        )


class ExplanationForm(QueryForm):
    """Up to which transaction an account is to be told."""

    until = IdField("Until")


class StepForm(LedgerForm):
    """The next step of a run; `step` says how many were taken when the form was made, so none is taken twice."""

    step = WholeNumberField("Step")

    def to_command(self, run_id: Any) -> ContinueRecalculation:
        return ContinueRecalculation(run_id=run_id, step=self.step.data)
