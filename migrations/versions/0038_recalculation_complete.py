"""Recalculation of one thing, with a guard of one's own; the document that is suspected; the closing of a shift.

Why: a run may look at one holder only, and may be told how much it may repair before it stops to ask. Beside the
transaction from which on figures and entries differ stands the document that itself disagrees with its entries. A
closing was linked to its shift by nothing but the clock; now the shift names the transaction that closed it, so that
what was counted can be held against what was posted.
Old code beside it: yes, it leaves all of this empty; shifts it closes are not held against their closing.
"""

from migrations.tenant_tables import run

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE recalculation_runs
            ADD COLUMN only_id uuid,
            ADD COLUMN fix_rows_max bigint,
            ADD COLUMN fix_percent_max numeric(6, 3) NOT NULL DEFAULT 1;
        ALTER TABLE recalculation_runs
            ADD CONSTRAINT recalculation_runs_guard_is_sane
                CHECK (fix_rows_max >= 0 AND fix_percent_max BETWEEN 0 AND 100) NOT VALID;
        ALTER TABLE recalculation_runs VALIDATE CONSTRAINT recalculation_runs_guard_is_sane;
        ALTER TABLE balance_discrepancies ADD COLUMN suspect_id uuid;

        ALTER TABLE shifts ADD COLUMN closed_in uuid;
        ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE shifts NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE shifts ADD CONSTRAINT shifts_closing_fkey
            FOREIGN KEY (tenant_id, closed_in) REFERENCES transactions (tenant_id, id);
        ALTER TABLE shifts FORCE ROW LEVEL SECURITY;
        ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
        CREATE INDEX shifts_closing_idx ON shifts (tenant_id, closed_in) WHERE closed_in IS NOT NULL;
        GRANT UPDATE (closed_in) ON shifts TO ledger_app;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE shifts DROP COLUMN closed_in;
        ALTER TABLE balance_discrepancies DROP COLUMN suspect_id;
        ALTER TABLE recalculation_runs
            DROP COLUMN fix_percent_max, DROP COLUMN fix_rows_max, DROP COLUMN only_id;
        """
    )
