"""A picture that is chosen, and the word that it shall go."""

import uuid
from typing import Any

from wtforms import FileField, ValidationError

from ledger_web.domain.languages import gettext
from ledger_web.forms.base import LedgerForm
from ledger_web.services.product_pictures import RemovePicture, SetPicture


class PictureForm(LedgerForm):
    """The file; what is in it is for the service to see."""

    picture = FileField("Picture", render_kw={"accept": "image/jpeg,image/png,image/webp,image/gif", "required": True})

    def validate_picture(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(gettext("Picture: Choose a JPEG, PNG, WebP or GIF file."))

    def to_command(self, product_id: uuid.UUID) -> SetPicture:
        upload: Any = self.picture.data
        with upload.stream as content:
            return SetPicture(op_id=self.op_id.data, product_id=product_id, content=content.read())


class PictureRemovalForm(LedgerForm):
    """No picture any more."""

    def to_command(self, product_id: uuid.UUID) -> RemovePicture:
        return RemovePicture(op_id=self.op_id.data, product_id=product_id)
