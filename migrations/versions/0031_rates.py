"""The shop's own table of exchange rates, with its history, and its rules for what it buys.

Why: a document's rate may be filled from here, for its day. It is then frozen on the document: nothing posted ever
reads this table again. A rate that was wrong is not changed; a later one for the same day takes its place.
The rules: how far a vendor's printed total may be off (minor units), and the margin and ending of proposed prices.
Old code beside it: yes, it neither reads nor writes any of this.
"""

from migrations.tenant_tables import protect, run

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE exchange_rates (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            currency   char(3) NOT NULL,
            unit       char(3) NOT NULL,
            value      numeric(20, 10) NOT NULL,
            valid_on   date NOT NULL,
            note       text NOT NULL DEFAULT '',
            created_by uuid,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT exchange_rates_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT exchange_rates_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$' AND unit ~ '^[A-Z]{3}$'),
            CONSTRAINT exchange_rates_value_is_positive CHECK (value > 0 AND value <> 'NaN'),
            CONSTRAINT exchange_rates_day_is_sane CHECK (valid_on BETWEEN '2000-01-01' AND '2200-01-01'),
            CONSTRAINT exchange_rates_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT exchange_rates_creator_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX exchange_rates_by_day ON exchange_rates (tenant_id, currency, valid_on, id);
        CREATE INDEX exchange_rates_creator_idx ON exchange_rates (tenant_id, created_by);

        CREATE TABLE purchase_settings (
            tenant_id      bigint NOT NULL,
            rounding_max   bigint NOT NULL DEFAULT 100,
            margin_percent numeric(6, 3) NOT NULL DEFAULT 25,
            price_ending   bigint NOT NULL DEFAULT 0,
            CONSTRAINT purchase_settings_pkey PRIMARY KEY (tenant_id),
            CONSTRAINT purchase_settings_are_sane CHECK (
                rounding_max BETWEEN 0 AND 1000000 AND margin_percent >= 0 AND margin_percent < 100
                AND price_ending BETWEEN 0 AND 1000000000),
            CONSTRAINT purchase_settings_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        """
    )
    protect("exchange_rates", grants="SELECT, INSERT")
    protect("purchase_settings", grants="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    run("DROP TABLE purchase_settings, exchange_rates")
