"""What is typed about a category of products."""

import uuid

from ledger_web.domain.products import CATEGORY_MAX
from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import TextField
from ledger_web.services.categories import DeleteCategory, RenameCategory


class CategoryForm(LedgerForm):
    """A category that is renamed."""

    name = TextField("Name", max_length=CATEGORY_MAX)

    def to_command(self, category_id: uuid.UUID) -> RenameCategory:
        return RenameCategory(op_id=self.op_id.data, category_id=category_id, name=self.name.data)


class CategoryDeletionForm(LedgerForm):
    """A category that goes."""

    def to_command(self, category_id: uuid.UUID) -> DeleteCategory:
        return DeleteCategory(op_id=self.op_id.data, category_id=category_id)
