"""What else is said about a product: category, brand, tags, a short name for the receipt, a note for the till.

Why: categories are rows, so that renaming one renames it everywhere; brand and tags are words of the product and
are found like the words of its name.
Old code beside it: yes, it leaves all of it empty.
"""

from migrations.tenant_tables import protect, run

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE product_categories (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            name       text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT product_categories_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT product_categories_name_key UNIQUE (tenant_id, name),
            CONSTRAINT product_categories_name_is_some CHECK (length(name) BETWEEN 1 AND 60),
            CONSTRAINT product_categories_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        ALTER TABLE products
            ADD COLUMN short_name text NOT NULL DEFAULT '',
            ADD COLUMN brand text NOT NULL DEFAULT '',
            ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
            ADD COLUMN till_note text NOT NULL DEFAULT '',
            ADD COLUMN category_id uuid;
        ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE products ADD CONSTRAINT products_category_fkey
            FOREIGN KEY (tenant_id, category_id) REFERENCES product_categories (tenant_id, id);
        ALTER TABLE products FORCE ROW LEVEL SECURITY;
        CREATE INDEX products_category_idx ON products (tenant_id, category_id, name_key, id)
            WHERE category_id IS NOT NULL;
        """
    )
    protect("product_categories", grants="SELECT, INSERT, UPDATE (name), DELETE")


def downgrade() -> None:
    run(
        """
        ALTER TABLE products
            DROP COLUMN category_id, DROP COLUMN till_note, DROP COLUMN tags, DROP COLUMN brand, DROP COLUMN short_name;
        DROP TABLE product_categories;
        """
    )
