"""Where a recalculation stands, and why something it found was not repaired.

Why: a run first looks at everything and only then repairs, so that it can stop before a mistake in the
calculation overwrites good figures; each step is counted, so that two people driving one run do none of it twice.
What a repair found under its locks replaces what the look before found: figures go on moving while a shop trades.
Old code beside it: no, the release before this one never ran a recalculation.
"""

from migrations.tenant_tables import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE recalculation_runs
            ADD COLUMN force boolean NOT NULL DEFAULT false,
            ADD COLUMN phase text NOT NULL DEFAULT 'check',
            ADD COLUMN batch integer NOT NULL DEFAULT 1000,
            ADD COLUMN step integer NOT NULL DEFAULT 0,
            ADD COLUMN rows_wrong bigint NOT NULL DEFAULT 0,
            ADD COLUMN rows_fixed bigint NOT NULL DEFAULT 0;
        ALTER TABLE recalculation_runs
            ADD CONSTRAINT recalculation_runs_phase_is_known
                CHECK (phase IN ('check', 'repair', 'stopped', 'done')) NOT VALID;
        ALTER TABLE recalculation_runs VALIDATE CONSTRAINT recalculation_runs_phase_is_known;
        ALTER TABLE balance_discrepancies ADD COLUMN refusal text NOT NULL DEFAULT '';
        GRANT UPDATE (cached, computed, refusal) ON balance_discrepancies TO ledger_app;
        """
    )


def downgrade() -> None:
    run(
        """
        REVOKE UPDATE (cached, computed, refusal) ON balance_discrepancies FROM ledger_app;
        ALTER TABLE balance_discrepancies DROP COLUMN refusal;
        ALTER TABLE recalculation_runs
            DROP COLUMN force, DROP COLUMN phase, DROP COLUMN batch, DROP COLUMN step, DROP COLUMN rows_wrong,
            DROP COLUMN rows_fixed;
        """
    )
