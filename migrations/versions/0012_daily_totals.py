"""What moved each account on each day, added up, and what has to be added up again.

Why: a balance at any day, a trial balance and a profit and loss are read from a row for each account and day, so they
cost the same with a million entries as with ten thousand. Postings into days that are old enough to be totalled leave
a mark in their own transaction; whoever reads takes a marked day from its entries until it was added up again, so no
reader ever sees an old figure. Source: design §5.2.

`tenants.totalled_before` is the first day that is not totalled yet. It only ever grows.
Old code beside it: no. It leaves no marks, and a posting of its into an older day would be missing in the totals.
"""

from migrations.tenant_tables import protect, run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE tenants ADD COLUMN totalled_before date NOT NULL DEFAULT '2000-01-01';

        CREATE TABLE daily_totals (
            tenant_id  bigint NOT NULL,
            account_id uuid NOT NULL,
            day        date NOT NULL,
            debits     bigint NOT NULL,
            credits    bigint NOT NULL,
            entries    bigint NOT NULL,
            CONSTRAINT daily_totals_pkey PRIMARY KEY (tenant_id, account_id, day) INCLUDE (debits, credits),
            CONSTRAINT daily_totals_account_fkey FOREIGN KEY (tenant_id, account_id)
                REFERENCES accounts (tenant_id, id),
            CONSTRAINT daily_totals_never_negative CHECK (debits >= 0 AND credits >= 0 AND entries >= 0)
        );

        CREATE TABLE daily_total_marks (
            tenant_id  bigint NOT NULL,
            account_id uuid NOT NULL,
            day        date NOT NULL,
            id         uuid NOT NULL,
            CONSTRAINT daily_total_marks_pkey PRIMARY KEY (tenant_id, account_id, day, id),
            CONSTRAINT daily_total_marks_account_fkey FOREIGN KEY (tenant_id, account_id)
                REFERENCES accounts (tenant_id, id)
        );

        CREATE TABLE daily_total_failures (
            tenant_id  bigint NOT NULL,
            account_id uuid NOT NULL,
            day        date NOT NULL,
            attempts   integer NOT NULL,
            reason     text NOT NULL,
            failed_at  timestamptz NOT NULL,
            retry_at   timestamptz NOT NULL,
            CONSTRAINT daily_total_failures_pkey PRIMARY KEY (tenant_id, account_id, day),
            CONSTRAINT daily_total_failures_account_fkey FOREIGN KEY (tenant_id, account_id)
                REFERENCES accounts (tenant_id, id),
            CONSTRAINT daily_total_failures_are_counted CHECK (attempts > 0)
        );
        """
    )
    protect("daily_totals", grants="SELECT, INSERT, UPDATE (debits, credits, entries)")
    protect("daily_total_marks", grants="SELECT, INSERT, DELETE")
    protect("daily_total_failures", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run(
        """
        DROP TABLE daily_total_failures, daily_total_marks, daily_totals;
        ALTER TABLE tenants DROP COLUMN totalled_before;
        """
    )
