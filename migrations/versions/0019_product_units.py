"""Packs of a product: a crate of twelve has its own name, price and barcodes; stock stays in the base unit.

Why: a factor is a fraction and is never updated (it is not granted), so what was counted in crates stays countable.
Whoever refers to a unit names its product too, so that a crate of one thing never counts another.
Old code beside it: yes; a code without `unit_id` means the base unit, as before.
"""

from migrations.tenant_tables import protect, run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE product_units (
            tenant_id          bigint NOT NULL,
            id                 uuid NOT NULL,
            product_id         uuid NOT NULL,
            name               text NOT NULL,
            factor_numerator   bigint NOT NULL,
            factor_denominator bigint NOT NULL DEFAULT 1,
            unit_price         bigint,
            is_sold            boolean NOT NULL DEFAULT true,
            is_bought          boolean NOT NULL DEFAULT true,
            version            integer NOT NULL DEFAULT 1,
            created_at         timestamptz NOT NULL DEFAULT now(),
            archived_at        timestamptz,
            CONSTRAINT product_units_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT product_units_of_product_key UNIQUE (tenant_id, product_id, id),
            CONSTRAINT product_units_factor_is_a_fraction
                CHECK (factor_numerator BETWEEN 1 AND 1000000000 AND factor_denominator BETWEEN 1 AND 1000000),
            CONSTRAINT product_units_price_never_negative CHECK (unit_price BETWEEN 0 AND 1000000000000000),
            CONSTRAINT product_units_name_is_some CHECK (length(name) BETWEEN 1 AND 20),
            CONSTRAINT product_units_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id)
        );
        CREATE UNIQUE INDEX product_units_name_key ON product_units (tenant_id, product_id, name)
            WHERE archived_at IS NULL;

        ALTER TABLE barcodes ADD COLUMN unit_id uuid;
        ALTER TABLE barcodes NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE barcodes ADD CONSTRAINT barcodes_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
            REFERENCES product_units (tenant_id, product_id, id);
        ALTER TABLE barcodes FORCE ROW LEVEL SECURITY;
        DROP INDEX barcodes_product_idx;
        CREATE INDEX barcodes_product_idx ON barcodes (tenant_id, product_id, unit_id);
        """
    )
    protect(
        "product_units",
        grants="SELECT, INSERT, UPDATE (name, unit_price, is_sold, is_bought, version, archived_at)",
    )


def downgrade() -> None:
    run(
        """
        DROP INDEX barcodes_product_idx;
        ALTER TABLE barcodes DROP CONSTRAINT barcodes_unit_fkey;
        ALTER TABLE barcodes DROP COLUMN unit_id;
        CREATE INDEX barcodes_product_idx ON barcodes (tenant_id, product_id);
        DROP TABLE product_units;
        """
    )
