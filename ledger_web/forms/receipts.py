"""How a receipt is looked at and printed."""

import uuid

from ledger_web.domain.receipts import PAPERS
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import ChoiceField, IdField
from ledger_web.services.receipts import PrintReceipt


class ReceiptForm(QueryForm):
    """Which paper a receipt is shown on, and which print of it this is."""

    paper = ChoiceField("Paper", choices=PAPERS.items(), required=False)
    print = IdField("Print", required=False)


class PrintForm(LedgerForm):
    """The paper a receipt is printed on."""

    paper = ChoiceField("Paper", choices=PAPERS.items())

    def to_command(self, sale_id: uuid.UUID, *, may_copy: bool) -> PrintReceipt:
        return PrintReceipt(id=self.op_id.data, sale_id=sale_id, paper=self.paper.data, may_copy=may_copy)
