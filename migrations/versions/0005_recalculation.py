"""Runs of the recalculation and what they found.

Why: a run is worked off in batches, each a request or a step of the command, and can be resumed where it stopped:
its place is a row, and so is every difference it found.
Old code beside it: yes, nothing is changed.
"""

from migrations.tenant_tables import protect, run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE recalculation_runs (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            models      text[] NOT NULL,
            fix         boolean NOT NULL,
            actor_id    uuid,
            started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
            finished_at timestamptz,
            model       text,
            after_id    uuid,
            rows_total  bigint NOT NULL,
            rows_done   bigint NOT NULL DEFAULT 0,
            CONSTRAINT recalculation_runs_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT recalculation_runs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT recalculation_runs_actor_fkey FOREIGN KEY (tenant_id, actor_id)
                REFERENCES users (tenant_id, id)
        );
        CREATE INDEX recalculation_runs_actor_idx ON recalculation_runs (tenant_id, actor_id);

        CREATE TABLE balance_discrepancies (
            tenant_id            bigint NOT NULL,
            run_id               uuid NOT NULL,
            model                text NOT NULL,
            holder_id            uuid NOT NULL,
            holder               text NOT NULL,
            figure               text NOT NULL,
            currency             char(3),
            cached               numeric NOT NULL,
            computed             numeric NOT NULL,
            difference           numeric NOT NULL GENERATED ALWAYS AS (computed - cached) STORED,
            first_transaction_id uuid,
            fixed_at             timestamptz,
            found_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT balance_discrepancies_pkey PRIMARY KEY (tenant_id, run_id, model, holder_id, figure),
            CONSTRAINT balance_discrepancies_run_fkey FOREIGN KEY (tenant_id, run_id)
                REFERENCES recalculation_runs (tenant_id, id)
        );
        """
    )
    protect("recalculation_runs", grants="SELECT, INSERT, UPDATE")
    protect("balance_discrepancies", grants="SELECT, INSERT, UPDATE (fixed_at)")


def downgrade() -> None:
    run("DROP TABLE balance_discrepancies, recalculation_runs")
