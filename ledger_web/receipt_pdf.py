"""A receipt as a PDF: the same data as on the page, on the same papers, in the typeface that is in the file."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from babel import Locale
from flask import g

from ledger_web.domain.languages import gettext
from ledger_web.domain.pdf import LEADING, PdfDocument
from ledger_web.domain.receipts import ROLLS
from ledger_web.domain.symbols import rows_of
from ledger_web.filters import amount, as_the_shop, datetime, money, negative, percent, quantity
from ledger_web.queries.receipts import Receipt
from ledger_web.queries.settings import Letterhead, get_logo

# Width, height and margin of each paper, mm; a roll is as long as what is on it.
SIZES: Final[dict[str, tuple[float, float | None, float]]] = {
    "58": (58, None, 3),
    "80": (80, None, 4),
    "a5": (148, 210, 10),
    "a4": (210, 297, 15),
}
_LETTER: Final = {"58": 2.8, "80": 3.2, "a5": 3.4, "a4": 3.8}  # mm
_NAME_LINES = 3
_COLUMN: Final = 0.15  # of the width, of each column of figures on a sheet
_BAR_MODULE = 0.25
_BAR_HEIGHT = 11.0
_LOGO_WIDTH, _LOGO_HEIGHT = 60.0, 25.0  # at most, mm


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something of a height that is drawn at a place and never broken."""

    height: float
    draw: Callable[[float], None]


class _Paper:
    """Collects pieces from top to bottom, then draws them page by page."""

    def __init__(self, document: PdfDocument, paper: str) -> None:
        self.document = document
        self.width, self.page_height, self.margin = SIZES[paper]
        self.letter = _LETTER[paper]
        self.inner = self.width - 2 * self.margin
        self.pieces: list[_Piece] = []

    def line(self, text: str, *, size: float = 1, bold: bool = False, centred: bool = False, most: int = 1) -> None:
        letter = self.letter * size
        height = self.document.height_of(text, self.inner, size=letter, bold=bold, lines=most)

        def draw(y: float) -> None:
            align: str = "centre" if centred else "start"
            self.document.text(text, self.margin, y, self.inner, size=letter, bold=bold, lines=most, align=align)  # type: ignore[arg-type]

        self.pieces.append(_Piece(height, draw))

    def pair(self, left: str, right: str, *, size: float = 1, bold: bool = False) -> None:
        """Write a figure at the end of the line, and what it is at its start."""
        letter = self.letter * size

        def draw(y: float) -> None:
            self.document.line_of_text(left, self.margin, y, self.inner, letter, bold=bold)
            self.document.line_of_text(right, self.margin, y, self.inner, letter, bold=bold, align="end")

        self.pieces.append(_Piece(letter * LEADING, draw))

    def picture(self, content: bytes, width: int, height: int) -> None:
        """Place a picture in the middle, as large as there is room for."""
        scale = min(min(self.inner, _LOGO_WIDTH) / width, _LOGO_HEIGHT / height)
        wide, tall = width * scale, height * scale

        def draw(y: float) -> None:
            self.document.picture(content, self.margin + (self.inner - wide) / 2, y, wide, tall)

        self.pieces.append(_Piece(tall + 1, draw))

    def columns(self, name: str, figures: Sequence[str], *, bold: bool = False) -> None:
        """Write a row of a table: a name that may break, and figures at the ends of columns of their own."""
        room = self.inner * (1 - _COLUMN * len(figures))
        height = self.document.height_of(name, room, size=self.letter, bold=bold, lines=_NAME_LINES)
        document, wide = self.document, self.inner * _COLUMN

        def draw(y: float) -> None:
            document.text(name, self._from_start(0, room), y, room, size=self.letter, bold=bold, lines=_NAME_LINES)
            for at, figure in enumerate(figures):
                x = self._from_start(room + at * wide, wide)
                document.line_of_text(figure, x, y, wide, self.letter, bold=bold, align="end")

        self.pieces.append(_Piece(max(height, self.letter * LEADING) + 1, draw))

    def _from_start(self, offset: float, width: float) -> float:
        """Return the left edge of something that lies so far from where lines start."""
        return self.margin + (self.inner - offset - width if self.document.rtl else offset)

    def rule(self) -> None:
        self.pieces.append(_Piece(2.5, lambda y: self.document.rule(self.margin, y + 1.2, self.inner)))

    def bars(self, code: str) -> None:
        rows = rows_of(code, "code128")
        wide = len(rows[0]) * _BAR_MODULE

        def draw(y: float) -> None:
            self.document.bars(
                rows, self.margin + (self.inner - wide) / 2, y + 2, module=_BAR_MODULE, height=_BAR_HEIGHT
            )
            self.document.text(
                code, self.margin, y + 2.5 + _BAR_HEIGHT, self.inner, size=self.letter * 0.9, align="centre"
            )

        self.pieces.append(_Piece(_BAR_HEIGHT + self.letter * LEADING + 4, draw))

    def write(self) -> bytes:
        whole = sum(piece.height for piece in self.pieces) + 2 * self.margin
        height = self.page_height or max(whole + 4, 30)
        self.document.page(self.width, height)
        y = self.margin
        for piece in self.pieces:
            if y + piece.height > height - self.margin and self.page_height:
                self.document.page(self.width, height)
                y = self.margin
            piece.draw(y)
            y += piece.height
        return self.document.content()


def receipt_pdf(receipt: Receipt, paper: str) -> bytes:
    """Return the receipt of a sale as a file, in the shop's language.

    Args:
        paper: A key of SIZES.
    """
    with as_the_shop():
        return _drawn(receipt, paper)


def _drawn(receipt: Receipt, paper: str) -> bytes:
    sale, locale = receipt.sale, Locale.parse(g.tenant.locale)
    made_at = receipt.print.printed_at if receipt.print else dt.datetime.now(dt.UTC)
    document = PdfDocument(
        gettext("Receipt %(number)s", number=sale.number),
        made_at=made_at,
        rtl=locale.text_direction == "rtl",
        language=locale.language,
    )
    sheet = _Paper(document, paper)
    if receipt.mark:
        sheet.line(receipt.mark, size=1.3, bold=True, centred=True)
    _write_head(sheet, receipt.letterhead)
    # In a text that runs from right to left its mark says so: letters of the number would turn the day around.
    side = "\u200f" if locale.text_direction == "rtl" else ""
    sheet.line(f"{side}{sale.number} · {side}{datetime(sale.sold_at)}", centred=True)
    sheet.line(" · ".join(filter(None, (sale.drawer, sale.cashier))), centred=True)
    if sale.salesperson and receipt.letterhead.names_salesperson:
        sheet.line(_sold_by(sale.salesperson), centred=True, most=2)
    if sale.customer:
        sheet.line(sale.customer, centred=True, most=2)
    sheet.rule()
    if paper in ROLLS:
        _write_lines(sheet, receipt)
    else:
        _write_table(sheet, receipt)
    sheet.rule()
    total = gettext("Total")
    for left, right in _sums(receipt):
        is_total = left == total
        sheet.pair(side + left, right, size=1.3 if is_total else 1, bold=is_total)
    if sale.note:
        sheet.line(sale.note, centred=True, most=4)
    for said in receipt.letterhead.footer.splitlines():
        sheet.line(said, centred=True, most=3)
    sheet.bars(sale.number)
    return sheet.write()


def _write_head(sheet: _Paper, letterhead: Letterhead) -> None:
    if letterhead.logo:
        sheet.picture(get_logo(g.tenant.id).content, letterhead.width, letterhead.height)
    sheet.line(g.tenant.name, size=1.4, bold=True, centred=True, most=2)
    for said in letterhead.header.splitlines():
        sheet.line(said, centred=True, most=3)


def _write_lines(sheet: _Paper, receipt: Receipt) -> None:
    currency = receipt.sale.currency
    for line in receipt.sale.lines:
        sheet.line(line.name, most=_NAME_LINES)
        counted = f"{quantity(line.quantity)} {line.unit_name}".strip()
        sheet.pair(f"{counted} × {amount(line.unit_price, currency)}", money(line.total, currency))
        if line.discount:
            sheet.line(gettext("Discount %(discount)s", discount=negative(amount(line.discount, currency))))
        if line.note:
            sheet.line(line.note, most=2)
        if line.salesperson and receipt.letterhead.names_salesperson:
            sheet.line(_sold_by(line.salesperson))


def _sold_by(name: str) -> str:
    return gettext("Sold by %(name)s", name=name)


def _write_table(sheet: _Paper, receipt: Receipt) -> None:
    currency = receipt.sale.currency
    head = [gettext("Quantity"), gettext("Price"), gettext("Tax"), gettext("Total")]
    sheet.columns(gettext("Product"), head, bold=True)
    sheet.rule()
    for line in receipt.sale.lines:
        figures = [amount(line.unit_price, currency), amount(line.tax, currency), amount(line.total, currency)]
        sheet.columns(line.name, [f"{quantity(line.quantity)} {line.unit_name}".strip(), *figures])
        if line.discount:
            sheet.line(gettext("Discount %(discount)s", discount=negative(amount(line.discount, currency))))
        if line.note:
            sheet.line(line.note, most=2)
        if line.salesperson and receipt.letterhead.names_salesperson:
            sheet.line(_sold_by(line.salesperson))


def _sums(receipt: Receipt) -> Sequence[tuple[str, str]]:
    """What stands below the lines: discount, total, rounding, taxes, and how it was paid."""
    sale, found = receipt.sale, []
    if sale.discount:
        found.append((gettext("Discount"), negative(money(sale.discount, sale.currency))))
    found.append((gettext("Total"), money(sale.total, sale.currency)))
    if sale.rounding:
        rounding = money(abs(sale.rounding), sale.currency)
        found.append((gettext("Rounding of cash"), negative(rounding) if sale.rounding < 0 else rounding))
    for tax in receipt.taxes:
        words = gettext(
            "%(name)s %(percent)s on %(net)s",
            name=tax.name,
            percent=percent(tax.percent),
            net=amount(tax.net, sale.currency),
        )
        found.append((words, money(tax.tax, sale.currency)))
    for paid in sale.payments:
        found.append((paid.name, money(paid.tendered, paid.currency)))
        if paid.rate and paid.rate_unit:
            found.append((f"1 {paid.rate_unit} = {quantity(paid.rate)}", money(paid.applied_base, sale.currency)))
        if paid.change:
            found.append((gettext("Change"), money(paid.change, paid.currency)))
        if paid.other_change and paid.other_change_currency:
            found.append((gettext("Change"), money(paid.other_change, paid.other_change_currency)))
    if sale.on_account:
        found.append((gettext("On account"), money(sale.on_account, sale.currency)))
    return found
