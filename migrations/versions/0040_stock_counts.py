"""Counting the shelves: what stood in the books when a product was counted, beside what was there.

Why: `expected` is frozen by the first scan of a product and only the difference is posted, so that people may sell
while others count. A count is never erased: one that is not posted is put aside.
Old code beside it: yes, it counts one product at a time, as before.
"""

from migrations.tenant_tables import protect, run

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE stock_counts (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            name           text NOT NULL,
            is_blind       boolean NOT NULL,
            started_at     timestamptz NOT NULL DEFAULT now(),
            started_by     uuid,
            closed_at      timestamptz,
            closed_by      uuid,
            is_posted      boolean NOT NULL DEFAULT false,
            transaction_id uuid,
            CONSTRAINT stock_counts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT stock_counts_name_is_some CHECK (length(name) BETWEEN 1 AND 100),
            CONSTRAINT stock_counts_are_closed_when_posted CHECK (closed_at IS NOT NULL OR NOT is_posted),
            CONSTRAINT stock_counts_post_what_differs CHECK (is_posted OR transaction_id IS NULL),
            CONSTRAINT stock_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT stock_counts_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT stock_counts_starter_fkey FOREIGN KEY (tenant_id, started_by) REFERENCES users (tenant_id, id),
            CONSTRAINT stock_counts_closer_fkey FOREIGN KEY (tenant_id, closed_by) REFERENCES users (tenant_id, id)
        );
        CREATE UNIQUE INDEX stock_counts_transaction_key ON stock_counts (tenant_id, transaction_id)
            WHERE transaction_id IS NOT NULL;
        CREATE INDEX stock_counts_by_time ON stock_counts (tenant_id, started_at, id);
        CREATE INDEX stock_counts_starter_idx ON stock_counts (tenant_id, started_by);
        CREATE INDEX stock_counts_closer_idx ON stock_counts (tenant_id, closed_by);

        CREATE TABLE stock_count_lines (
            tenant_id  bigint NOT NULL,
            count_id   uuid NOT NULL,
            product_id uuid NOT NULL,
            expected   numeric(18, 6) NOT NULL,
            counted    numeric(18, 6) NOT NULL,
            counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            counted_by uuid,
            CONSTRAINT stock_count_lines_pkey PRIMARY KEY (tenant_id, count_id, product_id),
            CONSTRAINT stock_count_lines_counted_is_sane CHECK (counted BETWEEN 0 AND 999999999),
            CONSTRAINT stock_count_lines_count_fkey FOREIGN KEY (tenant_id, count_id)
                REFERENCES stock_counts (tenant_id, id),
            CONSTRAINT stock_count_lines_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT stock_count_lines_counter_fkey FOREIGN KEY (tenant_id, counted_by)
                REFERENCES users (tenant_id, id)
        );
        CREATE INDEX stock_count_lines_product_idx ON stock_count_lines (tenant_id, product_id);
        CREATE INDEX stock_count_lines_counter_idx ON stock_count_lines (tenant_id, counted_by);
        CREATE INDEX stock_count_lines_by_time ON stock_count_lines (tenant_id, count_id, counted_at, product_id);
        """
    )
    protect("stock_counts", grants="SELECT, INSERT, UPDATE")
    protect("stock_count_lines", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run("DROP TABLE stock_count_lines, stock_counts")
