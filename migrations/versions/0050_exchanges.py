"""Exchanges: what comes back pays for what goes out instead, in one act, and only the difference is settled.

Why: a return and a sale beside each other would move the same money out of the drawer and into it again. What is
carried over goes through an account of its own that is empty before and after; the new sale says by `carried_from`
which payment of which sale the money once came in by, so that it can go back the way it came.
Old code beside it: yes, it makes no exchanges, and calls a carried payment by its method.
"""

from migrations.tenant_tables import run

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE sale_returns ADD COLUMN to_exchange bigint NOT NULL DEFAULT 0;
        ALTER TABLE sale_returns NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE sale_returns ADD CONSTRAINT sale_returns_exchange_within_total
            CHECK (to_exchange >= 0 AND to_debt + to_account + to_credit + to_exchange <= total) NOT VALID;
        ALTER TABLE sale_returns VALIDATE CONSTRAINT sale_returns_exchange_within_total;
        ALTER TABLE sale_returns FORCE ROW LEVEL SECURITY;
        GRANT UPDATE (exchanged_for) ON sale_returns TO ledger_app;

        ALTER TABLE payments ADD COLUMN carried_from uuid;
        ALTER TABLE payments NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE payments DROP CONSTRAINT payments_method_is_known;
        ALTER TABLE payments ADD CONSTRAINT payments_method_is_known
            CHECK (method IN ('cash', 'bank', 'store_credit', 'gift_card', 'exchange')) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_method_is_known;
        ALTER TABLE payments ADD CONSTRAINT payments_carried_are_of_an_exchange
            CHECK ((method = 'exchange') = (carried_from IS NOT NULL)) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_carried_are_of_an_exchange;
        ALTER TABLE payments ADD CONSTRAINT payments_carried_fkey FOREIGN KEY (tenant_id, carried_from)
            REFERENCES payments (tenant_id, id);
        CREATE INDEX payments_carried_idx ON payments (tenant_id, carried_from) WHERE carried_from IS NOT NULL;
        ALTER TABLE payments FORCE ROW LEVEL SECURITY;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE payments DROP CONSTRAINT payments_carried_are_of_an_exchange;
        ALTER TABLE payments DROP COLUMN carried_from;
        ALTER TABLE payments DROP CONSTRAINT payments_method_is_known;
        ALTER TABLE payments ADD CONSTRAINT payments_method_is_known
            CHECK (method IN ('cash', 'bank', 'store_credit', 'gift_card')) NOT VALID;
        REVOKE UPDATE (exchanged_for) ON sale_returns FROM ledger_app;
        ALTER TABLE sale_returns DROP COLUMN to_exchange;
        """
    )
