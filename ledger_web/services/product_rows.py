"""What acts on products share: the row locked, its words for the search, an SKU that is somebody else's."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from ledger_web.domain import products as rules
from ledger_web.domain.errors import DuplicateSkuError, NotFoundError
from ledger_web.domain.taxes import TaxRate, total_percent
from ledger_web.services.unit_of_work import UnitOfWork, violated_constraint


def lock_product(uow: UnitOfWork, product_id: uuid.UUID) -> Row[Any]:
    row = uow.execute(
        """
        SELECT id, name, sku, short_name, brand, category_id, tags, note, till_note, version, unit, unit_price,
               tax_percent, tax_class_id, stock_policy, reorder_level, reorder_to, family_id, option_values
          FROM products
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": product_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such product in this shop.")
    return row


def must_be_free_sku(uow: UnitOfWork, product_id: uuid.UUID, sku: str | None) -> None:
    """Name the holder of an SKU that is taken. The constraint has the last word: see `sku_taken_meanwhile`."""
    holder = uow.execute(
        "SELECT name FROM products WHERE tenant_id = %(tenant_id)s AND sku = %(sku)s AND id <> %(id)s",
        {"sku": sku, "id": product_id},
    ).scalar_one_or_none()
    if holder is not None:
        raise DuplicateSkuError(sku or "", holder)


@contextmanager
def sku_taken_meanwhile(sku: str | None) -> Iterator[None]:
    """Say what happened when someone took the SKU between our look and our write."""
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "products_sku_key":
            raise DuplicateSkuError(sku or "") from error
        raise


def write_words(uow: UnitOfWork, product_id: uuid.UUID, words: Sequence[str]) -> None:
    uow.execute(
        """
        INSERT INTO product_words AS w (tenant_id, word, product_id)
        SELECT p.tenant_id, n.word, p.id
          FROM products AS p
         CROSS JOIN unnest(%(words)s::text[]) AS n(word)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
        """,
        {"id": product_id, "words": list(words)},
    )


def rewrite_words(uow: UnitOfWork, product_id: uuid.UUID, words: Sequence[str]) -> None:
    uow.execute("DELETE FROM product_words WHERE tenant_id = %(tenant_id)s AND product_id = %(id)s", {"id": product_id})
    write_words(uow, product_id, words)


def keep_stock(uow: UnitOfWork, product_id: uuid.UUID, stock_policy: str) -> None:
    """Make the product's level if it is to keep stock; one that is there stays, it has moves."""
    if rules.keeps_stock(stock_policy):
        uow.execute(
            """
            INSERT INTO stock_levels (tenant_id, product_id, may_go_below_zero)
            VALUES (%(tenant_id)s, %(product_id)s, %(may)s)
            ON CONFLICT (tenant_id, product_id) DO NOTHING
            """,
            {"product_id": product_id, "may": rules.may_go_below_zero(stock_policy)},
        )


def tax_of_class(uow: UnitOfWork, tax_class_id: uuid.UUID | None, percent: Decimal) -> dict[str, object]:
    """Return the columns of a product's tax: a class says the percentage itself, else it is the one that was typed.

    Raises:
        NotFoundError: The shop has no such class.
    """
    if tax_class_id is None:
        return {"tax_class_id": None, "tax_percent": percent}
    rates = uow.execute(
        """
        SELECT r.name, r.percent, r.is_compound
          FROM tax_classes AS c
          JOIN tax_rates AS r ON r.tenant_id = %(tenant_id)s AND r.tax_class_id = c.id
         WHERE c.tenant_id = %(tenant_id)s AND c.id = %(id)s
         ORDER BY r.position
        """,
        {"id": tax_class_id},
    ).all()
    if not rates:
        raise NotFoundError("There is no such tax class in this shop any more. Choose another.")
    return {"tax_class_id": tax_class_id, "tax_percent": total_percent([TaxRate(*tuple(rate)) for rate in rates])}
