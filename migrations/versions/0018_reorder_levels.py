"""When a product is to be bought again, and up to how much.

Why: a list of what to buy needs to know how little is too little; empty means that nobody asks for it.
Old code beside it: yes, it writes neither column.
"""

from migrations.tenant_tables import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE products
            ADD COLUMN reorder_level numeric(18, 6),
            ADD COLUMN reorder_to numeric(18, 6),
            ADD CONSTRAINT products_reorder_levels_are_sane CHECK (
                reorder_level BETWEEN 0 AND 999999999 AND reorder_to BETWEEN reorder_level AND 999999999);
        CREATE INDEX products_by_reorder_level ON products (tenant_id, id) WHERE reorder_level IS NOT NULL;
        """
    )


def downgrade() -> None:
    run(
        """
        DROP INDEX products_by_reorder_level;
        ALTER TABLE products DROP COLUMN reorder_level, DROP COLUMN reorder_to;
        """
    )
