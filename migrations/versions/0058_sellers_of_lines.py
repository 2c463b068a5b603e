"""Who sold a line, where that is not who sold the rest; and whether receipts say it.

Why: two people may serve one customer, and what each sold counts for them. A line of a cart without a salesperson has
the cart's; a line of a sale keeps whoever it was, and nobody where that is who rang it up.
Old code beside it: yes, it leaves both empty, which means the cart's or the sale's.
"""

from migrations.tenant_tables import run

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE cart_lines NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE cart_lines ADD COLUMN salesperson_id uuid;
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_salesperson_fkey
            FOREIGN KEY (tenant_id, salesperson_id) REFERENCES users (tenant_id, id);
        CREATE INDEX cart_lines_salesperson_idx ON cart_lines (tenant_id, salesperson_id)
            WHERE salesperson_id IS NOT NULL;

        ALTER TABLE cart_lines FORCE ROW LEVEL SECURITY;

        ALTER TABLE sale_lines NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE sale_lines ADD COLUMN salesperson_id uuid;
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_salesperson_fkey
            FOREIGN KEY (tenant_id, salesperson_id) REFERENCES users (tenant_id, id);
        CREATE INDEX sale_lines_salesperson_idx ON sale_lines (tenant_id, salesperson_id)
            WHERE salesperson_id IS NOT NULL;
        ALTER TABLE sale_lines FORCE ROW LEVEL SECURITY;
        ALTER TABLE users FORCE ROW LEVEL SECURITY;

        ALTER TABLE tenants ADD COLUMN receipt_names_salesperson boolean NOT NULL DEFAULT false;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE tenants DROP COLUMN receipt_names_salesperson;
        ALTER TABLE sale_lines DROP COLUMN salesperson_id;
        ALTER TABLE cart_lines DROP COLUMN salesperson_id;
        """
    )
