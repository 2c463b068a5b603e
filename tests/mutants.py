"""Deliberate faults, planted one at a time in a copy of the tree: `python -m tests.mutants [name …]`.

Each is one exact replacement and names the tests that must fail because of it. A fault that nothing catches ends the
run with 1. The copy lies below var/ and is removed; the tree itself is never touched.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger_web.config import ROOT

COPIED = ("app.py", "pyproject.toml", "README.md", "ledger_web", "migrations", "static", "templates", "tests")
SECONDS_MAX = 600
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken, where, and who should notice."""

    name: str
    path: str
    right: str
    wrong: str
    tests: str


SURFACE = "tests/isolation/test_browser_surface.py"
CATALOGUE = "tests/isolation/test_catalogue.py"
FAULTS = (
    Fault(
        "a policy that shows every shop's rows",
        "migrations/tenant_tables.py", "            USING ({POLICY})\n", "            USING (true)\n",
        f"{CATALOGUE} -k policy",
    ),
    Fault(
        "a policy that takes rows of every shop",
        "migrations/tenant_tables.py", "            WITH CHECK ({POLICY});\n", "            WITH CHECK (true);\n",
        f"{CATALOGUE} -k policy",
    ),
    Fault(
        "row-level security that the owner steps around",
        "migrations/tenant_tables.py", "        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n", "",
        f"{CATALOGUE} -k forced",
    ),
    Fault(
        "balances moved without a lock",
        "ledger_web/services/posting.py",
        "         ORDER BY id\n           FOR NO KEY UPDATE\n    ), moved AS (",
        "         ORDER BY id\n    ), moved AS (",
        "tests/test_races.py tests/services/test_sales.py -k c5_or_c6_or_race".replace("_or_", " or "),
    ),
    Fault(
        "a lock that fights foreign keys",
        "ledger_web/services/posting.py",
        "         ORDER BY id\n           FOR NO KEY UPDATE\n    ), moved AS (",
        "         ORDER BY id\n           FOR UPDATE\n    ), moved AS (",
        "tests/test_cluster_rules.py",
    ),
    Fault(
        "a form that comes again with another meaning is taken for the first",
        "ledger_web/services/unit_of_work.py",
        "            self._must_match(stored, header.fingerprint)\n", "",
        "tests/services/test_transfers.py -k twice",
    ),
    Fault(
        "a form that comes again is done again",
        "ledger_web/services/unit_of_work.py",
        "        header = posting.Header(\n            id=id,\n", "        header = posting.Header(\n            id=uuid.uuid4(),\n",
        "tests/services/test_sales.py -k ten_callers",
    ),
    Fault(
        "a float on the way of money",
        "ledger_web/services/posting.py", "    debits, credits, _ = sums\n", "    debits, credits, _ = sums\n    debits = int(float(debits))\n",
        "tests/test_ledger_promises.py -k float",
    ),
    Fault(
        "a route without a guard",
        "ledger_web/blueprints/drawers.py", "@permission_required(DRAWER_VIEW)\n", "@permission_required(\"public\")\n",
        "tests/blueprints/test_drawers.py tests/test_identity.py",
    ),
    Fault(
        "a name shown as it was typed",
        "templates/products/show.html", "<h1><bdi>{{ product.name }}", "<h1><bdi>{{ product.name|safe }}",
        "tests/isolation/test_hostile_names.py",
    ),
    Fault(
        "a page that writes when it is asked",
        "ledger_web/queries/home.py",
        '    """Return today\'s figures. The day is the shop\'s, by the database\'s clock; only its two days are read."""\n',
        "    session_of(tenant_id).execute(text(\"UPDATE users SET name = name || '.' WHERE tenant_id = :tenant_id\"),"
        ' {"tenant_id": tenant_id})\n    session_of(tenant_id).commit()\n',
        f"{SURFACE} -k asking",
    ),
    Fault(
        "a shop that stays on the connection",
        "ledger_web/models/base.py", "f\"SET LOCAL app.tenant_id = '{shop}'\"", "f\"SET SESSION app.tenant_id = '{shop}'\"",
        "tests/isolation/test_pool.py",
    ),
    Fault(
        "an address looked up once for all",
        "ledger_web/queries/tenants.py",
        "def find_tenant(slug: str)", "import functools\n\n\n@functools.cache\ndef find_tenant(slug: str)",
        "tests/test_tenancy.py",
    ),
    Fault(
        "a bulk path that skips balances",
        "ledger_web/services/batches.py",
        "runs(each.entries for each in standing))", "{})",
        "tests/services/test_batches.py",
    ),
    Fault(
        "forms taken from a sibling's page",
        "ledger_web/csrf.py", "    if not is_own:\n", "    if False:\n",
        f"{SURFACE} -k another_place",
    ),
    Fault(
        "forms taken without their token",
        "ledger_web/csrf.py", "    CSRFProtect(app)\n", "    app.config['WTF_CSRF_ENABLED'] = False\n    CSRFProtect(app)\n",
        f"{SURFACE} -k token",
    ),
    Fault(
        "a session that a sibling may shadow",
        "ledger_web/identity.py", 'SESSION_COOKIE = "__Host-sid"', 'SESSION_COOKIE = "sid"',
        "tests/test_cookies.py tests/blueprints/test_auth.py",
    ),
    Fault(
        "a session of one shop good at another",
        "ledger_web/queries/identity.py", 'is_there="d.slug = %(slug)s"', "is_there=\"d.status <> 'former'\"",
        "tests/test_identity.py tests/isolation/test_routes.py -k cookie",
    ),
    Fault(
        "a session of one shop good at the domain of another",
        "ledger_web/queries/identity.py", " AND h.host = %(host)s", "",
        "tests/blueprints/test_domains.py",
    ),
    Fault(
        "a session that never ends",
        "ledger_web/queries/identity.py", "       AND s.last_seen_at > now() - interval '30 minutes'\n", "",
        "tests/test_identity.py tests/blueprints/test_auth.py",
    ),
    Fault(
        "scripts of anybody allowed",
        "ledger_web/headers.py", "script-src 'self'; style-src", "script-src 'self' 'unsafe-inline'; style-src",
        "tests/test_headers.py",
    ),
    Fault(
        "pages kept by browsers",
        "ledger_web/headers.py", '        return "no-store"\n', '        return "private, max-age=60"\n',
        f"{SURFACE} tests/test_headers.py -k sealed",
    ),
    Fault(
        "signing in leads to any place",
        "ledger_web/rendering.py",
        "    if not text or not _PLAIN_PATH.fullmatch(text):\n        return None\n", "    return text\n",
        f"{SURFACE} -k s10",
    ),
    Fault(
        "numbers with gaps",
        "ledger_web/services/numbering.py", "n.last_number + 1\n", "n.last_number + 2\n",
        "tests/services/test_sales.py",
    ),
    Fault(
        "credit without a limit",
        "ledger_web/services/posting.py",
        "           AND (n.highest IS NULL OR l.ceiling IS NULL OR l.balance + n.highest <= l.ceiling)\n", "",
        "tests/services/test_sales.py -k limit",
    ),
    Fault(
        "a commit that is lost is not tried again",
        "ledger_web/services/unit_of_work.py", "        error.connection_invalidated\n        or getattr", "        getattr",
        "tests/faults/test_network.py -k x3",
    ),
    Fault(
        "goods that do not come back",
        "ledger_web/services/reversals.py", "    return Reversal(transaction_id, entries, _goods_of(act, transaction_id))", "    return Reversal(transaction_id, entries, ())",
        "tests/services/test_sales.py -k delet",
    ),
    Fault(
        "a half rounded down",
        "ledger_web/domain/numbers.py", "rounding=ROUND_HALF_UP))", "rounding='ROUND_HALF_DOWN'))",
        "tests/domain",
    ),
    Fault(
        "acts that leave no trace",
        "ledger_web/services/rates.py", '        uow.audit("rate.record"', '        (lambda *a, **k: None)("rate.record"',
        "tests/services/test_what_is_written_down.py",
    ),
    Fault(
        "cells that a spreadsheet computes",
        "ledger_web/domain/sheets.py", "    return f\"'{text}\" if re.match(FORMULA, text) else text\n", "    return text\n",
        "tests/domain/test_sheets.py",
    ),
    Fault(
        "an index in the way of updates in place",
        "migrations/versions/0044_last_sale.py", "        DROP INDEX sales_cashier_idx;\n", "        DROP INDEX sales_cashier_idx;\n        CREATE INDEX accounts_by_balance ON accounts (tenant_id, balance);\n",
        "tests/test_indexes.py",
    ),
    Fault(
        "a list that reads every payment for each of its lines",
        "ledger_web/queries/statements.py", "CASE WHEN r.id IS NULL THEN t.id ELSE r.id END), '') AS party", "coalesce(r.id, t.id)), '') AS party",
        "tests/test_index_use.py",
    ),
    Fault(
        "a statement that forgets whose rows it wants",
        "ledger_web/queries/rates.py", "tenant_id = :tenant_id", "true",
        "tests/test_cluster_rules.py",
    ),
    Fault(
        "refunds that nobody counts",
        "ledger_web/services/sale_returns.py", "    if not gone:\n        return True\n    done", "    if True:\n        return True\n    done",
        "tests/services/test_sale_returns.py",
    ),
    Fault(
        "a debt looked at before it is held",
        "ledger_web/services/sale_returns.py", "        open_items.hold_parties(act, {debtor})\n", "        pass\n",
        "tests/services/test_sale_returns.py -k c3",
    ),
    Fault(
        "foreign change given back at par",
        "ledger_web/domain/tenders.py", "    given = change.rate.convert(change.amount, change.currency)\n", "    given = change.amount\n",
        "tests/domain/test_tenders.py",
    ),
    Fault(
        "what rounding leaves is lost",
        "ledger_web/domain/money.py", "        floors[line] += 1\n", "        floors[line] += 0\n",
        "tests/domain/test_money.py",
    ),
    Fault(
        "a till that was taken away and still opens",
        "ledger_web/services/tills.py", "           AND t.removed_at IS NULL\n        RETURNING u.id", "        RETURNING u.id",
        "tests/services/test_ways_in.py",
    ),
    Fault(
        "one code that opens two windows",
        "ledger_web/services/credentials.py", " AND totp_step < %(step)s\n", "\n",
        "tests/services/test_ways_in.py -k s7",
    ),
    Fault(
        "an owner who may not come in counts as one",
        "ledger_web/services/reach.py", "         WHERE u.tenant_id = %(tenant_id)s\n           AND u.active\n", "         WHERE u.tenant_id = %(tenant_id)s\n",
        "tests/services/test_people.py -k owner",
    ),
    Fault(
        "somebody approves their own act",
        "ledger_web/services/approvals.py", " or found.id == uow.actor_id:", ":",
        "tests/services/test_approvals.py",
    ),
    Fault(
        "what is undone does not mind the lock date",
        "ledger_web/services/posting.py", "least(coalesce(n.occurred_on, s.today), n.reverses_on)", "coalesce(n.occurred_on, s.today)",
        "tests/services/test_books.py",
    ),
    Fault(
        "what came is waited for once more",
        "ledger_web/services/purchase_parts.py", "l.unit_id, l.quantity - n.came,", "l.unit_id, l.quantity,",
        "tests/services/test_purchase_parts.py",
    ),
    Fault(
        "a recalculation that overlooks the drawers",
        "ledger_web/services/recalculation.py", 'ACCOUNTS, ("cash",)', "ACCOUNTS, ()",
        "tests/services/test_recalculation.py",
    ),
    Fault(
        "a domain proved by another shop's record",
        "ledger_web/services/domains.py", '        if f"{PROOF}{claim.token}" not in command.found:', "        if not any(each.startswith(PROOF) for each in command.found):",
        "tests/services/test_domains.py",
    ),
    Fault(
        "an erased shop that leaves its domain behind",
        "ledger_web/services/shop_archives.py", 'for directory in ("tenant_directory", "domain_directory"):', 'for directory in ("tenant_directory",):',
        "tests/services/test_domains.py -k erased",
    ),
    Fault(
        "a file that tells everybody what goods cost",
        "ledger_web/blueprints/stock.py", "    sees_cost = may(PRODUCT_COST)\n    yield (\n", "    sees_cost = True\n    yield (\n",
        "tests/blueprints/test_stock.py",
    ),
    Fault(
        "a list of products that tells everybody what they cost",
        "ledger_web/blueprints/product_imports.py", "    sees_cost = may(PRODUCT_COST)", "    sees_cost = True",
        "tests/blueprints/test_product_imports.py -k cost",
    ),
    Fault(
        "an isolation check that takes every answer",
        "ledger_web/services/isolation_trials.py", "    return Trial(relation, tried, held,", "    return Trial(relation, tried, True,",
        "tests/isolation/test_check_command.py",
    ),
)  # fmt: skip


def main(names: Sequence[str]) -> int:
    uncaught = 0
    for fault in FAULTS:  # none is found out of date after an hour
        if fault.right not in (ROOT / fault.path).read_text():
            print(f"{fault.name}: {fault.path} does not say {fault.right!r} any more")
            return 1
    (ROOT / "var").mkdir(exist_ok=True)
    for fault in FAULTS:
        if names and fault.name not in names:
            continue
        began = time.monotonic()
        caught_by = _caught_by(fault)
        uncaught += not caught_by
        told = ", ".join(caught_by[:3]) or "NOTHING"
        print(f"{fault.name}: {told} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{uncaught} faults that nothing caught")
    return 1 if uncaught else 0


def _caught_by(fault: Fault) -> list[str]:
    """Plant a fault in a fresh copy and return the tests that failed."""
    copy = Path(tempfile.mkdtemp(prefix="mutant-", dir=ROOT / "var"))
    try:
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        _plant(fault, copy)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--maxfail=1", "--no-header", *_arguments(fault.tests)],
            cwd=copy, capture_output=True, text=True, timeout=SECONDS_MAX,
        )  # fmt: skip
        return FAILED.findall(done.stdout) or (["it does not even start"] if done.returncode not in {0, 5} else [])
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _plant(fault: Fault, copy: Path) -> None:
    path = copy / fault.path
    path.write_text(path.read_text().replace(fault.right, fault.wrong, 1))


def _arguments(tests: str) -> list[str]:
    files, _, chosen = tests.partition(" -k ")
    return [*files.split(), *(["-k", chosen] if chosen else [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
