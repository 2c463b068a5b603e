"""Price lists, prices from a quantity or for a time, and what every price was before.

Why: a price row is never changed, only taken away and written anew, so that a change is always two facts: what was,
and what is. `price_changes` keeps names instead of keys: it must still be readable when a list is long gone.
Old code beside it: yes, it sells at the product's own price, as before.
"""

from migrations.tenant_tables import protect, run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE price_lists (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            name        text NOT NULL,
            version     integer NOT NULL DEFAULT 1,
            created_at  timestamptz NOT NULL DEFAULT now(),
            archived_at timestamptz,
            CONSTRAINT price_lists_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT price_lists_name_is_some CHECK (length(name) BETWEEN 1 AND 60),
            CONSTRAINT price_lists_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        CREATE UNIQUE INDEX price_lists_name_key ON price_lists (tenant_id, name) WHERE archived_at IS NULL;

        CREATE TABLE product_prices (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            product_id    uuid NOT NULL,
            unit_id       uuid,
            price_list_id uuid,
            quantity_from numeric(18, 6) NOT NULL DEFAULT 0,
            starts_on     date,
            ends_on       date,
            unit_price    bigint NOT NULL,
            created_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT product_prices_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT product_prices_once_key
                UNIQUE NULLS NOT DISTINCT (tenant_id, product_id, unit_id, price_list_id, quantity_from, starts_on),
            CONSTRAINT product_prices_never_negative CHECK (unit_price BETWEEN 0 AND 1000000000000000),
            CONSTRAINT product_prices_quantity_is_sane CHECK (quantity_from BETWEEN 0 AND 999999999),
            CONSTRAINT product_prices_days_are_in_order CHECK (ends_on >= starts_on),
            CONSTRAINT product_prices_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT product_prices_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
                REFERENCES product_units (tenant_id, product_id, id),
            CONSTRAINT product_prices_list_fkey FOREIGN KEY (tenant_id, price_list_id)
                REFERENCES price_lists (tenant_id, id)
        );
        CREATE INDEX product_prices_list_idx ON product_prices (tenant_id, price_list_id, product_id)
            WHERE price_list_id IS NOT NULL;

        CREATE TABLE price_changes (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            product_id    uuid NOT NULL,
            unit_name     text NOT NULL DEFAULT '',
            price_list    text NOT NULL DEFAULT '',
            quantity_from numeric(18, 6) NOT NULL DEFAULT 0,
            starts_on     date,
            ends_on       date,
            old_price     bigint,
            new_price     bigint,
            reason        text NOT NULL DEFAULT '',
            actor_id      uuid,
            changed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT price_changes_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT price_changes_change_something CHECK (old_price IS DISTINCT FROM new_price),
            CONSTRAINT price_changes_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT price_changes_actor_fkey FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX price_changes_product_idx ON price_changes (tenant_id, product_id, changed_at, id);
        CREATE INDEX price_changes_by_time ON price_changes (tenant_id, changed_at, product_id);
        CREATE INDEX price_changes_actor_idx ON price_changes (tenant_id, actor_id);

        ALTER TABLE parties ADD COLUMN price_list_id uuid;
        ALTER TABLE parties NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE parties ADD CONSTRAINT parties_price_list_fkey
            FOREIGN KEY (tenant_id, price_list_id) REFERENCES price_lists (tenant_id, id);
        ALTER TABLE parties FORCE ROW LEVEL SECURITY;
        CREATE INDEX parties_price_list_idx ON parties (tenant_id, price_list_id) WHERE price_list_id IS NOT NULL;
        """
    )
    protect("price_lists", grants="SELECT, INSERT, UPDATE")
    protect("product_prices", grants="SELECT, INSERT, DELETE")
    protect("price_changes", grants="SELECT, INSERT")


def downgrade() -> None:
    run(
        """
        ALTER TABLE parties DROP COLUMN price_list_id;
        DROP TABLE price_changes, product_prices, price_lists;
        """
    )
