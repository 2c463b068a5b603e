"""Returns: goods that come back after their sale is closed, with what is paid back for them; and why.

Why: a sale of a closed shift is not undone. What comes back is a document of its own, dated the day it comes back,
and the sale keeps its number and its Z report. How much of a line, and of a tender, has gone back is kept in rows of
their own, so that lines and tenders stay as they were posted; their CHECKs mean that no race can give back more than
was sold or paid. `sales.returned_total` is what of the sale has gone back, and `return_count` in how many returns.
A reason says whether goods usually go back on the shelf, and whether somebody else has to approve.
Old code beside it: yes; it deletes a sale of which something has gone back, which the new code refuses.
"""

from migrations.tenant_tables import protect, run

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

REASONS = (
    ("mistake", "Rung up by mistake", True, False),
    ("changed_mind", "Customer changed their mind", True, False),
    ("wrong_item", "Wrong product", True, False),
    ("damaged", "Damaged or does not work", False, False),
    ("expired", "Past its date", False, False),
    ("other", "Something else", True, True),
)


def upgrade() -> None:
    run(
        """
        CREATE TABLE return_reasons (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            code           text COLLATE "C",
            name           text NOT NULL,
            restocks       boolean NOT NULL DEFAULT true,
            needs_approval boolean NOT NULL DEFAULT false,
            position       integer NOT NULL DEFAULT 100,
            version        integer NOT NULL DEFAULT 1,
            archived_at    timestamptz,
            CONSTRAINT return_reasons_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT return_reasons_name_key UNIQUE (tenant_id, name),
            CONSTRAINT return_reasons_code_key UNIQUE (tenant_id, code),
            CONSTRAINT return_reasons_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE sale_returns (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            number        text COLLATE "C" NOT NULL,
            sale_id       uuid,
            drawer_id     uuid NOT NULL,
            customer_id   uuid,
            cashier_id    uuid,
            returned_on   date NOT NULL,
            returned_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
            currency      char(3) NOT NULL,
            total         bigint NOT NULL,
            tax_total     bigint NOT NULL,
            cost_total    bigint NOT NULL,
            to_debt       bigint NOT NULL DEFAULT 0,
            to_account    bigint NOT NULL DEFAULT 0,
            to_credit     bigint NOT NULL DEFAULT 0,
            rounding      bigint NOT NULL DEFAULT 0,
            reason_id     uuid NOT NULL,
            note          text NOT NULL DEFAULT '',
            approved_by   uuid,
            exchanged_for uuid,
            CONSTRAINT sale_returns_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT sale_returns_number_key UNIQUE (tenant_id, number),
            CONSTRAINT sale_returns_amounts_never_negative
                CHECK (total >= 0 AND tax_total BETWEEN 0 AND total AND to_debt >= 0 AND to_account >= 0
                       AND to_credit >= 0 AND to_debt + to_account + to_credit <= total),
            CONSTRAINT sale_returns_accounts_have_a_customer
                CHECK (to_debt + to_account + to_credit = 0 OR customer_id IS NOT NULL),
            CONSTRAINT sale_returns_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT sale_returns_transaction_fkey FOREIGN KEY (tenant_id, id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT sale_returns_sale_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sales (tenant_id, id),
            CONSTRAINT sale_returns_exchange_fkey FOREIGN KEY (tenant_id, exchanged_for)
                REFERENCES sales (tenant_id, id),
            CONSTRAINT sale_returns_drawer_fkey FOREIGN KEY (tenant_id, drawer_id)
                REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT sale_returns_customer_fkey FOREIGN KEY (tenant_id, customer_id)
                REFERENCES parties (tenant_id, id),
            CONSTRAINT sale_returns_cashier_fkey FOREIGN KEY (tenant_id, cashier_id) REFERENCES users (tenant_id, id),
            CONSTRAINT sale_returns_approver_fkey FOREIGN KEY (tenant_id, approved_by) REFERENCES users (tenant_id, id),
            CONSTRAINT sale_returns_reason_fkey FOREIGN KEY (tenant_id, reason_id)
                REFERENCES return_reasons (tenant_id, id)
        );
        CREATE INDEX sale_returns_by_day ON sale_returns (tenant_id, returned_on, id);
        CREATE INDEX sale_returns_sale_idx ON sale_returns (tenant_id, sale_id) WHERE sale_id IS NOT NULL;
        CREATE INDEX sale_returns_exchange_idx ON sale_returns (tenant_id, exchanged_for)
            WHERE exchanged_for IS NOT NULL;
        CREATE INDEX sale_returns_drawer_idx ON sale_returns (tenant_id, drawer_id);
        CREATE INDEX sale_returns_customer_idx ON sale_returns (tenant_id, customer_id) WHERE customer_id IS NOT NULL;
        CREATE INDEX sale_returns_cashier_idx ON sale_returns (tenant_id, cashier_id);
        CREATE INDEX sale_returns_approver_idx ON sale_returns (tenant_id, approved_by) WHERE approved_by IS NOT NULL;
        CREATE INDEX sale_returns_reason_idx ON sale_returns (tenant_id, reason_id);

        CREATE TABLE sale_return_lines (
            tenant_id     bigint NOT NULL,
            return_id     uuid NOT NULL,
            line          integer NOT NULL,
            sale_line     integer,
            product_id    uuid NOT NULL,
            name          text NOT NULL,
            unit_name     text NOT NULL DEFAULT '',
            quantity      numeric(18, 6) NOT NULL,
            base_quantity numeric(18, 6) NOT NULL,
            unit_price    bigint NOT NULL,
            total         bigint NOT NULL,
            tax           bigint NOT NULL,
            taxes         jsonb NOT NULL DEFAULT '[]',
            cost          bigint NOT NULL,
            disposition   text NOT NULL,
            CONSTRAINT sale_return_lines_pkey PRIMARY KEY (tenant_id, return_id, line),
            CONSTRAINT sale_return_lines_return_fkey FOREIGN KEY (tenant_id, return_id)
                REFERENCES sale_returns (tenant_id, id),
            CONSTRAINT sale_return_lines_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT sale_return_lines_quantity_is_positive
                CHECK (quantity > 0 AND quantity <> 'NaN' AND base_quantity > 0 AND base_quantity <> 'NaN'),
            CONSTRAINT sale_return_lines_amounts_never_negative
                CHECK (unit_price >= 0 AND total >= 0 AND tax BETWEEN 0 AND total),
            CONSTRAINT sale_return_lines_disposition_is_known
                CHECK (disposition IN ('sellable', 'damaged', 'expired', 'not_returned'))
        );
        CREATE INDEX sale_return_lines_product_idx ON sale_return_lines (tenant_id, product_id, return_id);

        CREATE TABLE returned_lines (
            tenant_id bigint NOT NULL,
            sale_id   uuid NOT NULL,
            line      integer NOT NULL,
            sold      numeric(18, 6) NOT NULL,
            returned  numeric(18, 6) NOT NULL,
            CONSTRAINT returned_lines_pkey PRIMARY KEY (tenant_id, sale_id, line),
            CONSTRAINT returned_lines_line_fkey FOREIGN KEY (tenant_id, sale_id, line)
                REFERENCES sale_lines (tenant_id, sale_id, line),
            CONSTRAINT returned_lines_never_more_than_sold CHECK (returned > 0 AND returned <= sold AND sold <> 'NaN')
        );

        CREATE TABLE refunded_payments (
            tenant_id  bigint NOT NULL,
            payment_id uuid NOT NULL,
            value      bigint NOT NULL,
            refunded   bigint NOT NULL,
            applied    bigint NOT NULL,
            paid_back  bigint NOT NULL,
            CONSTRAINT refunded_payments_pkey PRIMARY KEY (tenant_id, payment_id),
            CONSTRAINT refunded_payments_payment_fkey FOREIGN KEY (tenant_id, payment_id)
                REFERENCES payments (tenant_id, id),
            CONSTRAINT refunded_payments_never_more_than_paid
                CHECK (refunded BETWEEN 0 AND value AND paid_back BETWEEN 0 AND applied)
        );

        ALTER TABLE sales
            ADD COLUMN returned_total bigint NOT NULL DEFAULT 0,
            ADD COLUMN return_count integer NOT NULL DEFAULT 0,
            ADD COLUMN reason_id uuid;
        ALTER TABLE sales NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE sales ADD CONSTRAINT sales_returned_within_total
            CHECK (returned_total BETWEEN 0 AND total AND return_count >= 0) NOT VALID;
        ALTER TABLE sales VALIDATE CONSTRAINT sales_returned_within_total;
        ALTER TABLE sales ADD CONSTRAINT sales_deleted_or_returned
            CHECK (deleted_at IS NULL OR return_count = 0) NOT VALID;
        ALTER TABLE sales VALIDATE CONSTRAINT sales_deleted_or_returned;
        ALTER TABLE sales ADD CONSTRAINT sales_reason_fkey FOREIGN KEY (tenant_id, reason_id)
            REFERENCES return_reasons (tenant_id, id);
        CREATE INDEX sales_reason_idx ON sales (tenant_id, reason_id) WHERE reason_id IS NOT NULL;
        CREATE INDEX sales_returned_idx ON sales (tenant_id, sold_on, id) WHERE return_count > 0;
        ALTER TABLE sales FORCE ROW LEVEL SECURITY;
        GRANT UPDATE (returned_total, return_count, reason_id) ON sales TO ledger_app;

        ALTER TABLE payments ADD COLUMN return_id uuid;
        ALTER TABLE payments ADD COLUMN refunds_id uuid;
        ALTER TABLE payments NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE payments DROP CONSTRAINT payments_settle_something;
        ALTER TABLE payments ADD CONSTRAINT payments_settle_something
            CHECK (party_id IS NOT NULL OR sale_id IS NOT NULL OR return_id IS NOT NULL) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_settle_something;
        ALTER TABLE payments ADD CONSTRAINT payments_return_fkey FOREIGN KEY (tenant_id, return_id)
            REFERENCES sale_returns (tenant_id, id);
        ALTER TABLE payments ADD CONSTRAINT payments_refunds_fkey FOREIGN KEY (tenant_id, refunds_id)
            REFERENCES payments (tenant_id, id);
        CREATE INDEX payments_return_idx ON payments (tenant_id, return_id) WHERE return_id IS NOT NULL;
        CREATE INDEX payments_refunds_idx ON payments (tenant_id, refunds_id) WHERE refunds_id IS NOT NULL;
        ALTER TABLE payments FORCE ROW LEVEL SECURITY;
        """
    )
    _reasons_of_the_shops_that_are_there()
    protect("return_reasons", grants="SELECT, INSERT, UPDATE")
    protect("sale_returns", grants="SELECT, INSERT")
    protect("sale_return_lines", grants="SELECT, INSERT")
    protect("returned_lines", grants="SELECT, INSERT, UPDATE (returned)")
    protect("refunded_payments", grants="SELECT, INSERT, UPDATE (refunded, paid_back)")
    run(
        """
        ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
        UPDATE roles SET permissions = permissions || '{sale.void_own,sale.return,sale.refund_cash}'::text[]
         WHERE built_in IS NULL AND 'sale.delete' = ANY(permissions);
        ALTER TABLE roles FORCE ROW LEVEL SECURITY;
        """
    )


def _reasons_of_the_shops_that_are_there() -> None:
    run("ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY")
    for position, (code, name, restocks, needs_approval) in enumerate(REASONS, start=1):
        run(
            f"""
            INSERT INTO return_reasons (tenant_id, id, code, name, restocks, needs_approval, position)
            SELECT tenant_id, md5('return reason ' || tenant_id || ' {code}')::uuid, '{code}', '{name}', {restocks},
                   {needs_approval}, {position}
              FROM tenants
            """
        )
    run("ALTER TABLE tenants FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run(
        """
        ALTER TABLE payments DROP CONSTRAINT payments_settle_something;
        ALTER TABLE payments DROP COLUMN refunds_id, DROP COLUMN return_id;
        ALTER TABLE payments ADD CONSTRAINT payments_settle_something
            CHECK (party_id IS NOT NULL OR sale_id IS NOT NULL) NOT VALID;
        ALTER TABLE sales DROP COLUMN reason_id, DROP COLUMN return_count, DROP COLUMN returned_total;
        DROP TABLE refunded_payments, returned_lines, sale_return_lines, sale_returns, return_reasons;
        """
    )
