"""Lines of carts and sales name their unit by key; what somebody approved of a discount is kept with it.

Why: a unit names its product too, so that a crate of one thing is never sold as another. An approval is for so many
percent: a cart that shrinks afterwards must not make more of it.
Old code beside it: yes, it sells in the product's own unit.
"""

from migrations.tenant_tables import run

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

TOUCHED = ("product_units", "cart_lines", "sale_lines")


def upgrade() -> None:
    for table in TOUCHED:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        ALTER TABLE cart_lines ADD COLUMN approved_percent numeric(6, 3);
        ALTER TABLE carts ADD COLUMN approved_percent numeric(6, 3);
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_unit_fkey
            FOREIGN KEY (tenant_id, product_id, unit_id) REFERENCES product_units (tenant_id, product_id, id);
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_unit_fkey
            FOREIGN KEY (tenant_id, product_id, unit_id) REFERENCES product_units (tenant_id, product_id, id);
        CREATE INDEX cart_lines_unit_idx ON cart_lines (tenant_id, product_id, unit_id) WHERE unit_id IS NOT NULL;
        CREATE INDEX sale_lines_unit_idx ON sale_lines (tenant_id, product_id, unit_id) WHERE unit_id IS NOT NULL;
        """
    )
    for table in TOUCHED:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run(
        """
        ALTER TABLE sale_lines DROP CONSTRAINT sale_lines_unit_fkey;
        ALTER TABLE cart_lines DROP CONSTRAINT cart_lines_unit_fkey;
        DROP INDEX sale_lines_unit_idx;
        DROP INDEX cart_lines_unit_idx;
        ALTER TABLE carts DROP COLUMN approved_percent;
        ALTER TABLE cart_lines DROP COLUMN approved_percent;
        """
    )
