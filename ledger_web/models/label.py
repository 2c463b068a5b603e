"""Labels: what waits to be printed, what was printed, on which paper and by which printer."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ledger_web.models.base import Base
from ledger_web.models.columns import Key, MadeAt, Moment, TenantKey


class QueuedLabel(Base):
    """A product or a pack of it whose label one person is about to print, and how often."""

    __tablename__ = "label_queue"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID]
    product_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]  # None: the base unit
    copies: Mapped[int]
    queued_at: Mapped[Moment]


class LabelTemplate(Base):
    """A paper of the shop's own and what stands on its labels; lengths in mm, `blocks` as domain.labels reads them."""

    __tablename__ = "label_templates"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    page_width: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    page_height: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    label_width: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    label_height: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    columns: Mapped[int]
    rows: Mapped[int]
    left_edge: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    top_edge: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    pitch_x: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    pitch_y: Mapped[Decimal] = mapped_column(Numeric(7, 3))
    corner: Mapped[Decimal] = mapped_column(Numeric(7, 3), server_default="0")
    dpi: Mapped[int]
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class LabelPrinter(Base):
    """A printer and how far it is off: mm to the right and down, percent of the size."""

    __tablename__ = "label_printers"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    name: Mapped[str]
    offset_x: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    offset_y: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    scale: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    archived_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class CodeBlock(Base):
    """Codes of the shop's own, reserved to be printed ahead. Never updated: what a code means is in `barcodes`."""

    __tablename__ = "code_blocks"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    symbology: Mapped[str]
    first_number: Mapped[int] = mapped_column(BigInteger)
    last_number: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(server_default="")
    reserved_by: Mapped[uuid.UUID]
    reserved_at: Mapped[MadeAt]


class LabelJob(Base):
    """Labels that were printed together. Never updated."""

    __tablename__ = "label_jobs"

    tenant_id: Mapped[TenantKey]
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID]
    template: Mapped[str]
    printer_id: Mapped[uuid.UUID | None]
    start: Mapped[int]  # the first place on the first sheet
    without_price: Mapped[bool]
    labels: Mapped[int]
    reprint_of: Mapped[uuid.UUID | None]
    printed_at: Mapped[MadeAt]


class LabelJobLine(Base):
    """So many labels of a product or a pack of it in a job. Never updated."""

    __tablename__ = "label_job_lines"

    tenant_id: Mapped[TenantKey]
    job_id: Mapped[Key]
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]
    copies: Mapped[int]
