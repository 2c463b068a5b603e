"""What a line of a cart or a sale says beside product, quantity and price: unit, discounts, note, the parts of its tax.

Why: a receipt, a return and a report read what was agreed that day and never reckon it again. A discount of the whole
sale is spread over its lines and kept there, so that a returned line knows its share. `list_price` is what the price
was before anybody changed it. A line of a cart has an id of its own: the same product may stand on two lines, in two
units or at two prices.
`sale_lines.quantity` is in the line's unit, `base_quantity` in the product's own: one unit is
`factor_numerator / factor_denominator` of it.
Old code beside it: no, it knows a cart's line by its product.
"""

from migrations.tenant_tables import run

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TOUCHED = ("users", "carts", "cart_lines", "sales", "sale_lines")


def upgrade() -> None:
    for table in TOUCHED:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        ALTER TABLE cart_lines
            ADD COLUMN id uuid,
            ADD COLUMN unit_id uuid,
            ADD COLUMN list_price bigint,
            ADD COLUMN discount_percent numeric(6, 3),
            ADD COLUMN discount_amount bigint,
            ADD COLUMN note text NOT NULL DEFAULT '',
            ADD COLUMN approved_by uuid;
        UPDATE cart_lines SET id = product_id, list_price = unit_price;
        ALTER TABLE cart_lines ALTER COLUMN id SET NOT NULL;
        ALTER TABLE cart_lines ALTER COLUMN list_price SET NOT NULL;
        ALTER TABLE cart_lines DROP CONSTRAINT cart_lines_pkey;
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_pkey PRIMARY KEY (tenant_id, cart_id, id);
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_discount_is_sane
            CHECK (num_nonnulls(discount_percent, discount_amount) <= 1 AND discount_percent BETWEEN 0 AND 100
                   AND discount_amount BETWEEN 0 AND 1000000000000000) NOT VALID;
        ALTER TABLE cart_lines VALIDATE CONSTRAINT cart_lines_discount_is_sane;
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_approver_fkey
            FOREIGN KEY (tenant_id, approved_by) REFERENCES users (tenant_id, id);
        CREATE INDEX cart_lines_approver_idx ON cart_lines (tenant_id, approved_by) WHERE approved_by IS NOT NULL;

        ALTER TABLE carts
            ADD COLUMN discount_percent numeric(6, 3),
            ADD COLUMN discount_amount bigint,
            ADD COLUMN note text NOT NULL DEFAULT '',
            ADD COLUMN salesperson_id uuid,
            ADD COLUMN approved_by uuid;
        ALTER TABLE carts ADD CONSTRAINT carts_discount_is_sane
            CHECK (num_nonnulls(discount_percent, discount_amount) <= 1 AND discount_percent BETWEEN 0 AND 100
                   AND discount_amount BETWEEN 0 AND 1000000000000000) NOT VALID;
        ALTER TABLE carts VALIDATE CONSTRAINT carts_discount_is_sane;
        ALTER TABLE carts ADD CONSTRAINT carts_salesperson_fkey
            FOREIGN KEY (tenant_id, salesperson_id) REFERENCES users (tenant_id, id);
        ALTER TABLE carts ADD CONSTRAINT carts_approver_fkey
            FOREIGN KEY (tenant_id, approved_by) REFERENCES users (tenant_id, id);
        CREATE INDEX carts_salesperson_idx ON carts (tenant_id, salesperson_id) WHERE salesperson_id IS NOT NULL;
        CREATE INDEX carts_approver_idx ON carts (tenant_id, approved_by) WHERE approved_by IS NOT NULL;

        ALTER TABLE sale_lines
            ADD COLUMN unit_id uuid,
            ADD COLUMN unit_name text NOT NULL DEFAULT '',
            ADD COLUMN factor_numerator bigint NOT NULL DEFAULT 1,
            ADD COLUMN factor_denominator bigint NOT NULL DEFAULT 1,
            ADD COLUMN base_quantity numeric(18, 6),
            ADD COLUMN list_price bigint,
            ADD COLUMN discount bigint NOT NULL DEFAULT 0,
            ADD COLUMN document_discount bigint NOT NULL DEFAULT 0,
            ADD COLUMN note text NOT NULL DEFAULT '',
            ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN approved_by uuid;
        UPDATE sale_lines
           SET base_quantity = quantity, list_price = unit_price,
               taxes = CASE WHEN tax = 0 THEN '[]'::jsonb
                            ELSE jsonb_build_array(jsonb_build_object(
                                     'name', 'Tax', 'percent', trim_scale(tax_percent)::text, 'amount', tax)) END;
        ALTER TABLE sale_lines ALTER COLUMN base_quantity SET NOT NULL;
        ALTER TABLE sale_lines ALTER COLUMN list_price SET NOT NULL;
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_discounts_never_negative
            CHECK (discount >= 0 AND document_discount >= 0) NOT VALID;
        ALTER TABLE sale_lines VALIDATE CONSTRAINT sale_lines_discounts_never_negative;
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_base_quantity_is_positive
            CHECK (base_quantity > 0 AND factor_numerator > 0 AND factor_denominator > 0) NOT VALID;
        ALTER TABLE sale_lines VALIDATE CONSTRAINT sale_lines_base_quantity_is_positive;
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_approver_fkey
            FOREIGN KEY (tenant_id, approved_by) REFERENCES users (tenant_id, id);
        CREATE INDEX sale_lines_approver_idx ON sale_lines (tenant_id, approved_by) WHERE approved_by IS NOT NULL;

        ALTER TABLE sales
            ADD COLUMN discount bigint NOT NULL DEFAULT 0,
            ADD COLUMN note text NOT NULL DEFAULT '',
            ADD COLUMN salesperson_id uuid,
            ADD COLUMN rounding bigint NOT NULL DEFAULT 0,
            ADD COLUMN prices_include_tax boolean NOT NULL DEFAULT true,
            ADD COLUMN approved_by uuid;
        ALTER TABLE sales ADD CONSTRAINT sales_discount_never_negative CHECK (discount >= 0) NOT VALID;
        ALTER TABLE sales VALIDATE CONSTRAINT sales_discount_never_negative;
        ALTER TABLE sales ADD CONSTRAINT sales_salesperson_fkey
            FOREIGN KEY (tenant_id, salesperson_id) REFERENCES users (tenant_id, id);
        ALTER TABLE sales ADD CONSTRAINT sales_approver_fkey
            FOREIGN KEY (tenant_id, approved_by) REFERENCES users (tenant_id, id);
        CREATE INDEX sales_salesperson_idx ON sales (tenant_id, salesperson_id) WHERE salesperson_id IS NOT NULL;
        CREATE INDEX sales_approver_idx ON sales (tenant_id, approved_by) WHERE approved_by IS NOT NULL;
        """
    )
    for table in TOUCHED:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run(
        """
        ALTER TABLE sales
            DROP COLUMN approved_by, DROP COLUMN prices_include_tax, DROP COLUMN rounding, DROP COLUMN salesperson_id,
            DROP COLUMN note, DROP COLUMN discount;
        ALTER TABLE sale_lines
            DROP COLUMN approved_by, DROP COLUMN taxes, DROP COLUMN note, DROP COLUMN document_discount,
            DROP COLUMN discount, DROP COLUMN list_price, DROP COLUMN base_quantity, DROP COLUMN factor_denominator,
            DROP COLUMN factor_numerator, DROP COLUMN unit_name, DROP COLUMN unit_id;
        ALTER TABLE carts
            DROP COLUMN approved_by, DROP COLUMN salesperson_id, DROP COLUMN note, DROP COLUMN discount_amount,
            DROP COLUMN discount_percent;
        ALTER TABLE cart_lines DROP CONSTRAINT cart_lines_pkey;
        ALTER TABLE cart_lines NO FORCE ROW LEVEL SECURITY;
        DELETE FROM cart_lines AS l
         WHERE EXISTS (SELECT FROM cart_lines AS o
                        WHERE o.tenant_id = l.tenant_id AND o.cart_id = l.cart_id AND o.product_id = l.product_id
                          AND o.id < l.id);
        ALTER TABLE cart_lines FORCE ROW LEVEL SECURITY;
        ALTER TABLE cart_lines ADD CONSTRAINT cart_lines_pkey PRIMARY KEY (tenant_id, cart_id, product_id);
        ALTER TABLE cart_lines
            DROP COLUMN approved_by, DROP COLUMN note, DROP COLUMN discount_amount, DROP COLUMN discount_percent,
            DROP COLUMN list_price, DROP COLUMN unit_id, DROP COLUMN id;
        """
    )
