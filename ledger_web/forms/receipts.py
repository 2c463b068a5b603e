"""How a receipt is looked at and printed."""

import uuid

from ledger_web.domain.receipts import PAPERS
from ledger_web.forms.base import LedgerForm, QueryForm
from ledger_web.forms.fields import BooleanField, ChoiceField, IdField
from ledger_web.forms.mail import MailAddressForm
from ledger_web.services.mailing import ShopsMail
from ledger_web.services.receipts import PrintReceipt


class ReceiptForm(QueryForm):
    """Which paper a receipt is shown on, and which print of it this is."""

    paper = ChoiceField("Paper", choices=PAPERS.items(), required=False)
    print = IdField("Print", required=False)


class MailForm(MailAddressForm):
    """Where a receipt is sent."""

    def to_command(self, sale_id: uuid.UUID, mail: ShopsMail, *, may_copy: bool) -> PrintReceipt:
        return PrintReceipt(id=self.op_id.data, sale_id=sale_id, paper="mail", may_copy=may_copy, mail=mail)


class PdfForm(QueryForm):
    """Which print of a receipt is made a file, and of which size."""

    paper = ChoiceField("Paper", choices=PAPERS.items())
    print = IdField("Print")


class PrintForm(LedgerForm):
    """The paper a receipt is printed on, or the size of its PDF."""

    paper = ChoiceField("Paper", choices=PAPERS.items())
    as_pdf = BooleanField("PDF")

    def to_command(self, sale_id: uuid.UUID, *, may_copy: bool) -> PrintReceipt:
        paper = "pdf" if self.as_pdf.data else self.paper.data
        return PrintReceipt(id=self.op_id.data, sale_id=sale_id, paper=paper, may_copy=may_copy)
