"""`indexes report` says what is missing, needless, broken or in the way; `indexes check` asks what the pages ask.

Neither changes anything.
"""

import dataclasses
import json
from collections.abc import Sequence

import click
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.commands.shops import shops_at
from ledger_web.queries.identity import find_identity
from ledger_web.queries.indexes import Finding, Report, read_report
from ledger_web.queries.plans import Answered, Shape, answer, recorded
from ledger_web.queries.tenants import DirectoryRow, ShopRow, get_shop
from ledger_web.site_walk import owner_of, walk_site
from ledger_web.tenancy import Tenant

CLEAN, FINDINGS, COULD_NOT_FINISH = 0, 1, 3


@click.group()
def indexes() -> None:
    """Look after the indexes of the database."""


@indexes.command("report")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.pass_context
def report(context: click.Context, as_json: bool) -> None:
    """Say which indexes are missing, redundant, invalid or in the way, and how large and how much used all are.

    Exit code: 0 nothing was found, 1 something was, 3 could not finish. Nothing is ever dropped.
    """
    try:
        found = read_report()
    except SQLAlchemyError as error:
        click.echo(f"Could not finish. {error}", err=True)
        context.exit(COULD_NOT_FINISH)
    click.echo(json.dumps(dataclasses.asdict(found), indent=2, default=str) if as_json else _told(found))
    context.exit(FINDINGS if found.findings else CLEAN)


@indexes.command("check")
@click.option("--tenant", "slug", help="The shop whose books are asked. Default: the one in which most has happened.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.pass_context
def check(context: click.Context, slug: str | None, as_json: bool) -> None:
    """Open every page of a shop, and say which of their statements look at far more rows than they show.

    Each statement is run again under EXPLAIN ANALYZE, as the application's role. No session is made, no form is sent,
    what the pages show is thrown away. Exit code: 0 nothing was found, 1 something was, 3 could not finish.
    """
    try:
        shop, facts = _largest(shops_at(slug))
        answers = ask_pages(_the_app(), shop, facts)
        found = [*read_report().findings, *_too_wide(answers)]
    except SQLAlchemyError as error:
        click.echo(f"Could not finish. {error}", err=True)
        context.exit(COULD_NOT_FINISH)
    used = {scan.index for each in answers for scan in each.scans if scan.index}
    if as_json:
        told = {
            "shop": shop.slug,
            "transactions": facts.transactions,
            "statements": len(answers),
            "findings": [dataclasses.asdict(each) for each in found],
            "used": sorted(used),
        }
        click.echo(json.dumps(told, indent=2))
    else:
        lines = [f"{each.kind}: {each.table} {each.name}".rstrip() + f" ({each.detail})" for each in found]
        summary = f"{len(answers)} statements of the pages of {shop.slug}, where {facts.transactions} things happened"
        click.echo("\n".join([*lines, f"{len(found)} findings. {summary}, by way of {len(used)} indexes."]))
    context.exit(FINDINGS if found else CLEAN)


def ask_pages(app: Flask, shop: DirectoryRow, facts: ShopRow) -> list[Answered]:
    """Open the pages of a shop and explain what they ask."""
    shapes = shapes_of_pages(app, shop, facts)
    return answer(shop.tenant_id, [shape for shape in shapes if shape.is_read])


def shapes_of_pages(app: Flask, shop: DirectoryRow, facts: ShopRow) -> list[Shape]:
    """Open the pages of a shop and return what they ask, who asks included."""
    tenant = Tenant(
        id=shop.tenant_id,
        slug=shop.slug,
        name=facts.name,
        base_currency=facts.base_currency,
        time_zone=facts.time_zone,
        locale=facts.locale,
        day_starts_at=facts.day_starts_at,
    )
    shapes: dict[str, Shape] = {}
    place = ["every page"]
    with recorded(shapes, place):
        find_identity(shop.tenant_id, shop.slug, bytes(32))
        walk_site(app, tenant, owner_of(tenant, facts.owner_id), place.append)
    return list(shapes.values())


def _largest(shops: Sequence[DirectoryRow]) -> tuple[DirectoryRow, ShopRow]:
    if not shops:
        raise click.UsageError("There is no shop yet whose pages could be opened.")
    return max(((shop, get_shop(shop.tenant_id)) for shop in shops), key=lambda each: each[1].transactions)


def _the_app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def _too_wide(answers: Sequence[Answered]) -> list[Finding]:
    return [
        Finding(
            "more looked at than shown",
            scan.table,
            scan.index or "the whole table",
            f"{scan.touched} rows for {each.rows} of {each.shape.place}",
        )
        for each in answers
        for scan in each.too_wide()
    ]


def _told(found: Report) -> str:
    since = f"since {found.since:%Y-%m-%d}" if found.since else "since the database was made"
    lines = [f"{each.kind}: {each.table} {each.name}".rstrip() + f" ({each.detail})" for each in found.findings]
    lines.append(f"{len(found.findings)} findings in {len(found.indexes)} indexes.")
    if found.knows_enough:
        lines.append(
            f"Not used {since}, whoever drops one looks at the whole year: {', '.join(found.unused) or 'none'}."
        )
    else:
        lines.append(f"Only {found.reads} reads of indexes {since}: too few to call any of them unused.")
    lines += [
        f"{each.bytes // 1024:>10} kB {each.scans:>12} reads  {each.table}.{each.name}"
        for each in sorted(found.indexes, key=lambda each: (-each.bytes, each.table, each.name))
    ]
    return "\n".join(lines)
