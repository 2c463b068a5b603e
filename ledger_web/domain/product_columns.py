"""What the columns of a file of products may be called: as our pages call them, and as shops do, in every language.

A file says it in the language of whoever made it, whatever language it is read in.
"""

from functools import cache
from typing import Final

from ledger_web.domain.languages import LANGUAGES, gettext_in
from ledger_web.domain.search_words import words

# By the name that our own files give a column: what else it is usually called.
COLUMNS: Final = {
    "name": (
        *("product", "product name", "title"),
        *("Bezeichnung", "Artikelbezeichnung", "Artikelname", "Produkt", "Produktname"),
        *("نام کالا", "نام محصول", "محصول", "جنس", "نام جنس", "اسم", "اسم جنس", "شرح کالا", "عنوان"),
        *("Наименование", "Наименование товара", "Название товара", "Номенклатура"),
    ),
    "barcode": (
        *("ean", "gtin", "upc", "code"),
        *("Strichcode", "EAN-Code", "EAN/GTIN"),
        *("بار کد", "کد میله‌ای"),
        *("Штрих-код", "Код EAN"),
    ),
    "sku": (
        *("item code", "article"),
        *("Artikelnummer", "Artikelnr.", "Artikel-Nr.", "Art.-Nr."),
        *("کد کالا", "کد محصول", "شماره کالا"),
        *("Артикул", "Код товара"),
    ),
    "price": (
        "unit price",
        *("Verkaufspreis", "VK", "VK-Preis", "Einzelpreis", "Stückpreis"),
        *("قیمت فروش", "قیمت واحد", "فی"),
        *("Цена, руб.", "Цена продажи", "Цена за единицу", "Розничная цена"),
    ),
    "unit": (
        "Mengeneinheit",
        "واحد شمارش",
        *("Ед.", "Ед. изм.", "Единица измерения"),
    ),
    "tax_percent": (
        "tax percent",
        *("MwSt", "MwSt-Satz", "Mehrwertsteuer", "USt", "Umsatzsteuer", "Steuersatz"),
        "درصد مالیات",
        *("Ставка НДС", "Ставка налога"),
    ),
    "quantity": (
        *("stock", "on hand"),
        *("Lagerbestand", "Anzahl", "Stückzahl"),
        *("تعداد", "تعداد موجود"),
        *("Кол-во", "Остатки"),
    ),
    "cost": (
        "unit cost",
        *("EK", "EK-Preis", "Einstandspreis"),
        *("قیمت خرید", "قیمت تمام‌شده"),
        *("Закупочная цена", "Цена закупки", "Цена покупки"),
    ),
}
# What our pages call it, each in its reader's language.
_LABELS: Final = {
    "name": ("Name", "Product"),
    "barcode": ("Barcode",),
    "sku": ("SKU",),
    "price": ("Price",),
    "unit": ("Unit",),
    "tax_percent": ("Tax", "Tax %", "VAT"),
    "quantity": ("Quantity", "Stock", "In stock", "On hand"),
    "cost": ("Cost", "Cost of one"),
}


def column_called(title: str) -> str | None:
    """Return the column that a title means, None if it means none of them.

    Titles are compared as search compares words: neither case, accents and signs count, nor which of the keyboards
    that write Arabic letters somebody has.
    """
    return _meanings().get(_compared(title))


def titles_of(column: str) -> list[str]:
    """Return what a column may be called, in all languages."""
    labels = [gettext_in(code, label) for code in LANGUAGES for label in _LABELS[column]]
    return [column, *COLUMNS[column], *labels]


@cache
def _meanings() -> dict[str, str]:
    return {_compared(title): column for column in COLUMNS for title in titles_of(column)}


def _compared(title: str) -> str:
    return " ".join(words(title))
