"""Proving the cached figures and putting right what is wrong: runs, worked off in steps that can stop anywhere.

A run first looks at everything, then repairs what it found if it was asked to. Each step is one act; the row of the
run holds the place, so that a page, a command or another person can go on from there.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from ledger_web.domain.errors import NotFoundError, RecalculationRunningError, RuleViolationError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.money import exponent
from ledger_web.services import cached_balances, meters
from ledger_web.services.cached_balances import ACCOUNTS, DAILY_TOTALS, OPEN_ITEMS, STOCK, Look, Source, Wrong
from ledger_web.services.document_checks import DOCUMENTS
from ledger_web.services.suspects import find_suspects
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act

BATCH: Final = 1000
BATCH_MAX: Final = 100_000

# A mistake in the calculation would find nearly every row wrong, and must not overwrite good figures.
GUARD_ROWS_MIN: Final = 100
GUARD_PERCENT: Final = Decimal(1)

# What was posted in an act that was not over yet when the last run looked; acts last seconds.
SINCE_MARGIN: Final = dt.timedelta(hours=1)
LEFT_AFTER: Final = dt.timedelta(minutes=1)  # a run without a step for so long was left by whoever drove it

AMOUNT_END: Final = Decimal(10) ** 15

EXPLAINED_MAX: Final = 200  # rows of a run
EXPLAINED_ENTRIES_MAX: Final = 200_000  # of one row: the search sorts them

# The application's statements may take five seconds; adding up a till of twenty years may take longer.
STATEMENT_SECONDS_MAX: Final = 60

CHECK, REPAIR, STOPPED, DONE = "check", "repair", "stopped", "done"  # phases of a run

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedBalance:
    """One model: what it is called on a screen, and where its figures stand."""

    title: str
    source: Source
    kinds: tuple[str, ...] = ()  # of accounts


CACHED_BALANCES: Final[Mapping[str, CachedBalance]] = MappingProxyType(
    {
        "customers": CachedBalance(gettext_noop("Customers"), ACCOUNTS, ("customer",)),
        "vendors": CachedBalance(gettext_noop("Vendors"), ACCOUNTS, ("vendor",)),
        "employees": CachedBalance(gettext_noop("Employees"), ACCOUNTS, ("employee",)),
        "members": CachedBalance(gettext_noop("Members"), ACCOUNTS, ("member",)),
        "cash_drawer_money": CachedBalance(gettext_noop("Cash in drawers"), ACCOUNTS, ("cash",)),
        "bank_accounts": CachedBalance(gettext_noop("Bank accounts"), ACCOUNTS, ("bank",)),
        "store_credit": CachedBalance(gettext_noop("Store credit"), ACCOUNTS, ("store_credit",)),
        "stock": CachedBalance(gettext_noop("Stock"), STOCK),
        "open_items": CachedBalance(gettext_noop("What is settled of documents"), OPEN_ITEMS),
        "daily_totals": CachedBalance(gettext_noop("Daily totals"), DAILY_TOTALS),
        # Reported, never repaired: which of the two is right is for a person to say. Source: product spec 9.
        "documents": CachedBalance(gettext_noop("Documents and their entries"), DOCUMENTS),
    }
)


@dataclass(frozen=True, kw_only=True)
class StartRecalculation:
    """Prove some models, or all."""

    id: uuid.UUID
    models: tuple[str, ...] = tuple(CACHED_BALANCES)
    fix: bool = False
    force: bool = False  # repair however much is wrong, and where entries are missing
    batch: int = BATCH  # rows a step looks at
    only_id: uuid.UUID | None = None  # a party, drawer, product, account or transaction; None: all there is
    fix_rows_max: int | None = None  # of one model; more wrong rows stop the repair. None: as many as the percentage
    fix_percent_max: Decimal = GUARD_PERCENT  # of the rows of one model, and of the money in them, 0 to 100
    fix_amount_max: Decimal | None = None  # of one model, whole units of each currency. None: the percentage
    since_run: bool = False  # only what moved since the last run, if that left nothing wrong


@dataclass(frozen=True, kw_only=True)
class ContinueRecalculation:
    """Take one step of a run, if nobody took it yet."""

    run_id: uuid.UUID
    step: int  # the steps that were taken when this one was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Where a run stands."""

    id: uuid.UUID
    models: tuple[str, ...]
    fix: bool
    force: bool
    batch: int
    phase: str
    model: str | None  # being looked at; None: all were
    after_id: uuid.UUID | None
    step: int
    rows_total: int
    rows_done: int
    rows_wrong: int
    rows_fixed: int
    only_id: uuid.UUID | None
    fix_rows_max: int | None
    fix_percent_max: Decimal
    fix_amount_max: Decimal | None
    since: dt.datetime | None

    @property
    def is_finished(self) -> bool:
        return self.phase in (STOPPED, DONE)


def recalculate_balances(
    command: StartRecalculation, uow: UnitOfWork, tell: Callable[[Run], None] = lambda _: None
) -> Run:
    """Start a run and take all its steps, each an act of its own, and tell of each. Raises what the two acts raise."""
    start_recalculation(command, uow)
    run = continue_recalculation(ContinueRecalculation(run_id=command.id, step=0), uow)
    while not run.is_finished:
        tell(run)
        run = continue_recalculation(ContinueRecalculation(run_id=run.id, step=run.step), uow)
    return run


@whole_act
def start_recalculation(command: StartRecalculation, uow: UnitOfWork) -> Recorded:
    """Write down a run that has not looked at anything yet.

    Raises:
        RuleViolationError: No models, an unknown one, or a batch that no step could hold.
        RecalculationRunningError: Another run of this shop is under way.
        ResubmissionError: The id was used for another run.
    """
    _must_be_known(command)
    with uow:
        if uow.is_resubmission(command, id=command.id):
            return Recorded(command.id, replayed=True)
        _must_be_alone(uow, command.id)
        since = _since(uow, command.models) if command.since_run else None
        uow.execute(
            """
            INSERT INTO recalculation_runs AS r
                   (tenant_id, id, models, fix, force, batch, actor_id, started_at, model, rows_total, only_id,
                    fix_rows_max, fix_percent_max, fix_amount_max, since)
            VALUES (%(tenant_id)s, %(id)s, %(models)s, %(fix)s, %(force)s, %(batch)s, %(actor_id)s, now(),
                    %(model)s, %(rows_total)s, %(only_id)s, %(fix_rows_max)s, %(fix_percent_max)s,
                    %(fix_amount_max)s, %(since)s)
            """,
            {
                "id": command.id,
                "models": list(command.models),
                "fix": command.fix,
                "force": command.force,
                "batch": command.batch,
                "actor_id": uow.actor_id,
                "model": command.models[0],
                "rows_total": sum(_count(uow, model, command.only_id, since) for model in command.models),
                "only_id": command.only_id,
                "fix_rows_max": command.fix_rows_max,
                "fix_percent_max": command.fix_percent_max,
                "fix_amount_max": command.fix_amount_max,
                "since": since,
            },
        )
    return Recorded(command.id)


@whole_act
def continue_recalculation(command: ContinueRecalculation, uow: UnitOfWork) -> Run:
    """Take the next step of a run: look at a batch of rows, or repair a batch of those found wrong.

    A step that somebody took already is not taken again; the answer says where the run stands.

    Raises:
        NotFoundError: The shop has no such run.
        RecalculationRunningError: Another run of this shop is under way.
    """
    with uow:
        uow.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
        run = _lock_run(uow, command.run_id)
        if run.is_finished or run.step != command.step:
            return run
        _must_be_alone(uow, run.id)
        taken = _check(uow, run) if run.phase == CHECK else _repair(uow, run)
        run = replace(taken, step=run.step + 1)
        _save_run(uow, run)
    return run


def _must_be_known(command: StartRecalculation) -> None:
    unknown = [model for model in command.models if model not in CACHED_BALANCES]
    if unknown or not command.models:
        raise RuleViolationError(
            gettext(
                "Choose what to recalculate. There is: %(cached_balances)s.", cached_balances=", ".join(CACHED_BALANCES)
            )
        )
    if len(set(command.models)) != len(command.models) or not 1 <= command.batch <= BATCH_MAX:
        raise RuleViolationError(
            gettext("Name each model once, and a batch from 1 to %(batch_max)s rows.", batch_max=BATCH_MAX)
        )
    if (command.fix_rows_max or 0) < 0 or not 0 <= command.fix_percent_max <= 100:
        raise RuleViolationError("Say how much may be repaired as a number of rows, or as 0 to 100 percent.")
    if command.fix_amount_max is not None and not 0 <= command.fix_amount_max < AMOUNT_END:
        raise RuleViolationError("Say how much money may be repaired as an amount from 0 on.")
    if command.since_run and command.only_id:
        raise RuleViolationError("Ask for one thing, or for all that moved since the last run.")


def _must_be_alone(uow: UnitOfWork, run_id: uuid.UUID) -> None:
    """Hold the shop's recalculation until the commit, and see that no other run is between two of its steps.

    The lock keeps two steps apart. Between its steps a run holds nothing; then its row says that it is under way.
    Two runs at once would do no harm to the books, but each would report what the other repairs.
    Source: product spec 9.
    """
    try:  # not without waiting: the step before, of this run, may be at the very end of its commit
        uow.execute("SET LOCAL lock_timeout = '500ms'")
        uow.execute("SELECT pg_advisory_xact_lock(hashtextextended('recalculation of shop ' || %(tenant_id)s, 0))")
        uow.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise RecalculationRunningError from error
        raise
    other = uow.execute(
        """
        SELECT 1 FROM recalculation_runs
         WHERE tenant_id = %(tenant_id)s AND id <> %(id)s AND finished_at IS NULL
           AND stepped_at > clock_timestamp() - %(left_after)s
        """,
        {"id": run_id, "left_after": LEFT_AFTER},
    ).first()
    if other:
        raise RecalculationRunningError


def _since(uow: UnitOfWork, models: tuple[str, ...]) -> dt.datetime | None:
    """Return when the last runs over all of these models began, if each left nothing wrong; otherwise nothing is known.

    A figure that was changed by hand without a transaction is found by a run that looks at everything only.
    """
    last = uow.execute(
        """
        SELECT min(r.started_at) AS started_at, bool_and(r.is_sound IS TRUE) AS is_sound
          FROM unnest(%(models)s::text[]) AS m(model)
          LEFT JOIN LATERAL (
                SELECT x.started_at, x.phase = 'done' AND x.rows_wrong = x.rows_fixed AS is_sound
                  FROM recalculation_runs AS x
                 WHERE x.tenant_id = %(tenant_id)s AND m.model = ANY(x.models) AND x.finished_at IS NOT NULL
                   AND x.only_id IS NULL
                 ORDER BY x.started_at DESC, x.id DESC
                 LIMIT 1) AS r ON true
        """,
        {"models": list(models)},
    ).one()
    return last.started_at - SINCE_MARGIN if last.is_sound else None


def _count(uow: UnitOfWork, model: str, only_id: uuid.UUID | None = None, since: dt.datetime | None = None) -> int:
    balance = CACHED_BALANCES[model]
    if only_id is not None:
        return len(cached_balances.find(uow, balance.source, balance.kinds, only_id))
    return cached_balances.count(uow, balance.source, balance.kinds, since)


def _lock_run(uow: UnitOfWork, run_id: uuid.UUID) -> Run:
    row = uow.execute(
        """
        SELECT id, models, fix, force, batch, phase, model, after_id, step, rows_total, rows_done, rows_wrong,
               rows_fixed, only_id, fix_rows_max, fix_percent_max, fix_amount_max, since
          FROM recalculation_runs
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"id": run_id},
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such recalculation in this shop.")
    return Run(**{**row._mapping, "models": tuple(row.models)})


def _save_run(uow: UnitOfWork, run: Run) -> None:
    uow.execute(
        """
        UPDATE recalculation_runs
           SET phase = %(phase)s, model = %(model)s, after_id = %(after_id)s, step = %(step)s,
               rows_total = %(rows_total)s, rows_done = %(rows_done)s, rows_wrong = %(rows_wrong)s,
               rows_fixed = %(rows_fixed)s, stepped_at = clock_timestamp(),
               finished_at = CASE WHEN %(is_finished)s THEN now() END
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {
            "id": run.id,
            "phase": run.phase,
            "model": run.model,
            "after_id": run.after_id,
            "step": run.step,
            "rows_total": run.rows_total,
            "rows_done": run.rows_done,
            "rows_wrong": run.rows_wrong,
            "rows_fixed": run.rows_fixed,
            "is_finished": run.is_finished,
        },
    )


def _check(uow: UnitOfWork, run: Run) -> Run:
    """Look at as many rows as a batch has, of one model or of several small ones."""
    left = run.batch
    while left and run.model is not None:
        balance = CACHED_BALANCES[run.model]
        look = _look(uow, run, balance, left)
        _write_down(uow, run, run.model, look.wrong, _explain(uow, run, look.wrong))
        _log("wrong", uow, run, run.model, look.wrong)
        run = replace(
            run,
            after_id=look.last_id,
            rows_done=run.rows_done + look.rows,
            rows_wrong=run.rows_wrong + len(look.wrong),
        )
        if look.rows < left or run.only_id:
            run = replace(run, model=_model_after(run), after_id=None)
        left -= min(look.rows, left)
    return _looked_at_everything(uow, run) if run.model is None else run


def _look(uow: UnitOfWork, run: Run, balance: CachedBalance, limit: int) -> Look:
    if run.only_id is None:
        return cached_balances.look_at_batch(uow, balance.source, balance.kinds, run.after_id, limit, run.since)
    ids = cached_balances.find(uow, balance.source, balance.kinds, run.only_id)
    return Look(len(ids), None, cached_balances.look_at(uow, balance.source, ids))


def _model_after(run: Run) -> str | None:
    following = run.models[run.models.index(run.model or "") + 1 :]
    return following[0] if following else None


def _looked_at_everything(uow: UnitOfWork, run: Run) -> Run:
    wrong = _repairable(uow, run) if run.fix else {}
    if not wrong:
        return replace(run, phase=DONE)
    if not run.force and any(_is_too_much(uow, run, model, rows) for model, rows in wrong.items()):
        log.error("recalculation %s of shop %s stopped: too much is wrong: %s", run.id, uow.tenant_id, wrong)
        return replace(run, phase=STOPPED)
    return replace(run, phase=REPAIR)


def _repairable(uow: UnitOfWork, run: Run) -> dict[str, int]:
    """Count the rows per model that are wrong and may be repaired."""
    rows = uow.execute(
        """
        SELECT model, count(DISTINCT holder_id) AS rows
          FROM balance_discrepancies
         WHERE tenant_id = %(tenant_id)s AND run_id = %(run_id)s AND fixed_at IS NULL AND refusal = ''
         GROUP BY model
        """,
        {"run_id": run.id},
    )
    return {row.model: row.rows for row in rows}


def _is_too_much(uow: UnitOfWork, run: Run, model: str, wrong: int) -> bool:
    """Say whether so many rows of a model are wrong, or so much money, that somebody has to look first.

    Source: product spec 9.
    """
    return _are_too_many(uow, run, model, wrong) or _is_too_much_money(uow, run, model)


def _are_too_many(uow: UnitOfWork, run: Run, model: str, wrong: int) -> bool:
    if run.fix_rows_max is not None:
        return wrong > run.fix_rows_max
    rows = _count(uow, model)
    return rows >= GUARD_ROWS_MIN and wrong * 100 > rows * run.fix_percent_max


def _is_too_much_money(uow: UnitOfWork, run: Run, model: str) -> bool:
    off = _money_off(uow, run, model)
    if run.fix_amount_max is not None:
        return any(each > run.fix_amount_max * 10 ** exponent(currency) for currency, each in off.items())
    if _count(uow, model) < GUARD_ROWS_MIN:
        return False
    balance = CACHED_BALANCES[model]
    held = cached_balances.held(uow, balance.source, balance.kinds)
    return any(each * 100 > held.get(currency, 0) * run.fix_percent_max for currency, each in off.items())


def _money_off(uow: UnitOfWork, run: Run, model: str) -> dict[str, Decimal]:
    """Return by how much the rows to be repaired are off together, whichever way: minor units by currency."""
    rows = uow.execute(
        """
        SELECT currency, sum(abs(difference)) AS amount
          FROM balance_discrepancies
         WHERE tenant_id = %(tenant_id)s AND run_id = %(run_id)s AND model = %(model)s AND figure = %(figure)s
           AND fixed_at IS NULL AND refusal = ''
         GROUP BY currency
        """,
        {"run_id": run.id, "model": model, "figure": CACHED_BALANCES[model].source.amount},
    )
    return {row.currency: row.amount for row in rows}


def _repair(uow: UnitOfWork, run: Run) -> Run:
    """Put a batch of the rows found wrong right, all of one model."""
    model, ids = _next_to_repair(uow, run)
    source = CACHED_BALANCES[model].source
    # Lock, then look: what was seen before the lock is stale, and a look in the same statement as the lock would not
    # see what a sale committed while we waited for it. Source: design §5.
    cached_balances.lock(uow, source, ids)
    wrong = cached_balances.look_at(uow, source, ids)
    repaired = [each for each in wrong if not each.refusal(force=run.force)]
    cached_balances.write(uow, source, repaired)
    _write_down(uow, run, model, wrong, _UNEXPLAINED)
    _settle(uow, run, model, ids, repaired)
    if repaired:
        told = {"model": model, "repaired": len(repaired), "forced": run.force}
        uow.audit("recalculation.repair", holder=run.id, after=told)
    uow.after_commit(lambda: _log("repaired", uow, run, model, repaired))
    after = replace(run, rows_fixed=run.rows_fixed + len(repaired))
    return after if _repairable(uow, run) else replace(after, phase=DONE)


def _next_to_repair(uow: UnitOfWork, run: Run) -> tuple[str, list[uuid.UUID]]:
    rows = uow.execute(
        """
        SELECT DISTINCT model, holder_id
          FROM balance_discrepancies
         WHERE tenant_id = %(tenant_id)s AND run_id = %(run_id)s AND fixed_at IS NULL AND refusal = ''
         ORDER BY model, holder_id
         LIMIT %(batch)s
        """,
        {"run_id": run.id, "batch": run.batch},
    ).all()
    model = rows[0].model
    return model, [row.holder_id for row in rows if row.model == model]


@dataclass(frozen=True, slots=True)
class _Explained:
    """Where rows part from their entries, and whose document is suspected: transactions by row."""

    firsts: Mapping[uuid.UUID, uuid.UUID]
    suspects: Mapping[uuid.UUID, uuid.UUID]


_UNEXPLAINED: Final = _Explained(MappingProxyType({}), MappingProxyType({}))


def _explain(uow: UnitOfWork, run: Run, wrong: Sequence[Wrong]) -> _Explained:
    """Find where the first of those found wrong part from their entries; nobody asks that of thousands."""
    source = CACHED_BALANCES[run.model or ""].source
    asked = wrong[: max(0, EXPLAINED_MAX - run.rows_wrong)]
    if not asked or not source.write:
        return _UNEXPLAINED
    few = [each for each in asked if max(each.cached[-1], each.computed[-1]) <= EXPLAINED_ENTRIES_MAX]
    return _Explained(
        cached_balances.first_transactions(uow, source, few),
        find_suspects(uow, source, asked),
    )


def _write_down(uow: UnitOfWork, run: Run, model: str, wrong: Sequence[Wrong], explained: _Explained) -> None:
    """Record each figure that differs; what is seen under lock replaces what was seen before."""
    if not wrong:
        return
    source = CACHED_BALANCES[model].source
    figures = [
        (each, figure, cached, computed)
        for each in wrong
        for figure, cached, computed in zip(each.figures, each.cached, each.computed, strict=True)
        if cached != computed
    ]
    uow.execute(
        """
        INSERT INTO balance_discrepancies AS b
               (tenant_id, run_id, model, holder_id, holder, figure, currency, cached, computed,
                first_transaction_id, suspect_id, found_at, refusal)
        SELECT r.tenant_id, r.id, %(model)s, n.holder_id, n.holder, n.figure, n.currency, n.cached, n.computed,
               n.first_transaction_id, n.suspect_id, now(), n.refusal
          FROM recalculation_runs AS r
         CROSS JOIN unnest(%(holder_ids)s::uuid[], %(holders)s::text[], %(figures)s::text[], %(currencies)s::text[],
                           %(cached)s::numeric[], %(computed)s::numeric[], %(firsts)s::uuid[], %(suspects)s::uuid[],
                           %(refusals)s::text[])
               AS n(holder_id, holder, figure, currency, cached, computed, first_transaction_id, suspect_id, refusal)
         WHERE r.tenant_id = %(tenant_id)s AND r.id = %(run_id)s
        ON CONFLICT (tenant_id, run_id, model, holder_id, figure)
        DO UPDATE SET cached = excluded.cached, computed = excluded.computed, refusal = excluded.refusal
        """,
        {
            "run_id": run.id,
            "model": model,
            "holder_ids": [each.id for each, _, _, _ in figures],
            "holders": [each.holder for each, _, _, _ in figures],
            "figures": [figure for _, figure, _, _ in figures],
            "currencies": [figure.partition(" ")[2] or each.currency for each, figure, _, _ in figures],
            "cached": [cached for _, _, cached, _ in figures],
            "computed": [computed for _, _, _, computed in figures],
            "firsts": [explained.firsts.get(each.id) for each, _, _, _ in figures],
            "suspects": [explained.suspects.get(each.id) for each, _, _, _ in figures],
            "refusals": [_refusal(source, each, run) for each, _, _, _ in figures],
        },
    )


def _refusal(source: Source, wrong: Wrong, run: Run) -> str:
    return wrong.refusal(force=run.force) if source.write else cached_balances.REPORTED_ONLY


def _settle(uow: UnitOfWork, run: Run, model: str, ids: Sequence[uuid.UUID], repaired: Sequence[Wrong]) -> None:
    """Mark what was repaired, and say of the rest that it was right again before we held it."""
    uow.execute(
        """
        UPDATE balance_discrepancies AS b
           SET fixed_at = CASE WHEN b.holder_id = ANY(%(repaired)s::uuid[]) THEN now() END,
               refusal = CASE WHEN b.holder_id = ANY(%(repaired)s::uuid[]) OR b.refusal <> '' THEN b.refusal
                              ELSE 'It was right again when it was locked for the repair.' END
         WHERE b.tenant_id = %(tenant_id)s AND b.run_id = %(run_id)s AND b.model = %(model)s
           AND b.holder_id = ANY(%(ids)s::uuid[])
        """,
        {"run_id": run.id, "model": model, "ids": list(ids), "repaired": [each.id for each in repaired]},
    )


def _log(outcome: str, uow: UnitOfWork, run: Run, model: str, rows: Sequence[Wrong]) -> None:
    """Leave a line for each row, with what stood there and what its entries say."""
    if outcome == "wrong":
        meters.count("ledger_rows_wrong_total", len(rows), model=model)
    for row in rows:
        log.warning(
            "balance %s: shop %s, run %s, by %s: %s %s: %s cached %s, computed %s",
            outcome,
            uow.tenant_id,
            run.id,
            uow.actor_id or "the command",
            model,
            row.id,
            "/".join(row.figures),
            "/".join(map(str, row.cached)),
            "/".join(map(str, row.computed)),
        )
