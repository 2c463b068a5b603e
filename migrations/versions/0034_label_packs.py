"""A label may be of a pack: the crate has a code and a price of its own.

Why: of three crates of twelve received, a shop prints 3 labels or 36.
Old code beside it: no, it queues by a key that is gone; the queue holds what is not printed yet, nothing else.
"""

from migrations.tenant_tables import run

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE label_queue
            ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
            ADD COLUMN unit_id uuid;
        ALTER TABLE label_queue ALTER COLUMN id DROP DEFAULT;
        ALTER TABLE label_queue DROP CONSTRAINT label_queue_pkey;
        ALTER TABLE label_queue ADD CONSTRAINT label_queue_pkey PRIMARY KEY (tenant_id, id);
        ALTER TABLE label_queue ADD CONSTRAINT label_queue_once_key
            UNIQUE NULLS NOT DISTINCT (tenant_id, user_id, product_id, unit_id);
        ALTER TABLE label_queue NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE product_units NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE label_queue ADD CONSTRAINT label_queue_unit_fkey
            FOREIGN KEY (tenant_id, product_id, unit_id) REFERENCES product_units (tenant_id, product_id, id);
        ALTER TABLE product_units FORCE ROW LEVEL SECURITY;
        ALTER TABLE label_queue FORCE ROW LEVEL SECURITY;
        DROP INDEX label_queue_product_idx;
        CREATE INDEX label_queue_product_idx ON label_queue (tenant_id, product_id, unit_id);
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE label_queue NO FORCE ROW LEVEL SECURITY;
        DELETE FROM label_queue WHERE unit_id IS NOT NULL;
        ALTER TABLE label_queue FORCE ROW LEVEL SECURITY;
        ALTER TABLE label_queue DROP CONSTRAINT label_queue_pkey;
        ALTER TABLE label_queue DROP CONSTRAINT label_queue_once_key;
        ALTER TABLE label_queue DROP COLUMN unit_id, DROP COLUMN id;
        ALTER TABLE label_queue ADD CONSTRAINT label_queue_pkey PRIMARY KEY (tenant_id, user_id, product_id);
        CREATE INDEX label_queue_product_idx ON label_queue (tenant_id, product_id);
        """
    )
