"""Variants: a product becomes a family of them; values and options are added later, and no history is lost."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ledger_web.domain import products as rules
from ledger_web.domain.errors import NotFoundError, RuleViolationError, StaleEditError
from ledger_web.domain.ids import new_id
from ledger_web.domain.languages import gettext
from ledger_web.domain.variants import Option, Values, combinations, must_be_options, variant_name
from ledger_web.services.pricing import change_ordinary_prices
from ledger_web.services.product_rows import lock_product, rewrite_words
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class CreateFamily:
    """Make variants of a product. It is itself the variant of the first value of each option."""

    id: uuid.UUID
    product_id: uuid.UUID
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class AddVariants:
    """Make the variants of these values that are not there yet."""

    op_id: uuid.UUID
    family_id: uuid.UUID
    version: int
    options: tuple[Option, ...]  # all of the family's, in their order


@dataclass(frozen=True, kw_only=True)
class AddOption:
    """Let variants differ by one thing more. Those that are there have `value` of it; no new ones are made."""

    op_id: uuid.UUID
    family_id: uuid.UUID
    version: int
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class PriceVariants:
    """Change the prices of several variants at once."""

    op_id: uuid.UUID
    family_id: uuid.UUID
    prices: tuple[tuple[uuid.UUID, int], ...]  # product, minor units of the base currency, >= 0
    reason: str


@whole_act
def create_family(command: CreateFamily, uow: UnitOfWork) -> Recorded:
    """Turn a product into a family of variants that share what is said about it.

    Raises:
        NotFoundError: The shop has no such product.
        RuleViolationError: It is a variant already, or more variants than there can be.
    """
    with uow:
        if uow.is_resubmission(command, id=command.id, subject_id=command.product_id):
            return Recorded(command.id, replayed=True)
        product = lock_product(uow, command.product_id)
        if product.family_id is not None:
            raise RuleViolationError(
                gettext("%(name)s is a variant already. Open its family to add more.", name=product.name)
            )
        wanted = combinations(command.options)
        uow.execute(
            """
            INSERT INTO product_families (tenant_id, id, name, options, created_at)
            VALUES (%(tenant_id)s, %(id)s, %(name)s, %(options)s::text[], now())
            """,
            {"id": command.id, "name": product.name, "options": [option.name for option in command.options]},
        )
        _become(uow, command.id, product.name, {product.id: wanted[0]})
        _make(uow, command.id, product.id, product.name, wanted[1:])
        uow.audit("product.make_variants", holder=product.id, after={"variants": len(wanted)})
    return Recorded(command.id)


@whole_act
def add_variants(command: AddVariants, uow: UnitOfWork) -> Recorded:
    """Make the missing combinations after the example of the family's first variant.

    Raises:
        NotFoundError: The shop has no such family.
        StaleEditError: Its options are others by now.
        RuleViolationError: More variants than there can be, or all of them are there.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.family_id):
            return Recorded(command.family_id, replayed=True)
        family = _lock_family(uow, command.family_id, command.version)
        if [option.name for option in command.options] != list(family.options):
            raise StaleEditError
        existing = _variants(uow, command.family_id)
        new = combinations(command.options, existing.keys())
        if not new:
            raise RuleViolationError("All of these variants are there already, archived ones included. Add a value.")
        _make(uow, command.family_id, min(existing.values()), family.name, new)
        _touch(uow, command.family_id, family.options)
        uow.audit("product.make_variants", holder=command.family_id, after={"variants": len(new)})
    return Recorded(command.family_id)


@whole_act
def add_option(command: AddOption, uow: UnitOfWork) -> Recorded:
    """Add an option; each variant keeps its id, its stock, its codes and all that happened to it.

    Raises:
        NotFoundError: The shop has no such family.
        StaleEditError: It is another by now.
        RuleViolationError: As many options as there can be, or one of that name.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.family_id):
            return Recorded(command.family_id, replayed=True)
        family = _lock_family(uow, command.family_id, command.version)
        options = [*family.options, command.name]
        must_be_options(options)
        existing = _variants(uow, command.family_id)
        _become(uow, command.family_id, family.name, {id: (*values, command.value) for values, id in existing.items()})
        _touch(uow, command.family_id, options)
        uow.audit(
            "product.add_option",
            holder=command.family_id,
            before={"options": list(family.options)},
            after={"options": options},
        )
    return Recorded(command.family_id)


@whole_act
def price_variants(command: PriceVariants, uow: UnitOfWork) -> Recorded:
    """Change prices of variants, each with its line in the history; those that stay leave none.

    Raises:
        NotFoundError: The shop has no such family, or one of the products is none of its variants.
    """
    with uow:
        if uow.is_resubmission(command, id=command.op_id, subject_id=command.family_id):
            return Recorded(command.family_id, replayed=True)
        known = set(_variants(uow, command.family_id).values())
        prices = dict(command.prices)
        if not known or not prices.keys() <= known:
            raise NotFoundError("There is no such variant in this shop any more. Look at what is there now.")
        change_ordinary_prices(uow, prices, reason=command.reason)
    return Recorded(command.family_id)


def _lock_family(uow: UnitOfWork, family_id: uuid.UUID, version: int) -> Row[Any]:
    family = uow.execute(
        """
        SELECT name, options, version FROM product_families
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": family_id},
    ).one_or_none()
    if family is None:
        raise NotFoundError("There are no such variants in this shop.")
    if family.version != version:
        raise StaleEditError
    return family


def _variants(uow: UnitOfWork, family_id: uuid.UUID) -> dict[Values, uuid.UUID]:
    rows = uow.execute(
        """
        SELECT id, option_values FROM products
         WHERE tenant_id = %(tenant_id)s AND family_id = %(id)s
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"id": family_id},
    ).all()
    return {tuple(row.option_values): row.id for row in rows}


def _touch(uow: UnitOfWork, family_id: uuid.UUID, options: Sequence[str]) -> None:
    uow.execute(
        """
        UPDATE product_families SET options = %(options)s::text[], version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"id": family_id, "options": list(options)},
    )


def _become(uow: UnitOfWork, family_id: uuid.UUID, family: str, variants: Mapping[uuid.UUID, Values]) -> None:
    """Let products that are there be these variants, and be called and found so."""
    for product_id, values in variants.items():
        name = variant_name(family, values)
        row = uow.execute(
            """
            UPDATE products AS p
               SET family_id = %(family_id)s, option_values = %(values)s::text[], name = %(name)s,
                   name_key = %(name_key)s, version = p.version + 1
             WHERE p.tenant_id = %(tenant_id)s AND p.id = %(id)s
            RETURNING p.sku, p.brand, p.tags
            """,
            {
                "id": product_id,
                "family_id": family_id,
                "values": list(values),
                "name": name,
                "name_key": rules.name_key(name),
            },
        ).one()
        rewrite_words(uow, product_id, rules.search_words(name, row.sku, row.brand, *row.tags))


def _make(uow: UnitOfWork, family_id: uuid.UUID, example_id: uuid.UUID, family: str, wanted: Sequence[Values]) -> None:
    """Add variants that are in everything but name, code and stock like one that is there."""
    if not wanted:
        return
    made = {new_id(): values for values in wanted}
    names = {id: variant_name(family, values) for id, values in made.items()}
    example = uow.execute(
        """
        INSERT INTO products AS n
               (tenant_id, id, name, name_key, unit, unit_price, tax_percent, tax_class_id, stock_policy, note,
                brand, category_id, tags, till_note, reorder_level, reorder_to, family_id, option_values, created_at)
        SELECT p.tenant_id, w.id, w.name, w.name_key, p.unit, p.unit_price, p.tax_percent, p.tax_class_id,
               p.stock_policy, p.note, p.brand, p.category_id, p.tags, p.till_note, p.reorder_level, p.reorder_to,
               %(family_id)s::uuid, string_to_array(w.joined, chr(31)), now()
          FROM products AS p
         CROSS JOIN unnest(%(ids)s::uuid[], %(names)s::text[], %(name_keys)s::text[], %(joined)s::text[])
               AS w(id, name, name_key, joined)
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(example_id)s
        RETURNING n.brand, n.tags, n.stock_policy
        """,
        {
            "family_id": family_id,
            "example_id": example_id,
            "ids": list(made),
            "names": list(names.values()),
            "name_keys": [rules.name_key(name) for name in names.values()],
            "joined": ["\x1f".join(values) for values in made.values()],
        },
    ).first()
    if example is None:
        raise NotFoundError("There is no such product in this shop.")
    _write_all_words(
        uow, {id: rules.search_words(name, None, example.brand, *example.tags) for id, name in names.items()}
    )
    if rules.keeps_stock(example.stock_policy):
        uow.execute(
            """
            INSERT INTO stock_levels AS l (tenant_id, product_id, may_go_below_zero)
            SELECT p.tenant_id, p.id, %(may)s
              FROM products AS p
             WHERE p.tenant_id = %(tenant_id)s AND p.id = ANY(%(ids)s::uuid[])
            """,
            {"ids": list(made), "may": rules.may_go_below_zero(example.stock_policy)},
        )


def _write_all_words(uow: UnitOfWork, words: Mapping[uuid.UUID, Sequence[str]]) -> None:
    pairs = [(id, word) for id, each in words.items() for word in each]
    uow.execute(
        """
        INSERT INTO product_words AS w (tenant_id, word, product_id)
        SELECT s.tenant_id, n.word, n.product_id
          FROM tenants AS s
         CROSS JOIN unnest(%(ids)s::uuid[], %(words)s::text[]) AS n(product_id, word)
         WHERE s.tenant_id = %(tenant_id)s
        """,
        {"ids": [id for id, _ in pairs], "words": [word for _, word in pairs]},
    )
