"""What a receipt shows: one source for every paper, the PDF and the mail."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from ledger_web.domain.errors import NotFoundError
from ledger_web.domain.receipts import PAPERS, TELLING_SECONDS, TaxLine, mark_of, tax_lines
from ledger_web.models.base import session_of
from ledger_web.queries.sales import SaleDetails, get_sale
from ledger_web.queries.settings import Letterhead, get_letterhead


@dataclass(frozen=True, slots=True)
class PrintRow:
    """A print of a receipt."""

    id: uuid.UUID
    number: int
    paper: str
    printed_by: str
    printed_at: dt.datetime
    is_fresh: bool  # its page may still be that print; later it is one more copy


@dataclass(frozen=True, slots=True)
class Receipt:
    """A sale as its receipt shows it. Amounts are minor units of the sale's currency."""

    sale: SaleDetails
    taxes: Sequence[TaxLine]
    prints: Sequence[PrintRow]
    print: PrintRow | None  # the one that this is
    letterhead: Letterhead

    @property
    def mark(self) -> str:
        """What stands across it: nothing, VOID, COPY 2."""
        return mark_of(self.print.number if self.print else 1, is_void=self.sale.is_deleted)

    @property
    def is_counted(self) -> bool:
        return self.print is not None

    @property
    def pieces(self) -> int:
        return len(self.sale.lines)


_PRINTS = text("""
    SELECT p.id, p.number, p.paper, coalesce(u.name, '') AS printed_by, p.printed_at,
           p.printed_at > now() - make_interval(secs => :fresh) AS is_fresh
      FROM receipt_prints AS p
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = p.printed_by
     WHERE p.tenant_id = :tenant_id AND p.sale_id = :sale_id
     ORDER BY p.number
""")

_LAST_PAPER = text("""
    SELECT coalesce(
               (SELECT p.paper FROM receipt_prints AS p
                 WHERE p.tenant_id = :tenant_id
                   AND p.drawer_id = (SELECT s.drawer_id FROM sales AS s
                                       WHERE s.tenant_id = :tenant_id AND s.id = :sale_id)
                   AND p.paper = ANY(:papers)
                 ORDER BY p.printed_at DESC
                 LIMIT 1),
               t.receipt_paper)
      FROM tenants AS t
     WHERE t.tenant_id = :tenant_id
""")


def get_receipt(tenant_id: int, sale_id: uuid.UUID, *, print_id: uuid.UUID | None = None) -> Receipt:
    """Return what the receipt of a sale shows.

    Args:
        print_id: The print that it is; None is a look at it, which is no print.

    Raises:
        NotFoundError: The shop has no such sale, or no such print of it.
    """
    sale = get_sale(tenant_id, sale_id)
    values = {"tenant_id": tenant_id, "sale_id": sale_id, "fresh": TELLING_SECONDS}
    prints = [PrintRow(**row._mapping) for row in session_of(tenant_id).execute(_PRINTS, values)]
    this = next((each for each in prints if each.id == print_id), None)
    if print_id and this is None:
        raise NotFoundError("There is no such print of this receipt.")
    return Receipt(sale, _taxes(sale), prints, this if this and this.is_fresh else None, get_letterhead(tenant_id))


def last_paper(tenant_id: int, sale_id: uuid.UUID) -> str:
    """Return the paper that the till of a sale printed on last, or the shop's usual one."""
    found = session_of(tenant_id).execute(
        _LAST_PAPER, {"tenant_id": tenant_id, "sale_id": sale_id, "papers": list(PAPERS)}
    )
    return str(found.scalar_one())


def _taxes(sale: SaleDetails) -> list[TaxLine]:
    return tax_lines((line.total, line.tax, line.taxes) for line in sale.lines)
