"""Carts, sales and the payments that settle them.

Why: a cart lives on the server, so that a closed browser loses no line; its id becomes the id of the sale and of
its transaction, so that storing it twice is storing it once.
Tendered, applied and change are three figures: what was handed over, what it paid, what went back.
Old code beside it: yes, nothing is changed.
"""

from migrations.tenant_tables import protect, run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE carts (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            user_id     uuid NOT NULL,
            drawer_id   uuid,
            customer_id uuid,
            version     integer NOT NULL DEFAULT 1,
            created_at  timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT carts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT carts_one_open_cart_a_user UNIQUE (tenant_id, user_id),
            CONSTRAINT carts_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT carts_drawer_fkey FOREIGN KEY (tenant_id, drawer_id) REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT carts_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES parties (tenant_id, id)
        );
        CREATE INDEX carts_drawer_idx ON carts (tenant_id, drawer_id);
        CREATE INDEX carts_customer_idx ON carts (tenant_id, customer_id);

        CREATE TABLE cart_lines (
            tenant_id  bigint NOT NULL,
            cart_id    uuid NOT NULL,
            product_id uuid NOT NULL,
            position   integer NOT NULL,
            quantity   numeric(18, 6) NOT NULL,
            unit_price bigint NOT NULL,
            CONSTRAINT cart_lines_pkey PRIMARY KEY (tenant_id, cart_id, product_id),
            CONSTRAINT cart_lines_quantity_is_positive CHECK (quantity > 0 AND quantity < 1000000000),
            CONSTRAINT cart_lines_unit_price_never_negative CHECK (unit_price BETWEEN 0 AND 1000000000000000),
            CONSTRAINT cart_lines_cart_fkey FOREIGN KEY (tenant_id, cart_id)
                REFERENCES carts (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT cart_lines_product_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
        );
        CREATE INDEX cart_lines_product_idx ON cart_lines (tenant_id, product_id);

        CREATE TABLE sales (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            number         text COLLATE "C" NOT NULL,
            drawer_id      uuid NOT NULL,
            customer_id    uuid,
            cashier_id     uuid,
            sold_on        date NOT NULL,
            sold_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
            currency       char(3) NOT NULL,
            total          bigint NOT NULL,
            tax_total      bigint NOT NULL,
            cost_total     bigint NOT NULL,
            on_account     bigint NOT NULL DEFAULT 0,
            deleted_at     timestamptz,
            deleted_by     uuid,
            delete_reason  text,
            CONSTRAINT sales_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT sales_number_key UNIQUE (tenant_id, number),
            CONSTRAINT sales_transaction_fkey FOREIGN KEY (tenant_id, id) REFERENCES transactions (tenant_id, id),
            CONSTRAINT sales_drawer_fkey FOREIGN KEY (tenant_id, drawer_id) REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT sales_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT sales_cashier_fkey FOREIGN KEY (tenant_id, cashier_id) REFERENCES users (tenant_id, id),
            CONSTRAINT sales_deleter_fkey FOREIGN KEY (tenant_id, deleted_by) REFERENCES users (tenant_id, id),
            CONSTRAINT sales_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT sales_amounts_never_negative
                CHECK (total >= 0 AND tax_total >= 0 AND on_account BETWEEN 0 AND total AND tax_total <= total),
            CONSTRAINT sales_on_account_has_a_customer CHECK (on_account = 0 OR customer_id IS NOT NULL),
            CONSTRAINT sales_deleted_with_a_reason
                CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
        );
        CREATE INDEX sales_by_day ON sales (tenant_id, sold_on, id);
        CREATE INDEX sales_drawer_idx ON sales (tenant_id, drawer_id, id);
        CREATE INDEX sales_customer_idx ON sales (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
        CREATE INDEX sales_cashier_idx ON sales (tenant_id, cashier_id);
        CREATE INDEX sales_deleter_idx ON sales (tenant_id, deleted_by) WHERE deleted_by IS NOT NULL;

        CREATE TABLE sale_lines (
            tenant_id   bigint NOT NULL,
            sale_id     uuid NOT NULL,
            line        integer NOT NULL,
            product_id  uuid NOT NULL,
            name        text NOT NULL,
            quantity    numeric(18, 6) NOT NULL,
            unit_price  bigint NOT NULL,
            tax_percent numeric(6, 3) NOT NULL,
            total       bigint NOT NULL,
            tax         bigint NOT NULL,
            cost        bigint NOT NULL,
            CONSTRAINT sale_lines_pkey PRIMARY KEY (tenant_id, sale_id, line),
            CONSTRAINT sale_lines_sale_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sales (tenant_id, id),
            CONSTRAINT sale_lines_product_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
            CONSTRAINT sale_lines_quantity_is_positive CHECK (quantity > 0 AND quantity <> 'NaN'),
            CONSTRAINT sale_lines_amounts_never_negative CHECK (total >= 0 AND tax BETWEEN 0 AND total)
        );
        CREATE INDEX sale_lines_product_idx ON sale_lines (tenant_id, product_id, sale_id);

        CREATE TABLE payments (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            transaction_id uuid NOT NULL,
            direction      text NOT NULL,
            party_id       uuid,
            sale_id        uuid,
            drawer_id      uuid,
            currency       char(3) NOT NULL,
            tendered       bigint NOT NULL,
            applied        bigint NOT NULL,
            change         bigint NOT NULL,
            CONSTRAINT payments_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT payments_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT payments_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT payments_sale_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sales (tenant_id, id),
            CONSTRAINT payments_drawer_fkey FOREIGN KEY (tenant_id, drawer_id)
                REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT payments_direction_is_known CHECK (direction IN ('in', 'out')),
            CONSTRAINT payments_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT payments_three_figures_agree
                CHECK (applied > 0 AND change >= 0 AND tendered = applied + change),
            CONSTRAINT payments_settle_something CHECK (party_id IS NOT NULL OR sale_id IS NOT NULL)
        );
        CREATE INDEX payments_transaction_idx ON payments (tenant_id, transaction_id);
        CREATE INDEX payments_party_idx ON payments (tenant_id, party_id) WHERE party_id IS NOT NULL;
        CREATE INDEX payments_sale_idx ON payments (tenant_id, sale_id) WHERE sale_id IS NOT NULL;
        CREATE INDEX payments_drawer_idx ON payments (tenant_id, drawer_id) WHERE drawer_id IS NOT NULL;
        """
    )
    protect("carts", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("cart_lines", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("sales", grants="SELECT, INSERT, UPDATE (deleted_at, deleted_by, delete_reason)")
    protect("sale_lines", grants="SELECT, INSERT")
    protect("payments", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE payments, sale_lines, sales, cart_lines, carts")
