"""What dues did to a membership, so that reversing them takes it back; open items of manual transactions.

Why: charging dues moves the day a membership ends, and nothing remembered where it stood before. A manual transaction
on a party's account raised or lowered what they owe without anything that could be settled: it makes an open item
now, and so do those that are in the books already, where nobody reversed them.
Old code beside it: yes, dues it charges leave the membership as it is when they are reversed.
"""

from migrations.tenant_tables import protect, run

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("transactions", "parties"):
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        CREATE TABLE membership_terms (
            tenant_id      bigint NOT NULL,
            transaction_id uuid NOT NULL,
            member_id      uuid NOT NULL,
            ended_on       date,
            ends_on        date NOT NULL,
            CONSTRAINT membership_terms_pkey PRIMARY KEY (tenant_id, transaction_id),
            CONSTRAINT membership_terms_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT membership_terms_member_fkey FOREIGN KEY (tenant_id, member_id)
                REFERENCES parties (tenant_id, id)
        );
        CREATE INDEX membership_terms_member_idx ON membership_terms (tenant_id, member_id, ends_on);
        """
    )
    protect("membership_terms", grants="SELECT, INSERT")
    _make_items_of_manual_transactions()
    for table in ("transactions", "parties"):
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _make_items_of_manual_transactions() -> None:
    for table in ("entries", "accounts", "open_items"):
        run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    run(
        """
        INSERT INTO open_items (tenant_id, id, transaction_id, party_id, side, currency, amount, due_on)
        SELECT tenant_id, md5('item ' || id || ' ' || account_id)::uuid, id, party_id,
               CASE WHEN raised > 0 THEN 'charge' ELSE 'credit' END, currency, abs(raised), occurred_on
          FROM (SELECT t.tenant_id, t.id, t.occurred_on, a.id AS account_id, coalesce(p.merged_into, p.id) AS party_id,
                       a.currency,
                       sum(CASE WHEN (a.id = e.debit_account_id) = (a.normal_side = 'debit')
                                THEN e.amount ELSE -e.amount END)::bigint AS raised
                  FROM transactions AS t
                  JOIN entries AS e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
                  JOIN accounts AS a
                    ON a.tenant_id = t.tenant_id AND a.id IN (e.debit_account_id, e.credit_account_id)
                   AND a.kind IN ('customer', 'vendor', 'employee', 'member')
                  JOIN parties AS p ON p.tenant_id = t.tenant_id AND p.id = a.party_id
                 WHERE t.kind = 'manual'
                   AND NOT EXISTS (SELECT 1 FROM transactions AS r
                                    WHERE r.tenant_id = t.tenant_id AND r.reverses_id = t.id)
                 GROUP BY t.tenant_id, t.id, t.occurred_on, a.id, p.merged_into, p.id, a.currency) AS moved
         WHERE raised <> 0
        """
    )
    for table in ("entries", "accounts", "open_items"):
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run("DROP TABLE membership_terms")
