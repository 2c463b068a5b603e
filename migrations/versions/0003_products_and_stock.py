"""Products, their barcodes, and stock: quantity and value cached, explained by moves.

Why: `stock_levels` is to `stock_moves` what a balance is to entries.
Search reads stored words by range, because LIKE and lower() never become index conditions under row-level security.
Old code beside it: yes, nothing is changed.
"""

from migrations.tenant_tables import protect, run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE products (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            name         text NOT NULL,
            sku          text COLLATE "C",
            unit         text NOT NULL DEFAULT 'pcs',
            unit_price   bigint NOT NULL,
            tax_percent  numeric(6, 3) NOT NULL DEFAULT 0,
            stock_policy text NOT NULL DEFAULT 'block',
            note         text NOT NULL DEFAULT '',
            version      integer NOT NULL DEFAULT 1,
            created_at   timestamptz NOT NULL DEFAULT now(),
            archived_at  timestamptz,
            CONSTRAINT products_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT products_sku_key UNIQUE (tenant_id, sku),
            CONSTRAINT products_unit_price_never_negative CHECK (unit_price BETWEEN 0 AND 1000000000000000),
            CONSTRAINT products_tax_percent_is_sane CHECK (tax_percent BETWEEN 0 AND 100),
            CONSTRAINT products_stock_policy_is_known CHECK (stock_policy IN ('block', 'warn', 'allow', 'none')),
            CONSTRAINT products_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE product_words (
            tenant_id  bigint NOT NULL,
            word       text COLLATE "C" NOT NULL,
            product_id uuid NOT NULL,
            CONSTRAINT product_words_pkey PRIMARY KEY (tenant_id, word, product_id),
            CONSTRAINT product_words_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id) ON DELETE CASCADE
        );
        CREATE INDEX product_words_product_idx ON product_words (tenant_id, product_id);

        CREATE TABLE barcodes (
            tenant_id  bigint NOT NULL,
            code       text COLLATE "C" NOT NULL,
            product_id uuid NOT NULL,
            symbology  text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT barcodes_pkey PRIMARY KEY (tenant_id, code),
            CONSTRAINT barcodes_code_is_printable_ascii CHECK (code ~ '^[!-~]{1,80}$'),
            CONSTRAINT barcodes_product_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id)
        );
        CREATE INDEX barcodes_product_idx ON barcodes (tenant_id, product_id);

        CREATE TABLE stock_levels (
            tenant_id      bigint NOT NULL,
            product_id     uuid NOT NULL,
            quantity       numeric(18, 6) NOT NULL DEFAULT 0,
            value          bigint NOT NULL DEFAULT 0,
            unit_cost_last numeric(24, 6) NOT NULL DEFAULT 0,
            may_go_below_zero boolean NOT NULL DEFAULT false,
            version        bigint NOT NULL DEFAULT 0,
            CONSTRAINT stock_levels_pkey PRIMARY KEY (tenant_id, product_id),
            CONSTRAINT stock_levels_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT stock_levels_never_below_zero CHECK (may_go_below_zero OR quantity >= 0),
            CONSTRAINT stock_levels_nothing_is_worth_nothing CHECK (quantity <> 0 OR value = 0),
            CONSTRAINT stock_levels_cost_never_negative CHECK (unit_cost_last >= 0)
        ) WITH (fillfactor = 80);

        CREATE TABLE stock_moves (
            tenant_id      bigint NOT NULL,
            transaction_id uuid NOT NULL,
            line           integer NOT NULL,
            product_id     uuid NOT NULL,
            quantity       numeric(18, 6) NOT NULL,
            value          bigint NOT NULL,
            occurred_on    date NOT NULL,
            CONSTRAINT stock_moves_pkey PRIMARY KEY (tenant_id, transaction_id, line),
            CONSTRAINT stock_moves_move_something CHECK (quantity <> 0 OR value <> 0),
            CONSTRAINT stock_moves_quantity_is_a_number CHECK (quantity <> 'NaN'),
            CONSTRAINT stock_moves_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT stock_moves_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id)
        );
        CREATE INDEX stock_moves_by_product
            ON stock_moves (tenant_id, product_id, occurred_on, transaction_id, line) INCLUDE (quantity, value);
        """
    )
    protect("products", grants="SELECT, INSERT, UPDATE")
    protect("product_words", grants="SELECT, INSERT, DELETE")
    protect("barcodes", grants="SELECT, INSERT, DELETE")
    protect("stock_levels", grants="SELECT, INSERT, UPDATE")
    protect("stock_moves", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE stock_moves, stock_levels, barcodes, product_words, products")
