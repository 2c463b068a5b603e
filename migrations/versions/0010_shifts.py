"""Shifts: a drawer from its opening to its closing, what was counted, and the Z report that never changes.

Why: cash that a sale moves belongs to a shift. The drawer's accounts say since when it is open, so that the guard of
the posting UPDATE reads it from the very row it locks: a sale that waits for a closing finds the drawer closed, without
a lock or a statement of its own. A report is stored with the digest of the one before it.
Old code beside it: yes, it neither reads nor writes any of this.
"""

from migrations.tenant_tables import protect, run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE accounts ADD COLUMN shift_opened_at timestamptz;
        ALTER TABLE accounts ADD CONSTRAINT accounts_only_cash_has_shifts
            CHECK (shift_opened_at IS NULL OR kind = 'cash');
        GRANT UPDATE (shift_opened_at) ON accounts TO ledger_app;

        ALTER TABLE tenants ADD COLUMN over_short_limit bigint;
        ALTER TABLE tenants ADD CONSTRAINT tenants_over_short_limit_never_negative CHECK (over_short_limit >= 0);
        ALTER TABLE tenants ADD COLUMN blind_count boolean NOT NULL DEFAULT false;

        CREATE INDEX transactions_by_posting ON transactions (tenant_id, posted_at, id);

        CREATE TABLE shifts (
            tenant_id bigint NOT NULL,
            id        uuid NOT NULL,
            drawer_id uuid NOT NULL,
            opened_by uuid,
            opened_at timestamptz NOT NULL,
            closed_by uuid,
            closed_at timestamptz,
            note      text NOT NULL DEFAULT '',
            CONSTRAINT shifts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT shifts_drawer_fkey FOREIGN KEY (tenant_id, drawer_id) REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT shifts_opener_fkey FOREIGN KEY (tenant_id, opened_by) REFERENCES users (tenant_id, id),
            CONSTRAINT shifts_closer_fkey FOREIGN KEY (tenant_id, closed_by) REFERENCES users (tenant_id, id),
            CONSTRAINT shifts_close_after_they_open CHECK (closed_at >= opened_at)
        );
        CREATE UNIQUE INDEX shifts_one_open_a_drawer ON shifts (tenant_id, drawer_id) WHERE closed_at IS NULL;
        CREATE INDEX shifts_drawer_idx ON shifts (tenant_id, drawer_id, opened_at);
        CREATE INDEX shifts_opener_idx ON shifts (tenant_id, opened_by);
        CREATE INDEX shifts_closer_idx ON shifts (tenant_id, closed_by) WHERE closed_by IS NOT NULL;

        CREATE TABLE shift_counts (
            tenant_id bigint NOT NULL,
            shift_id  uuid NOT NULL,
            moment    text NOT NULL,
            currency  char(3) NOT NULL,
            expected  bigint NOT NULL,
            counted   bigint NOT NULL,
            pieces    jsonb NOT NULL DEFAULT '{}',
            CONSTRAINT shift_counts_pkey PRIMARY KEY (tenant_id, shift_id, moment, currency),
            CONSTRAINT shift_counts_shift_fkey FOREIGN KEY (tenant_id, shift_id) REFERENCES shifts (tenant_id, id),
            CONSTRAINT shift_counts_moment_is_known CHECK (moment IN ('opening', 'closing')),
            CONSTRAINT shift_counts_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT shift_counts_never_negative CHECK (expected >= 0 AND counted BETWEEN 0 AND 1000000000000000)
        );

        CREATE TABLE z_reports (
            tenant_id bigint NOT NULL,
            shift_id  uuid NOT NULL,
            number    text COLLATE "C" NOT NULL,
            made_at   timestamptz NOT NULL,
            contents  jsonb NOT NULL,
            previous  bytea,
            digest    bytea NOT NULL,
            CONSTRAINT z_reports_pkey PRIMARY KEY (tenant_id, shift_id),
            CONSTRAINT z_reports_number_key UNIQUE (tenant_id, number),
            CONSTRAINT z_reports_shift_fkey FOREIGN KEY (tenant_id, shift_id) REFERENCES shifts (tenant_id, id),
            CONSTRAINT z_reports_digests_are_sha256
                CHECK (octet_length(digest) = 32 AND (previous IS NULL OR octet_length(previous) = 32))
        );
        """
    )
    protect("shifts", grants="SELECT, INSERT, UPDATE (closed_by, closed_at, note)")
    protect("shift_counts", grants="SELECT, INSERT")
    protect("z_reports", grants="SELECT, INSERT")


def downgrade() -> None:
    run(
        """
        DROP TABLE z_reports, shift_counts, shifts;
        DROP INDEX transactions_by_posting;
        ALTER TABLE tenants DROP COLUMN blind_count;
        ALTER TABLE tenants DROP COLUMN over_short_limit;
        ALTER TABLE accounts DROP COLUMN shift_opened_at;
        """
    )
