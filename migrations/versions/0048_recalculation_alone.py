"""One recalculation of a shop at a time, only of what moved if asked, and no more money than was agreed.

Why: two runs over the same rows tell of each other's repairs. A run says when it took its last step, so that another
one waits for it, but not for one that somebody left. A run of every night need only look at what moved since the
last one that found all right. A few wrong rows can be most of the money, so the guard measures amounts, too.
Old code beside it: yes, its runs do not say when they stepped, and nobody waits for them.
"""

from migrations.tenant_tables import run

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE recalculation_runs
            ADD COLUMN since timestamptz,
            ADD COLUMN stepped_at timestamptz,
            ADD COLUMN fix_amount_max numeric(24, 6);
        ALTER TABLE recalculation_runs
            ADD CONSTRAINT recalculation_runs_amount_is_sane
                CHECK (fix_amount_max >= 0 AND fix_amount_max <> 'NaN') NOT VALID;
        ALTER TABLE recalculation_runs VALIDATE CONSTRAINT recalculation_runs_amount_is_sane;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE recalculation_runs
            DROP COLUMN fix_amount_max, DROP COLUMN stepped_at, DROP COLUMN since;
        """
    )
