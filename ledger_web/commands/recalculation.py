"""`recalculate-balances`: what may be asked of it, and how it tells what it found."""

import csv
import io
import json
import sys
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.commands.shops import shops_at
from ledger_web.domain.currencies import plain
from ledger_web.domain.errors import LedgerError
from ledger_web.domain.ids import new_id, parse_id
from ledger_web.domain.sheets import text_cell
from ledger_web.queries.recalculation import (
    MONEY,
    DiscrepancyRow,
    Explanation,
    explain_accounts,
    list_discrepancies,
)
from ledger_web.queries.tenants import DirectoryRow
from ledger_web.services.daily_totals import drain, total_days
from ledger_web.services.recalculation import (
    AMOUNT_END,
    BATCH,
    BATCH_MAX,
    CACHED_BALANCES,
    Run,
    StartRecalculation,
    recalculate_balances,
)
from ledger_web.services.unit_of_work import UnitOfWork

CLEAN, DRIFT, COULD_NOT_FINISH = 0, 1, 3  # exit codes of a recalculation; 2 is click's for a wrong call
SHOWN_MAX = 1000  # discrepancies of one shop
EXPLAINED_MAX = 20  # accounts of one shop that are told entry by entry
EXPLAINED_LINES = 10  # of one account


class IdParameter(click.ParamType[uuid.UUID]):
    """The number of a thing, as the addresses of its pages have it."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> uuid.UUID:
        id = value if isinstance(value, uuid.UUID) else parse_id(str(value))
        if id is None:
            self.fail(f"{value} is no number of anything. Copy it from the address of its page.", param, ctx)
        return id


class MostParameter(click.ParamType[dict[str, Any]]):
    """How much may be repaired: rows, or a percentage of them."""

    name = "rows or percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        number = str(value).removesuffix("%")
        if not number.isascii() or not number.isdecimal() or len(number) > 9:
            self.fail(f"{value} is neither a number of rows nor a percentage. Say 20, or 5%.", param, ctx)
        if not str(value).endswith("%"):
            return {"fix_rows_max": int(number)}
        if int(number) > 100:
            self.fail("There is no more than 100%.", param, ctx)
        return {"fix_percent_max": Decimal(number)}


class MoneyParameter(click.ParamType[Decimal]):
    """An amount of money in whole units of whatever currency it is held against."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or not 0 <= amount < AMOUNT_END:
            self.fail(f"{value} is no amount of money. Say 500, or 12.50.", param, ctx)
        return amount


@click.command("recalculate-balances")
@click.option("--model", "models", multiple=True, type=click.Choice(list(CACHED_BALANCES)), help="What to recalculate.")
@click.option("--all", "all_models", is_flag=True, help="Recalculate everything there is.")
@click.option("--flagged", is_flag=True, help="Only add up the days that are due, and what was marked and is left.")
@click.option("--tenant", "slug", help="Address of one shop; every shop, if left out.")
@click.option("--all-tenants", is_flag=True, help="Every shop, said aloud.")
@click.option("--id", "only_id", type=IdParameter(), help="Only one party, drawer, product, account or transaction.")
@click.option(
    "--check/--fix",
    "--dry-run/--repair",
    "check",
    default=True,
    help="Only look, or repair what is wrong.",
    show_default=True,
)
@click.option("--since-run", is_flag=True, help="Only what moved since the last run, if that left nothing wrong.")
@click.option("--explain", is_flag=True, help="Tell of each wrong balance its last entries, and whose document is off.")
@click.option("--force", is_flag=True, help="Repair however much is wrong, and where entries are missing.")
@click.option("--max-fix", "most", type=MostParameter(), help="Stop when more is wrong: rows, or percent such as 5%.")
@click.option("--max-fix-amount", type=MoneyParameter(), help="Stop when more money is wrong, in any one currency.")
@click.option("--ok-if-fixed", is_flag=True, help="End with 0 where all that was wrong was repaired.")
@click.option(
    "--batch", type=click.IntRange(1, BATCH_MAX), default=BATCH, show_default=True, help="Rows a step looks at."
)
@click.option("--format", "output", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.pass_context
def recalculate(
    context: click.Context,
    models: tuple[str, ...],
    all_models: bool,
    flagged: bool,
    slug: str | None,
    all_tenants: bool,
    only_id: uuid.UUID | None,
    check: bool,
    since_run: bool,
    explain: bool,
    force: bool,
    most: dict[str, Any] | None,
    max_fix_amount: Decimal | None,
    ok_if_fixed: bool,
    batch: int,
    output: str,
) -> None:
    """Prove every cached balance from its entries, and documents from both sides, while the shops trade.

    Shops are worked off one after the other, a batch of rows at a time. One shop has one run at a time: another one
    is refused (3). A run that was interrupted is gone on with on its page in Admin, or begun anew a minute later.

    Exit code: 0 all is right, 1 something was wrong (also when it was repaired), 2 wrong call, 3 could not finish.
    """
    if all_models + bool(models) + flagged != 1:
        raise click.UsageError("Name what to recalculate with --model, or everything with --all, or what is --flagged.")
    if slug and all_tenants:
        raise click.UsageError("Name one shop with --tenant, or say --all-tenants.")
    if since_run and only_id:
        raise click.UsageError("Look at one thing with --id, or at all that moved --since-run.")
    if flagged:
        drained = [_drain_shop(shop) for shop in shops_at(slug)]
        click.echo(
            json.dumps({"shops": drained}, indent=2) if output == "json" else "\n".join(map(_told_drain, drained))
        )
        context.exit(max((shop["exit_code"] for shop in drained), default=CLEAN))
    wanted: dict[str, Any] = {
        "models": tuple(CACHED_BALANCES) if all_models else tuple(dict.fromkeys(models)),
        "only_id": only_id,
        "fix": not check,
        "force": force,
        "batch": batch,
        "since_run": since_run,
        "fix_amount_max": max_fix_amount,
        **(most or {}),
    }
    found = [_recalculate_shop(shop, wanted, explain, ok_if_fixed) for shop in shops_at(slug)]
    click.echo(_WRITERS[output](found), nl=output != "csv")
    context.exit(max((shop["exit_code"] for shop in found), default=CLEAN))


def _recalculate_shop(shop: DirectoryRow, wanted: dict[str, Any], explain: bool, ok_if_fixed: bool) -> dict[str, Any]:
    """Recalculate one shop and say what came of it; one that cannot be finished does not hold up the others."""
    command = StartRecalculation(id=new_id(), **wanted)
    try:
        run = recalculate_balances(command, UnitOfWork(shop.tenant_id), lambda run: _say_how_far(shop, run))
        rows = list_discrepancies(shop.tenant_id, run.id, SHOWN_MAX)
        explained = _explain(shop.tenant_id, rows) if explain else {}
    except (LedgerError, SQLAlchemyError) as error:
        return {"shop": shop.slug, "run": str(command.id), "error": str(error), "exit_code": COULD_NOT_FINISH}
    return {
        "shop": shop.slug,
        "run": str(run.id),
        "since": run.since.isoformat() if run.since else None,
        "checked": run.rows_done,
        "wrong": run.rows_wrong,
        "repaired": run.rows_fixed,
        "stopped": run.phase == "stopped",
        "discrepancies": [_as_json(row) | explained.get(row.holder_id, {}) for row in rows],
        "exit_code": _exit_code(run, ok_if_fixed),
    }


def _say_how_far(shop: DirectoryRow, run: Run) -> None:
    """Tell somebody who watches how far it is. What is read by a program stays on the other stream."""
    if sys.stderr.isatty():
        done, total = (run.rows_done, run.rows_total) if run.phase == "check" else (run.rows_fixed, run.rows_wrong)
        doing = "looked at" if run.phase == "check" else "repaired"
        click.echo(f"{shop.slug}: {done} of {total} {doing}, {run.rows_wrong} wrong.", err=True)


def _explain(tenant_id: int, rows: Sequence[DiscrepancyRow]) -> dict[uuid.UUID, dict[str, Any]]:
    """Tell the first of the wrong balances entry by entry, up to where they part."""
    asked = [row for row in rows if CACHED_BALANCES[row.model].kinds][:EXPLAINED_MAX]
    told = {}
    for row in asked:
        until = row.first_transaction_id or row.suspect_id
        for account in explain_accounts(tenant_id, row.holder_id, until=until, lines_max=EXPLAINED_LINES):
            told[row.holder_id] = {"explanation": _explanation(account)}
    return told


def _explanation(account: Explanation) -> dict[str, Any]:
    return {
        "opening": account.opening,
        "entries": [
            {
                "transaction_id": str(line.transaction_id),
                "title": line.title,
                "day": line.occurred_on.isoformat(),
                "by": line.actor,
                "debit": line.debit,
                "credit": line.credit,
                "expected": line.expected,
            }
            for line in account.lines
        ],
        "expected": account.expected,
        "cached": account.cached,
    }


def _drain_shop(shop: DirectoryRow) -> dict[str, Any]:
    """Bring the daily totals of a shop up to date, also those that failed before."""
    uow = UnitOfWork(shop.tenant_id)
    try:
        while not total_days(uow):
            pass
        done = drain(uow, again=True)
    except SQLAlchemyError as error:
        return {"shop": shop.slug, "error": str(error), "exit_code": COULD_NOT_FINISH}
    return {
        "shop": shop.slug,
        "account_days": done.account_days,
        "marks": done.marks,
        "failed": done.failed,
        "exit_code": DRIFT if done.failed else CLEAN,
    }


def _told_drain(shop: dict[str, Any]) -> str:
    if "error" in shop:
        return f"{shop['shop']}: could not finish. {shop['error']}"
    failed = f" {shop['failed']} could not be: the page Admin says which." if shop["failed"] else ""
    return f"{shop['shop']}: daily totals are up to date, {shop['account_days']} were added up again.{failed}"


def _exit_code(run: Run, ok_if_fixed: bool) -> int:
    if run.phase == "stopped":
        return COULD_NOT_FINISH
    return DRIFT if run.rows_wrong > (run.rows_fixed if ok_if_fixed else 0) else CLEAN


def _as_json(row: DiscrepancyRow) -> dict[str, Any]:
    return {
        "model": row.model,
        "holder_id": str(row.holder_id),
        "holder": row.holder,
        "currency": row.currency,
        "figures": [
            {
                "figure": figure.name,
                "currency": figure.currency,
                "cached": _number(figure.cached),
                "computed": _number(figure.computed),
                "difference": _number(figure.difference),
            }
            for figure in row.figures
        ],
        "first_transaction_id": str(row.first_transaction_id) if row.first_transaction_id else None,
        "first_transaction": row.first_title,
        "suspect_id": str(row.suspect_id) if row.suspect_id else None,
        "suspect": row.suspect_title,
        "repaired": row.fixed_at is not None,
        "refusal": row.refusal,
    }


def _number(value: Decimal) -> int | str:
    """Money in minor units and counts are whole numbers; a broken quantity is text, so that no reader rounds it."""
    return int(value) if value == value.to_integral_value() else f"{value.normalize():f}"


def _text(shops: Sequence[dict[str, Any]]) -> str:
    return "\n".join(map(_told, shops))


def _told(shop: dict[str, Any]) -> str:
    """Tell a shop's outcome in lines for people."""
    if "error" in shop:
        return f"{shop['shop']}: could not finish. {shop['error']}"
    since = f" that moved since {shop['since']}" if shop["since"] else ""
    lines = [f"{shop['shop']}: {shop['checked']} checked{since}, {shop['wrong']} wrong, {shop['repaired']} repaired."]
    if shop["stopped"]:
        lines.append(
            "  Nothing was repaired: too much is wrong. Look at the list; --force repairs it all the same,"
            " --max-fix and --max-fix-amount say how much may be."
        )
    return "\n".join([*lines, *(_told_row(row) for row in shop["discrepancies"])])


def _told_row(row: dict[str, Any]) -> str:
    figures = "; ".join(
        f"{figure['figure']} {_written(figure, 'cached')}, entries say {_written(figure, 'computed')},"
        f" difference {_written(figure, 'difference')}"
        for figure in row["figures"]
    )
    outcome = "repaired" if row["repaired"] else row["refusal"].rstrip(".") or "not repaired"
    since = _named("Since", row["first_transaction"], row["first_transaction_id"])
    suspect = _named("Suspected:", row["suspect"], row["suspect_id"])
    told = f"  {row['model']} {row['holder']}: {figures}. {outcome}.{since}{suspect}"
    return "\n".join([told, *_told_explanation(row)]) if "explanation" in row else told


def _named(word: str, title: str, id: str | None) -> str:
    return f" {word} {title}, transaction {id}." if title else ""


def _told_explanation(row: dict[str, Any]) -> list[str]:
    told, currency = row["explanation"], row["currency"]
    lines = [f"    {plain(told['opening'], currency):>24}  before"]
    lines += [
        f"    {plain(line['expected'], currency):>24}  {line['day']} {line['title']},"
        f" debit {plain(line['debit'], currency)}, credit {plain(line['credit'], currency)}"
        f"{', by ' + line['by'] if line['by'] else ''}, transaction {line['transaction_id']}"
        for line in told["entries"]
    ]
    lines.append(f"    {plain(told['expected'], currency):>24}  expected after all entries")
    return [*lines, f"    {plain(told['cached'], currency):>24}  kept"]


def _written(figure: dict[str, Any], name: str) -> str:
    value = figure[name]
    return plain(value, figure["currency"]) if figure["figure"] in MONEY and figure["currency"] else str(value)


def _json(shops: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"shops": shops}, indent=2)


def _csv(shops: Sequence[dict[str, Any]]) -> str:
    """Write a line for each figure that differs, amounts in minor units; of a shop that could not be finished one."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(
        ["shop", "run", "model", "holder_id", "holder", "figure", "currency", "cached", "computed", "difference",
         "first_transaction_id", "first_transaction", "suspect_id", "suspect", "repaired", "refusal"]
    )  # fmt: skip
    for shop in shops:
        if "error" in shop:
            writer.writerow([shop["shop"], shop["run"], *[""] * 13, text_cell(shop["error"])])
        for row in shop.get("discrepancies", ()):
            for figure in row["figures"]:
                writer.writerow(
                    [
                        shop["shop"],
                        shop["run"],
                        row["model"],
                        row["holder_id"],
                        text_cell(row["holder"]),
                        figure["figure"],
                        figure["currency"] or "",
                        figure["cached"],
                        figure["computed"],
                        figure["difference"],
                        row["first_transaction_id"] or "",
                        row["first_transaction"],
                        row["suspect_id"] or "",
                        row["suspect"],
                        "yes" if row["repaired"] else "no",
                        row["refusal"],
                    ]
                )
    return written.getvalue()


_WRITERS: dict[str, Callable[[Sequence[dict[str, Any]]], str]] = {"text": _text, "json": _json, "csv": _csv}
