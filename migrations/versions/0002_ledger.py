"""Accounts, transactions and entries: everything that holds money and everything that happens to it.

Why: a cached balance is moved in the same database transaction as the entries that explain it, and no one,
whatever program they use, can write an entry that is unbalanced, crosses shops or mixes currencies.
Source: design §1. Accounts are kept lean: no index on debits, credits or balance, so that updates stay in place.
Old code beside it: yes, nothing is changed.
"""

from migrations.tenant_tables import protect, run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE parties (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            kind         text NOT NULL,
            name         text NOT NULL,
            phone        text NOT NULL DEFAULT '',
            note         text NOT NULL DEFAULT '',
            currency     char(3) NOT NULL,
            version      integer NOT NULL DEFAULT 1,
            created_at   timestamptz NOT NULL DEFAULT now(),
            archived_at  timestamptz,
            CONSTRAINT parties_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT parties_kind_is_known CHECK (kind IN ('customer', 'vendor', 'employee', 'member')),
            CONSTRAINT parties_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT parties_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        CREATE INDEX parties_by_kind_and_age ON parties (tenant_id, kind, id);

        CREATE TABLE party_words (
            tenant_id bigint NOT NULL,
            word      text COLLATE "C" NOT NULL,
            party_id  uuid NOT NULL,
            CONSTRAINT party_words_pkey PRIMARY KEY (tenant_id, word, party_id),
            CONSTRAINT party_words_party_fkey FOREIGN KEY (tenant_id, party_id)
                REFERENCES parties (tenant_id, id) ON DELETE CASCADE
        );
        CREATE INDEX party_words_party_idx ON party_words (tenant_id, party_id);

        CREATE TABLE cash_drawers (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            name       text NOT NULL,
            series     text COLLATE "C" NOT NULL,
            active     boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT cash_drawers_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT cash_drawers_name_key UNIQUE (tenant_id, name),
            CONSTRAINT cash_drawers_series_key UNIQUE (tenant_id, series),
            CONSTRAINT cash_drawers_series_is_short CHECK (series ~ '^[A-Z0-9]{1,4}$'),
            CONSTRAINT cash_drawers_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE number_series (
            tenant_id   bigint NOT NULL,
            document    text NOT NULL,
            series      text COLLATE "C" NOT NULL,
            last_number bigint NOT NULL DEFAULT 0,
            CONSTRAINT number_series_pkey PRIMARY KEY (tenant_id, document, series),
            CONSTRAINT number_series_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE accounts (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            kind        text NOT NULL,
            party_id    uuid,
            drawer_id   uuid,
            code        text COLLATE "C",
            currency    char(3) NOT NULL,
            normal_side text NOT NULL,
            cached      boolean NOT NULL,
            debits      bigint NOT NULL DEFAULT 0,
            credits     bigint NOT NULL DEFAULT 0,
            balance     bigint NOT NULL GENERATED ALWAYS AS (
                CASE normal_side WHEN 'debit' THEN debits - credits ELSE credits - debits END) STORED,
            floor       bigint,
            ceiling     bigint,
            version     bigint NOT NULL DEFAULT 0,
            created_at  timestamptz NOT NULL DEFAULT now(),
            closed_at   timestamptz,
            CONSTRAINT accounts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT accounts_id_currency_key UNIQUE (tenant_id, id, currency),
            CONSTRAINT accounts_holder_key
                UNIQUE NULLS NOT DISTINCT (tenant_id, kind, party_id, drawer_id, code, currency),
            CONSTRAINT accounts_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT accounts_drawer_fkey FOREIGN KEY (tenant_id, drawer_id)
                REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT accounts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT accounts_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT accounts_stand_on_their_normal_side CHECK (
                (kind IN ('customer', 'member', 'cash', 'bank', 'inventory', 'tax_receivable', 'expense',
                          'cost_of_sales') AND normal_side = 'debit')
                OR (kind IN ('vendor', 'employee', 'tax_payable', 'revenue', 'store_credit', 'equity',
                             'rounding') AND normal_side = 'credit')
                OR kind IN ('exchange', 'over_short')),
            CONSTRAINT accounts_parties_have_a_party CHECK (
                (kind IN ('customer', 'member', 'vendor', 'employee')) = (party_id IS NOT NULL)
                OR kind = 'store_credit'),
            CONSTRAINT accounts_cash_has_a_drawer CHECK ((kind = 'cash') = (drawer_id IS NOT NULL)),
            CONSTRAINT accounts_cached_kinds CHECK (
                cached = (kind IN ('customer', 'vendor', 'employee', 'member', 'cash', 'bank', 'store_credit'))),
            CONSTRAINT accounts_cash_never_below_zero CHECK (kind <> 'cash' OR debits >= credits),
            CONSTRAINT accounts_store_credit_never_below_zero CHECK (kind <> 'store_credit' OR credits >= debits),
            CONSTRAINT accounts_sums_never_negative CHECK (debits >= 0 AND credits >= 0)
        ) WITH (fillfactor = 80);
        CREATE INDEX accounts_party_idx ON accounts (tenant_id, party_id) WHERE party_id IS NOT NULL;
        CREATE INDEX accounts_drawer_idx ON accounts (tenant_id, drawer_id) WHERE drawer_id IS NOT NULL;

        CREATE TABLE transactions (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            kind        text NOT NULL,
            occurred_on date NOT NULL,
            posted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor_id    uuid,
            fingerprint bytea NOT NULL,
            reverses_id uuid,
            memo        text NOT NULL DEFAULT '',
            CONSTRAINT transactions_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT transactions_reversed_once UNIQUE (tenant_id, reverses_id),
            CONSTRAINT transactions_kind_is_a_word CHECK (kind ~ '^[a-z_]{3,30}$'),
            CONSTRAINT transactions_reversals_name_what_they_reverse
                CHECK ((kind = 'reversal') = (reverses_id IS NOT NULL)),
            CONSTRAINT transactions_day_is_sane CHECK (occurred_on BETWEEN '2000-01-01' AND '2200-01-01'),
            CONSTRAINT transactions_fingerprint_is_a_sha256 CHECK (octet_length(fingerprint) = 32),
            CONSTRAINT transactions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT transactions_actor_fkey FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id),
            CONSTRAINT transactions_reverses_fkey FOREIGN KEY (tenant_id, reverses_id)
                REFERENCES transactions (tenant_id, id)
        );
        CREATE INDEX transactions_by_day ON transactions (tenant_id, occurred_on, id);
        CREATE INDEX transactions_actor_idx ON transactions (tenant_id, actor_id);

        CREATE TABLE entries (
            tenant_id         bigint NOT NULL,
            transaction_id    uuid NOT NULL,
            line              integer NOT NULL,
            debit_account_id  uuid NOT NULL,
            credit_account_id uuid NOT NULL,
            currency          char(3) NOT NULL,
            amount            bigint NOT NULL,
            occurred_on       date NOT NULL,
            CONSTRAINT entries_pkey PRIMARY KEY (tenant_id, transaction_id, line),
            CONSTRAINT entries_amount_is_positive CHECK (amount BETWEEN 1 AND 1000000000000000),
            CONSTRAINT entries_two_different_accounts CHECK (debit_account_id <> credit_account_id),
            CONSTRAINT entries_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT entries_debit_account_fkey FOREIGN KEY (tenant_id, debit_account_id, currency)
                REFERENCES accounts (tenant_id, id, currency),
            CONSTRAINT entries_credit_account_fkey FOREIGN KEY (tenant_id, credit_account_id, currency)
                REFERENCES accounts (tenant_id, id, currency)
        );
        CREATE INDEX entries_by_debit_account
            ON entries (tenant_id, debit_account_id, occurred_on, transaction_id, line) INCLUDE (amount);
        CREATE INDEX entries_by_credit_account
            ON entries (tenant_id, credit_account_id, occurred_on, transaction_id, line) INCLUDE (amount);
        """
    )
    protect("parties", grants="SELECT, INSERT, UPDATE")
    protect("party_words", grants="SELECT, INSERT, DELETE")
    protect("cash_drawers", grants="SELECT, INSERT, UPDATE")
    protect("number_series", grants="SELECT, INSERT, UPDATE")
    protect("accounts", grants="SELECT, INSERT, UPDATE (debits, credits, version, floor, ceiling, closed_at)")
    protect("transactions", grants="SELECT, INSERT")
    protect("entries", grants="SELECT, INSERT")
    for kind in ("customer", "vendor", "employee", "member"):
        view = f"{kind}s"
        run(
            f"""
            CREATE VIEW {view} WITH (security_invoker = true) AS
            SELECT p.tenant_id, p.id, p.name, p.phone, p.note, p.currency, p.version, p.created_at, p.archived_at,
                   coalesce(a.balance, 0) AS balance, a.ceiling AS credit_limit, a.id AS account_id
              FROM parties AS p
              LEFT JOIN accounts AS a
                ON a.tenant_id = p.tenant_id AND a.party_id = p.id AND a.kind = '{kind}' AND a.currency = p.currency
             WHERE p.kind = '{kind}';
            GRANT SELECT ON {view} TO ledger_app;
            """
        )
    run(
        """
        CREATE VIEW cash_drawer_money WITH (security_invoker = true) AS
        SELECT a.tenant_id, a.drawer_id, d.name AS drawer, a.currency, a.balance AS amount, a.id AS account_id
          FROM accounts AS a
          JOIN cash_drawers AS d ON d.tenant_id = a.tenant_id AND d.id = a.drawer_id
         WHERE a.kind = 'cash';
        GRANT SELECT ON cash_drawer_money TO ledger_app;
        """
    )


def downgrade() -> None:
    run(
        """
        DROP VIEW cash_drawer_money, customers, vendors, employees, members;
        DROP TABLE entries, transactions, accounts, number_series, cash_drawers, party_words, parties;
        """
    )
