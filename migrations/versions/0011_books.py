"""What keeps the books closed where they are closed: the lock date, the business day, and what happened in words.

Why: nothing dated on or before a shop's lock date is posted or reversed, whatever program asks. A CHECK sees its own
row only, a foreign key holds for ever and not at one moment, and triggers are no part of a schema that is to be
distributed. So the database itself writes into each transaction the lock date it stands under: the column's default
reads it and holds the shop's row against a change of it until the commit, and the application has no right to write
the column. The CHECK beside it then compares days of one row. A reversal carries the day of what it reverses, held
to it by its foreign key. Restoring a dump stores what was stored and reads nothing.
A transaction posted into a locked period with the right to do so says so itself, for ever.

The business day begins at the shop's own hour: a bar that closes at three counts the night to the evening.
Entries are held to the day of their transaction; words of memos make the register searchable; expenses and income
may have categories of the shop's own.
Old code beside it: yes, for minutes; it cannot delete a sale, and answers 500 to a posting into a locked period.
"""

from migrations.tenant_tables import protect, run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

POSTED = (
    "tenant_id, id, kind, occurred_on, posted_at, actor_id, fingerprint, reverses_id, reverses_on, memo, overrides_lock"
)
NEW_RIGHTS = {
    "owner": "expense.create,journal.post,journal.reverse,journal.backdate,journal.override_lock",
    "manager": "expense.create,journal.post,journal.reverse,journal.backdate",
}


def upgrade() -> None:
    _settings()
    _transactions()
    _entries()
    _words_and_categories()
    _rights()


def _settings() -> None:
    run(
        """
        CREATE FUNCTION business_day(moment timestamptz, time_zone text, day_starts_at time) RETURNS date
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN ((moment AT TIME ZONE time_zone) - day_starts_at::interval)::date;

        ALTER TABLE tenants
            ADD COLUMN locked_until date,
            ADD COLUMN day_starts_at time NOT NULL DEFAULT '00:00',
            ADD COLUMN books_version integer NOT NULL DEFAULT 1;
        ALTER TABLE tenants
            ADD CONSTRAINT tenants_day_starts_before_noon CHECK (day_starts_at < '12:00') NOT VALID;
        ALTER TABLE tenants VALIDATE CONSTRAINT tenants_day_starts_before_noon;

        CREATE FUNCTION books_locked_until() RETURNS date
            LANGUAGE sql VOLATILE
            AS $$
                SELECT t.locked_until
                  FROM public.tenants AS t
                 WHERE t.tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint
                   FOR KEY SHARE
            $$;

        CREATE TABLE lock_date_changes (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            changed_at   timestamptz NOT NULL DEFAULT now(),
            actor_id     uuid,
            locked_before date,
            locked_after  date,
            reason       text NOT NULL,
            CONSTRAINT lock_date_changes_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT lock_date_changes_change_something CHECK (locked_before IS DISTINCT FROM locked_after),
            CONSTRAINT lock_date_changes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT lock_date_changes_actor_fkey FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX lock_date_changes_actor_idx ON lock_date_changes (tenant_id, actor_id);
        """
    )
    protect("lock_date_changes", grants="SELECT, INSERT")


def _transactions() -> None:
    run(
        f"""
        ALTER TABLE transactions
            ADD COLUMN reverses_on date,
            ADD COLUMN overrides_lock boolean NOT NULL DEFAULT false,
            ADD COLUMN locked_until date;
        ALTER TABLE transactions ALTER COLUMN locked_until SET DEFAULT books_locked_until();

        DROP INDEX transactions_by_day;
        ALTER TABLE transactions ADD CONSTRAINT transactions_by_day UNIQUE (tenant_id, occurred_on, id);

        ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY;
        UPDATE transactions AS t
           SET reverses_on = r.occurred_on
          FROM transactions AS r
         WHERE r.tenant_id = t.tenant_id AND r.id = t.reverses_id;
        ALTER TABLE transactions DROP CONSTRAINT transactions_reverses_fkey;
        ALTER TABLE transactions ADD CONSTRAINT transactions_reverses_fkey
            FOREIGN KEY (tenant_id, reverses_on, reverses_id) REFERENCES transactions (tenant_id, occurred_on, id);
        ALTER TABLE transactions ADD CONSTRAINT transactions_reversals_know_the_day
            CHECK ((reverses_on IS NULL) = (reverses_id IS NULL)) NOT VALID;
        ALTER TABLE transactions VALIDATE CONSTRAINT transactions_reversals_know_the_day;
        ALTER TABLE transactions ADD CONSTRAINT transactions_day_is_open
            CHECK (overrides_lock OR (occurred_on > locked_until AND coalesce(reverses_on > locked_until, true)))
            NOT VALID;
        ALTER TABLE transactions VALIDATE CONSTRAINT transactions_day_is_open;
        ALTER TABLE transactions ADD CONSTRAINT transactions_overrides_have_a_name
            CHECK (actor_id IS NOT NULL OR NOT overrides_lock) NOT VALID;
        ALTER TABLE transactions VALIDATE CONSTRAINT transactions_overrides_have_a_name;
        ALTER TABLE transactions ADD CONSTRAINT transactions_day_is_not_to_come
            CHECK (occurred_on <= (posted_at AT TIME ZONE 'UTC')::date + 2) NOT VALID;
        ALTER TABLE transactions FORCE ROW LEVEL SECURITY;

        DROP INDEX transactions_actor_idx;
        CREATE INDEX transactions_actor_idx ON transactions (tenant_id, actor_id, occurred_on, id);
        CREATE INDEX transactions_by_kind ON transactions (tenant_id, kind, occurred_on, id) WHERE kind <> 'sale';
        CREATE INDEX transactions_overrides_idx ON transactions (tenant_id, posted_at, id) WHERE overrides_lock;

        REVOKE INSERT ON transactions FROM ledger_app;
        GRANT INSERT ({POSTED}) ON transactions TO ledger_app;
        """
    )


def _entries() -> None:
    """The same index serves: a transaction's day and id are as unique as its id."""
    run(
        """
        ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE entries NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE entries DROP CONSTRAINT entries_transaction_fkey;
        ALTER TABLE entries ADD CONSTRAINT entries_transaction_fkey
            FOREIGN KEY (tenant_id, occurred_on, transaction_id) REFERENCES transactions (tenant_id, occurred_on, id);
        ALTER TABLE entries FORCE ROW LEVEL SECURITY;
        ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
        """
    )


def _words_and_categories() -> None:
    run(
        """
        CREATE TABLE transaction_words (
            tenant_id      bigint NOT NULL,
            word           text COLLATE "C" NOT NULL,
            transaction_id uuid NOT NULL,
            CONSTRAINT transaction_words_pkey PRIMARY KEY (tenant_id, word, transaction_id),
            CONSTRAINT transaction_words_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id)
        );
        CREATE INDEX transaction_words_transaction_idx ON transaction_words (tenant_id, transaction_id);

        CREATE TABLE categories (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            kind       text NOT NULL,
            code       text COLLATE "C" NOT NULL,
            name       text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT categories_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT categories_kind_is_known CHECK (kind IN ('expense', 'income')),
            CONSTRAINT categories_code_is_a_word CHECK (code ~ '^[a-z0-9_]{2,40}$'),
            CONSTRAINT categories_name_key UNIQUE (tenant_id, kind, name),
            CONSTRAINT categories_code_key UNIQUE (tenant_id, kind, code),
            CONSTRAINT categories_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        """
    )
    protect("transaction_words", grants="SELECT, INSERT")
    protect("categories", grants="SELECT, INSERT")


def _rights() -> None:
    """Give the built-in roles of shops that are there what those of new shops have."""
    run("ALTER TABLE roles NO FORCE ROW LEVEL SECURITY")
    for role, rights in NEW_RIGHTS.items():
        run(
            f"""
            UPDATE roles
               SET permissions = (SELECT array_agg(DISTINCT p ORDER BY p)
                                    FROM unnest(permissions || string_to_array('{rights}', ',')) AS p)
             WHERE name = '{role}'
            """
        )
    run("ALTER TABLE roles FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    run(
        """
        DROP TABLE categories, transaction_words;
        REVOKE INSERT (tenant_id, id, kind, occurred_on, posted_at, actor_id, fingerprint, reverses_id, reverses_on,
                       memo, overrides_lock) ON transactions FROM ledger_app;
        GRANT INSERT ON transactions TO ledger_app;
        ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE entries NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE entries DROP CONSTRAINT entries_transaction_fkey;
        ALTER TABLE entries ADD CONSTRAINT entries_transaction_fkey
            FOREIGN KEY (tenant_id, transaction_id) REFERENCES transactions (tenant_id, id);
        ALTER TABLE transactions DROP CONSTRAINT transactions_reverses_fkey;
        ALTER TABLE transactions ADD CONSTRAINT transactions_reverses_fkey
            FOREIGN KEY (tenant_id, reverses_id) REFERENCES transactions (tenant_id, id);
        ALTER TABLE entries FORCE ROW LEVEL SECURITY;
        ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
        ALTER TABLE transactions
            DROP CONSTRAINT transactions_day_is_not_to_come,
            DROP CONSTRAINT transactions_overrides_have_a_name,
            DROP CONSTRAINT transactions_day_is_open,
            DROP CONSTRAINT transactions_reversals_know_the_day,
            DROP CONSTRAINT transactions_by_day;
        DROP INDEX transactions_overrides_idx;
        DROP INDEX transactions_by_kind;
        DROP INDEX transactions_actor_idx;
        CREATE INDEX transactions_actor_idx ON transactions (tenant_id, actor_id);
        CREATE INDEX transactions_by_day ON transactions (tenant_id, occurred_on, id);
        ALTER TABLE transactions
            DROP COLUMN locked_until,
            DROP COLUMN overrides_lock,
            DROP COLUMN reverses_on;
        DROP TABLE lock_date_changes;
        DROP FUNCTION books_locked_until();
        ALTER TABLE tenants
            DROP COLUMN books_version,
            DROP COLUMN day_starts_at,
            DROP COLUMN locked_until;
        DROP FUNCTION business_day(timestamptz, text, time);
        """
    )
