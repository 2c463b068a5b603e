"""A role may be held to what its people recorded themselves, and to some of the drawers.

Why: in a shop with several tills a cashier has no business with the sales and the money of the others.
Old code beside it: yes, it shows everything to everybody who may look.
"""

from migrations.tenant_tables import protect, run

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE roles ADD COLUMN own_records boolean NOT NULL DEFAULT false;

        CREATE TABLE role_drawers (
            tenant_id bigint NOT NULL,
            role_id   uuid NOT NULL,
            drawer_id uuid NOT NULL,
            CONSTRAINT role_drawers_pkey PRIMARY KEY (tenant_id, role_id, drawer_id),
            CONSTRAINT role_drawers_role_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id),
            CONSTRAINT role_drawers_drawer_fkey
                FOREIGN KEY (tenant_id, drawer_id) REFERENCES cash_drawers (tenant_id, id)
        );
        CREATE INDEX role_drawers_drawer_idx ON role_drawers (tenant_id, drawer_id);
        """
    )
    protect("role_drawers", grants="SELECT, INSERT, DELETE")


def downgrade() -> None:
    run(
        """
        DROP TABLE role_drawers;
        ALTER TABLE roles DROP COLUMN own_records;
        """
    )
