"""Products in the order of their names, page by page.

Why: people look a product list up like a dictionary. The key is made by the application from the words of the name
(small letters, no accents, one order for every script), because sorting with `lower()` or a locale's collation
can neither use an index under row-level security nor be the same on every server.
Old code beside it: yes; products it stores sort first until they are saved again.
"""

from migrations.tenant_tables import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE products ADD COLUMN name_key text COLLATE "C" NOT NULL DEFAULT '';
        CREATE INDEX products_by_name ON products (tenant_id, name_key, id) WHERE archived_at IS NULL;
        CREATE INDEX products_archived_by_name ON products (tenant_id, name_key, id) WHERE archived_at IS NOT NULL;
        """
    )


def downgrade() -> None:
    run(
        """
        DROP INDEX products_archived_by_name;
        DROP INDEX products_by_name;
        ALTER TABLE products DROP COLUMN name_key;
        """
    )
