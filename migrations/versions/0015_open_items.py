"""Open items: what is still to be settled of each document and payment of a party, and what settles what.

Why: a party's balance says how much is owed, not for what. A document that raises a balance is a charge, a payment
that lowers it is a credit; an allocation says how much of a credit settles which charge. What is settled of an item is
cached on it and moved relatively with the allocations that explain it; the CHECK beside it means that no race can
allocate more than there is, on either side. Allocations are never deleted: releasing one is a transaction of its own,
because in a foreign currency settling posts the realised gain or loss, and releasing takes it back.
`base_amount` is what an item in a foreign currency was worth in the shop's currency when it arose, if that is known.
What is in the books already becomes open items, nothing of it allocated.
Old code beside it: it posts documents without items; they are not offered for allocation, and no balance suffers.
"""

from migrations.tenant_tables import protect, run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE open_items (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            transaction_id uuid NOT NULL,
            party_id       uuid NOT NULL,
            side           text NOT NULL,
            currency       char(3) NOT NULL,
            amount         bigint NOT NULL,
            settled        bigint NOT NULL DEFAULT 0,
            base_amount    bigint,
            base_settled   bigint NOT NULL DEFAULT 0,
            due_on         date NOT NULL,
            cancelled_in   uuid,
            CONSTRAINT open_items_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT open_items_side_is_known CHECK (side IN ('charge', 'credit')),
            CONSTRAINT open_items_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT open_items_amount_is_positive CHECK (amount BETWEEN 1 AND 1000000000000000),
            CONSTRAINT open_items_settled_within_amount CHECK (settled BETWEEN 0 AND amount),
            CONSTRAINT open_items_base_settled_within_amount
                CHECK (base_settled >= 0 AND base_settled <= coalesce(base_amount, 0)),
            CONSTRAINT open_items_cancelled_settle_nothing CHECK (cancelled_in IS NULL OR settled = 0),
            CONSTRAINT open_items_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT open_items_canceller_fkey FOREIGN KEY (tenant_id, cancelled_in)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT open_items_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties (tenant_id, id)
        );
        CREATE INDEX open_items_transaction_idx ON open_items (tenant_id, transaction_id);
        CREATE INDEX open_items_canceller_idx ON open_items (tenant_id, cancelled_in) WHERE cancelled_in IS NOT NULL;
        CREATE INDEX open_items_party_idx ON open_items (tenant_id, party_id);
        CREATE INDEX open_items_by_age ON open_items (tenant_id, party_id, currency, side, due_on, id)
            WHERE settled < amount AND cancelled_in IS NULL;

        CREATE TABLE allocations (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            credit_id   uuid NOT NULL,
            charge_id   uuid NOT NULL,
            amount      bigint NOT NULL,
            credit_base bigint,
            charge_base bigint,
            made_in     uuid NOT NULL,
            released_in uuid,
            CONSTRAINT allocations_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT allocations_amount_is_positive CHECK (amount BETWEEN 1 AND 1000000000000000),
            CONSTRAINT allocations_base_never_negative CHECK (credit_base >= 0 AND charge_base >= 0),
            CONSTRAINT allocations_two_different_items CHECK (credit_id <> charge_id),
            CONSTRAINT allocations_credit_fkey FOREIGN KEY (tenant_id, credit_id) REFERENCES open_items (tenant_id, id),
            CONSTRAINT allocations_charge_fkey FOREIGN KEY (tenant_id, charge_id) REFERENCES open_items (tenant_id, id),
            CONSTRAINT allocations_maker_fkey FOREIGN KEY (tenant_id, made_in) REFERENCES transactions (tenant_id, id),
            CONSTRAINT allocations_releaser_fkey FOREIGN KEY (tenant_id, released_in)
                REFERENCES transactions (tenant_id, id)
        );
        CREATE INDEX allocations_credit_idx ON allocations (tenant_id, credit_id);
        CREATE INDEX allocations_charge_idx ON allocations (tenant_id, charge_id);
        CREATE INDEX allocations_maker_idx ON allocations (tenant_id, made_in);
        CREATE INDEX allocations_releaser_idx ON allocations (tenant_id, released_in) WHERE released_in IS NOT NULL;
        """
    )
    _make_items_of_what_is_there()
    protect("open_items", grants="SELECT, INSERT, UPDATE (party_id, settled, base_settled, cancelled_in)")
    protect("allocations", grants="SELECT, INSERT, UPDATE (released_in)")


def _make_items_of_what_is_there() -> None:
    """Each of these transactions moves at most one account of a party."""
    for table in ("transactions", "entries", "accounts"):
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        INSERT INTO open_items (tenant_id, id, transaction_id, party_id, side, currency, amount, due_on)
        SELECT tenant_id, id, id, party_id, CASE WHEN raised > 0 THEN 'charge' ELSE 'credit' END, currency,
               abs(raised), occurred_on
          FROM (SELECT t.tenant_id, t.id, t.occurred_on, a.party_id, a.currency,
                       sum(CASE WHEN (a.id = e.debit_account_id) = (a.normal_side = 'debit')
                                THEN e.amount ELSE -e.amount END)::bigint AS raised
                  FROM transactions AS t
                  JOIN entries AS e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                  JOIN accounts AS a
                    ON a.tenant_id = t.tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
                   AND a.kind IN ('customer', 'vendor', 'employee', 'member')
                 WHERE t.kind IN ('sale', 'payment', 'opening_balance')
                   AND NOT EXISTS (SELECT 1 FROM transactions AS r
                                    WHERE r.tenant_id = t.tenant_id AND r.reverses_id = t.id)
                 GROUP BY t.tenant_id, t.id, t.occurred_on, a.party_id, a.currency) AS moved
         WHERE raised <> 0
        """
    )
    for table in ("transactions", "entries", "accounts"):
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run("DROP TABLE allocations, open_items")
