"""`indexes report`: what is missing, needless, broken or in the way. It changes nothing."""

import dataclasses
import json

import click
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.queries.indexes import Report, read_report

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
