"""The queue of labels each person is about to print.

Why: labels are collected while walking along the shelf or receiving goods, and printed in one go; the queue survives
a closed browser.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE label_queue (
            tenant_id  bigint NOT NULL,
            user_id    uuid NOT NULL,
            product_id uuid NOT NULL,
            copies     integer NOT NULL,
            queued_at  timestamptz NOT NULL,
            CONSTRAINT label_queue_pkey PRIMARY KEY (tenant_id, user_id, product_id),
            CONSTRAINT label_queue_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT label_queue_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT label_queue_copies_are_few CHECK (copies BETWEEN 1 AND 5000)
        );
        CREATE INDEX label_queue_product_idx ON label_queue (tenant_id, product_id);
        """
    )
    protect("label_queue", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run("DROP TABLE label_queue")
