"""Tax classes: the rates that products of one kind are taxed by, under a name.

Why: a rate changes for many products at once, several rates fall on one product, and one of them may fall on the
others. The percents in use become classes of one rate each. `products.tax_percent` stays what all rates of the
class come to; a product without a class is taxed by that percent alone.
A shop's prices contain tax or not; `cash_step` is the smallest cash it gives, where that is not the currency's own.
Old code beside it: yes, it taxes by `tax_percent`.
"""

from migrations.tenant_tables import protect, run

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE tax_classes (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            name        text NOT NULL,
            version     integer NOT NULL DEFAULT 1,
            created_at  timestamptz NOT NULL DEFAULT now(),
            archived_at timestamptz,
            CONSTRAINT tax_classes_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT tax_classes_name_key UNIQUE (tenant_id, name),
            CONSTRAINT tax_classes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE tax_rates (
            tenant_id    bigint NOT NULL,
            tax_class_id uuid NOT NULL,
            position     integer NOT NULL,
            name         text NOT NULL,
            percent      numeric(6, 3) NOT NULL,
            is_compound  boolean NOT NULL DEFAULT false,
            CONSTRAINT tax_rates_pkey PRIMARY KEY (tenant_id, tax_class_id, position),
            CONSTRAINT tax_rates_percent_is_sane CHECK (percent BETWEEN 0 AND 100),
            CONSTRAINT tax_rates_class_fkey FOREIGN KEY (tenant_id, tax_class_id)
                REFERENCES tax_classes (tenant_id, id)
        );

        ALTER TABLE tenants
            ADD COLUMN prices_include_tax boolean NOT NULL DEFAULT true,
            ADD COLUMN cash_step bigint;
        ALTER TABLE tenants ADD CONSTRAINT tenants_cash_step_is_sane
            CHECK (cash_step BETWEEN 1 AND 100000) NOT VALID;
        ALTER TABLE tenants VALIDATE CONSTRAINT tenants_cash_step_is_sane;
        ALTER TABLE products ADD COLUMN tax_class_id uuid;
        """
    )
    _make_classes_of_the_percents_in_use()
    run(
        """
        ALTER TABLE products ADD CONSTRAINT products_tax_class_fkey
            FOREIGN KEY (tenant_id, tax_class_id) REFERENCES tax_classes (tenant_id, id);
        ALTER TABLE products FORCE ROW LEVEL SECURITY;
        CREATE INDEX products_tax_class_idx ON products (tenant_id, tax_class_id) WHERE tax_class_id IS NOT NULL;
        """
    )
    protect("tax_classes", grants="SELECT, INSERT, UPDATE")
    protect("tax_rates", grants="SELECT, INSERT, DELETE")


def _make_classes_of_the_percents_in_use() -> None:
    """The id of a class is made from its percent, so that no number has to be drawn here."""
    run(
        """
        ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
        INSERT INTO tax_classes (tenant_id, id, name)
        SELECT DISTINCT tenant_id, md5('tax ' || tenant_id || ' ' || tax_percent)::uuid,
               'Tax ' || trim_scale(tax_percent) || ' %'
          FROM products
         WHERE tax_percent > 0;
        INSERT INTO tax_rates (tenant_id, tax_class_id, position, name, percent)
        SELECT DISTINCT tenant_id, md5('tax ' || tenant_id || ' ' || tax_percent)::uuid, 1, 'Tax', tax_percent
          FROM products
         WHERE tax_percent > 0;
        UPDATE products
           SET tax_class_id = md5('tax ' || tenant_id || ' ' || tax_percent)::uuid
         WHERE tax_percent > 0;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE products DROP COLUMN tax_class_id;
        ALTER TABLE tenants DROP COLUMN cash_step, DROP COLUMN prices_include_tax;
        DROP TABLE tax_rates, tax_classes;
        """
    )
