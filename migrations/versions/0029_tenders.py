"""Tenders: a sale is paid in several ways at once, in several currencies; gift cards.

Why: what was handed over, what it paid and what went back are three figures for each way of paying. `applied` is in
the currency handed over, `applied_base` is what of the sale it paid. Change in another currency than the one handed
over is `other_change`; where that is not the shop's own, its rate is frozen, too. A gift card is money the shop owes
to whoever holds the card: its balance is the store credit account with the card's code.
Always true of a sale: the sum of applied_base, and what went on account, is its total and its rounding.
Old code beside it: no, it writes payments through a bank without saying so.
"""

from migrations.tenant_tables import protect, run

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TOUCHED = ("payments", "cart_lines", "sale_lines")


def upgrade() -> None:
    run(
        """
        CREATE TABLE gift_cards (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            code        text COLLATE "C" NOT NULL,
            currency    char(3) NOT NULL,
            sold_in     uuid NOT NULL,
            expires_on  date,
            blocked_at  timestamptz,
            version     integer NOT NULL DEFAULT 1,
            created_at  timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT gift_cards_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT gift_cards_code_key UNIQUE (tenant_id, code),
            CONSTRAINT gift_cards_code_is_plain CHECK (code ~ '^[0-9a-z-]{6,40}$'),
            CONSTRAINT gift_cards_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT gift_cards_sale_fkey FOREIGN KEY (tenant_id, sold_in) REFERENCES sales (tenant_id, id)
        );
        CREATE INDEX gift_cards_sale_idx ON gift_cards (tenant_id, sold_in);
        """
    )
    for table in TOUCHED:
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        ALTER TABLE cart_lines ADD COLUMN gift_card_code text;
        ALTER TABLE sale_lines ADD COLUMN gift_card_id uuid;
        ALTER TABLE sale_lines ADD CONSTRAINT sale_lines_gift_card_fkey
            FOREIGN KEY (tenant_id, gift_card_id) REFERENCES gift_cards (tenant_id, id);
        CREATE INDEX sale_lines_gift_card_idx ON sale_lines (tenant_id, gift_card_id) WHERE gift_card_id IS NOT NULL;

        ALTER TABLE payments
            ADD COLUMN method text NOT NULL DEFAULT 'cash',
            ADD COLUMN applied_base bigint,
            ADD COLUMN other_change bigint,
            ADD COLUMN other_change_currency char(3),
            ADD COLUMN change_rate numeric(20, 10),
            ADD COLUMN change_rate_unit char(3),
            ADD COLUMN gift_card_id uuid;
        UPDATE payments
           SET method = CASE WHEN bank_id IS NULL THEN 'cash' ELSE 'bank' END,
               applied_base = CASE WHEN sale_id IS NOT NULL THEN applied END;
        ALTER TABLE payments ADD CONSTRAINT payments_method_is_known
            CHECK (method IN ('cash', 'bank', 'store_credit', 'gift_card')) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_method_is_known;
        ALTER TABLE payments ADD CONSTRAINT payments_go_where_the_method_says
            CHECK ((method = 'bank') = (bank_id IS NOT NULL) AND (method = 'gift_card') = (gift_card_id IS NOT NULL))
            NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_go_where_the_method_says;
        ALTER TABLE payments ADD CONSTRAINT payments_applied_base_never_negative
            CHECK (applied_base >= 0) NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_applied_base_never_negative;
        ALTER TABLE payments ADD CONSTRAINT payments_other_change_says_all_of_it
            CHECK (num_nulls(other_change, other_change_currency) IN (0, 2)
                   AND num_nulls(change_rate, change_rate_unit) IN (0, 2)
                   AND (change_rate IS NULL OR other_change IS NOT NULL)
                   AND other_change > 0 AND other_change_currency <> currency
                   AND other_change_currency ~ '^[A-Z]{3}$' AND change_rate > 0 AND change_rate <> 'NaN') NOT VALID;
        ALTER TABLE payments VALIDATE CONSTRAINT payments_other_change_says_all_of_it;
        ALTER TABLE payments ADD CONSTRAINT payments_gift_card_fkey
            FOREIGN KEY (tenant_id, gift_card_id) REFERENCES gift_cards (tenant_id, id);
        CREATE INDEX payments_gift_card_idx ON payments (tenant_id, gift_card_id) WHERE gift_card_id IS NOT NULL;
        """
    )
    for table in TOUCHED:
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    protect("gift_cards", grants="SELECT, INSERT, UPDATE (expires_on, blocked_at, version)")


def downgrade() -> None:
    run(
        """
        ALTER TABLE payments
            DROP COLUMN gift_card_id, DROP COLUMN change_rate_unit, DROP COLUMN change_rate,
            DROP COLUMN other_change_currency, DROP COLUMN other_change, DROP COLUMN applied_base, DROP COLUMN method;
        ALTER TABLE sale_lines DROP COLUMN gift_card_id;
        ALTER TABLE cart_lines DROP COLUMN gift_card_code;
        DROP TABLE gift_cards;
        """
    )
