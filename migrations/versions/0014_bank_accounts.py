"""Bank accounts, payments through them, and payments in another currency than the debt.

Why: a bank account is an account of kind `bank` with a name: its code is what the account is found by, so both keep
it for life. A payment goes through a drawer or through a bank account. Where it settles a debt in another currency,
what was settled, the rate, the side of the rate that is one unit, and where the rate came from are frozen on its row:
nothing ever reads a table of rates again.
Old code beside it: yes, it neither reads nor writes any of this; it shows no payment that went through a bank.
"""

from migrations.tenant_tables import protect, run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE bank_accounts (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            name       text NOT NULL,
            currency   char(3) NOT NULL,
            code       text COLLATE "C" NOT NULL,
            active     boolean NOT NULL DEFAULT true,
            version    integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT bank_accounts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT bank_accounts_name_key UNIQUE (tenant_id, name),
            CONSTRAINT bank_accounts_code_key UNIQUE (tenant_id, code),
            CONSTRAINT bank_accounts_code_is_a_word CHECK (code ~ '^[a-z0-9_]{2,40}$'),
            CONSTRAINT bank_accounts_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT bank_accounts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        ALTER TABLE payments
            ADD COLUMN bank_id uuid,
            ADD COLUMN settled_amount bigint,
            ADD COLUMN settled_currency char(3),
            ADD COLUMN rate numeric(20, 10),
            ADD COLUMN rate_unit char(3),
            ADD COLUMN rate_source text;
        ALTER TABLE payments NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE payments ADD CONSTRAINT payments_bank_fkey
            FOREIGN KEY (tenant_id, bank_id) REFERENCES bank_accounts (tenant_id, id);
        ALTER TABLE payments FORCE ROW LEVEL SECURITY;
        ALTER TABLE payments ADD CONSTRAINT payments_go_through_one_place
            CHECK (drawer_id IS NULL OR bank_id IS NULL) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_go_through_one_place;
        ALTER TABLE payments ADD CONSTRAINT payments_at_a_rate_say_all_of_it
            CHECK (num_nulls(settled_amount, settled_currency, rate, rate_unit, rate_source) IN (0, 5)) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_at_a_rate_say_all_of_it;
        ALTER TABLE payments ADD CONSTRAINT payments_at_a_rate_are_sane
            CHECK (settled_amount > 0 AND settled_currency <> currency AND settled_currency ~ '^[A-Z]{3}$'
                   AND rate > 0 AND rate <> 'NaN' AND rate_unit IN (currency, settled_currency)
                   AND rate_source IN ('typed', 'amounts')) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_at_a_rate_are_sane;
        CREATE INDEX payments_bank_idx ON payments (tenant_id, bank_id) WHERE bank_id IS NOT NULL;
        """
    )
    protect("bank_accounts", grants="SELECT, INSERT, UPDATE (name, active, version)")


def downgrade() -> None:
    run(
        """
        ALTER TABLE payments
            DROP COLUMN rate_source,
            DROP COLUMN rate_unit,
            DROP COLUMN rate,
            DROP COLUMN settled_currency,
            DROP COLUMN settled_amount,
            DROP COLUMN bank_id;
        DROP TABLE bank_accounts;
        """
    )
