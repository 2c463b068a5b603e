"""A file of products that is chosen, and the word that it shall be imported."""

import uuid
from typing import Any

from wtforms import FileField, ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.domain.products import STOCK_POLICIES
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import BooleanField, ChoiceField, TextField, WholeNumberField
from ledger_web.services.product_imports import CarryOutImport, ContinueCheck, UploadProducts

FILE_NAME_MAX = 200


class UploadForm(LedgerForm):
    """The file, and what new products do when there is not enough of them."""

    file = FileField("File", render_kw={"accept": ".csv,.xlsx,.txt,.tsv,text/csv,text/plain", "required": True})
    stock_policy = ChoiceField("When there is not enough of a new product", choices=STOCK_POLICIES.items())

    def validate_file(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(gettext("File: Choose a CSV or XLSX file."))

    def to_command(self) -> UploadProducts:
        upload: Any = self.file.data
        with upload.stream as content:
            return UploadProducts(
                op_id=self.op_id.data,
                file_name=_shown(upload.filename),
                content=content.read(),
                stock_policy=self.stock_policy.data,
            )


class ImportForm(LedgerForm):
    """The dry run that was looked at."""

    digest = TextField("Dry run", max_length=64)
    is_free = BooleanField("They cost nothing for now")

    def to_command(self, import_id: uuid.UUID) -> CarryOutImport:
        return CarryOutImport(
            id=self.op_id.data, import_id=import_id, digest=self.digest.data, is_free=self.is_free.data
        )


class CheckForm(LedgerForm):
    """Another look at a file."""


class StepForm(LedgerForm):
    """The next rows of a file, by how many were checked when it was shown."""

    seen = WholeNumberField("Rows", minimum=0)

    def to_command(self, import_id: uuid.UUID) -> ContinueCheck:
        return ContinueCheck(import_id=import_id, seen=self.seen.data)


def _shown(file_name: str) -> str:
    """Return what may be shown of a file's name: it is never opened by it."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:FILE_NAME_MAX] or "file"
