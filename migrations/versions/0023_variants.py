"""Variants: products that differ by size, colour and the like share a family that says by what they differ.

Why: a variant is a product like any other, so stock, codes, prices and history need no second kind of thing.
Old code beside it: yes, it sees each variant as a product.
"""

from migrations.tenant_tables import protect, run

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE product_families (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            name       text NOT NULL,
            options    text[] NOT NULL,
            version    integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT product_families_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT product_families_have_options CHECK (cardinality(options) BETWEEN 1 AND 4),
            CONSTRAINT product_families_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        ALTER TABLE products
            ADD COLUMN family_id uuid,
            ADD COLUMN option_values text[] NOT NULL DEFAULT '{}';
        ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE products ADD CONSTRAINT products_family_fkey
            FOREIGN KEY (tenant_id, family_id) REFERENCES product_families (tenant_id, id);
        ALTER TABLE products FORCE ROW LEVEL SECURITY;
        CREATE UNIQUE INDEX products_variant_key ON products (tenant_id, family_id, option_values)
            WHERE family_id IS NOT NULL;
        """
    )
    protect("product_families", grants="SELECT, INSERT, UPDATE (name, options, version)")


def downgrade() -> None:
    run(
        """
        ALTER TABLE products DROP COLUMN option_values, DROP COLUMN family_id;
        DROP TABLE product_families;
        """
    )
