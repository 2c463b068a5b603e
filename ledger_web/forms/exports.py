"""Buttons that ask for the whole shop as a file."""

import uuid

from ledger_web.forms.base import LedgerForm
from ledger_web.services.shop_exports import ContinueExport, StartExport


class ExportForm(LedgerForm):
    """Write the file; or go on where the writing was interrupted."""

    def to_start(self) -> StartExport:
        return StartExport(id=self.op_id.data)

    def to_continue(self, export_id: uuid.UUID) -> ContinueExport:
        return ContinueExport(op_id=self.op_id.data, export_id=export_id)
