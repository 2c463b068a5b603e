"""Purchases that were received, and the drafts they are made of.

Why: a draft is kept on the server until it is received, and its id becomes the purchase's, so receiving twice is
receiving once. What was received never changes: amounts, the rate with its source, date and person, and each line's
value in the shop's currency are facts of that day. Only what was returned of a line is counted on it, and the CHECK
beside it means that no race can return more than came. A charge (freight, duty) belongs to a purchase and to the
transaction that posted it: another than the purchase's where it came late.
A vendor's invoice number is written once for each vendor, compared without case, spaces and signs, unless somebody
said why it is there twice.
Old code beside it: yes, it neither reads nor writes any of this.
"""

from migrations.tenant_tables import protect, run

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# A rate says all of itself or nothing.
_RATE = """
            rate           numeric(20, 10),
            rate_unit      char(3),
            rate_source    text,
            rate_on        date,
            rate_by        uuid,
"""


def _rate_rules(table: str) -> str:
    return f"""
            CONSTRAINT {table}_rate_says_all_of_it CHECK (num_nulls(rate, rate_unit, rate_source) IN (0, 3)),
            CONSTRAINT {table}_rate_is_sane CHECK (
                rate > 0 AND rate <> 'NaN' AND rate_unit ~ '^[A-Z]{{3}}$'
                AND rate_source IN ('last', 'table', 'typed', 'amounts')),
    """


def upgrade() -> None:
    _drafts()
    _purchases()
    protect("purchase_drafts", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("purchase_draft_lines", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("purchase_draft_charges", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("purchases", grants="SELECT, INSERT, UPDATE (deleted_at, deleted_by, delete_reason)")
    protect("purchase_lines", grants="SELECT, INSERT, UPDATE (returned)")
    protect("purchase_charges", grants="SELECT, INSERT")


def _drafts() -> None:
    run(
        f"""
        CREATE TABLE purchase_drafts (
            tenant_id        bigint NOT NULL,
            id               uuid NOT NULL,
            user_id          uuid,
            vendor_id        uuid,
            invoice_number   text NOT NULL DEFAULT '',
            duplicate_reason text NOT NULL DEFAULT '',
            invoice_on       date NOT NULL,
            received_on      date,
            due_on           date,
            currency         char(3) NOT NULL,
            {_RATE}
            charged_base     bigint,
            charged_total    bigint,
            printed_total    bigint,
            memo             text NOT NULL DEFAULT '',
            corrects_id      uuid,
            version          integer NOT NULL DEFAULT 1,
            created_at       timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT purchase_drafts_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT purchase_drafts_currency_is_a_code CHECK (currency ~ '^[A-Z]{{3}}$'),
            {_rate_rules("purchase_drafts")}
            CONSTRAINT purchase_drafts_charged_says_for_what CHECK (
                num_nulls(charged_base, charged_total) IN (0, 2) AND charged_base > 0 AND charged_total > 0),
            CONSTRAINT purchase_drafts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT purchase_drafts_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT purchase_drafts_rate_by_fkey FOREIGN KEY (tenant_id, rate_by) REFERENCES users (tenant_id, id),
            CONSTRAINT purchase_drafts_vendor_fkey FOREIGN KEY (tenant_id, vendor_id) REFERENCES parties (tenant_id, id)
        );
        CREATE INDEX purchase_drafts_user_idx ON purchase_drafts (tenant_id, user_id);
        CREATE INDEX purchase_drafts_rate_by_idx ON purchase_drafts (tenant_id, rate_by) WHERE rate_by IS NOT NULL;
        CREATE INDEX purchase_drafts_vendor_idx ON purchase_drafts (tenant_id, vendor_id) WHERE vendor_id IS NOT NULL;

        CREATE TABLE purchase_draft_lines (
            tenant_id          bigint NOT NULL,
            draft_id           uuid NOT NULL,
            id                 uuid NOT NULL,
            position           integer NOT NULL,
            product_id         uuid NOT NULL,
            unit_id            uuid,
            quantity           numeric(18, 6) NOT NULL,
            unit_cost          numeric(21, 6),
            discount_percent   numeric(6, 3) NOT NULL DEFAULT 0,
            tax_percent        numeric(6, 3) NOT NULL DEFAULT 0,
            weight             numeric(18, 6),
            net                bigint NOT NULL DEFAULT 0,
            tax                bigint NOT NULL DEFAULT 0,
            CONSTRAINT purchase_draft_lines_pkey PRIMARY KEY (tenant_id, draft_id, id),
            CONSTRAINT purchase_draft_lines_draft_fkey FOREIGN KEY (tenant_id, draft_id)
                REFERENCES purchase_drafts (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT purchase_draft_lines_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT purchase_draft_lines_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
                REFERENCES product_units (tenant_id, product_id, id),
            CONSTRAINT purchase_draft_lines_quantity_is_positive CHECK (quantity > 0 AND quantity <> 'NaN'),
            CONSTRAINT purchase_draft_lines_cost_never_negative CHECK (unit_cost >= 0 AND unit_cost <> 'NaN'),
            CONSTRAINT purchase_draft_lines_percents_are_sane
                CHECK (discount_percent BETWEEN 0 AND 100 AND tax_percent BETWEEN 0 AND 100),
            CONSTRAINT purchase_draft_lines_weight_never_negative CHECK (weight >= 0 AND weight <> 'NaN'),
            CONSTRAINT purchase_draft_lines_amounts_never_negative CHECK (net >= 0 AND tax >= 0)
        );
        CREATE INDEX purchase_draft_lines_product_idx ON purchase_draft_lines (tenant_id, product_id, unit_id);

        CREATE TABLE purchase_draft_charges (
            tenant_id   bigint NOT NULL,
            draft_id    uuid NOT NULL,
            id          uuid NOT NULL,
            name        text NOT NULL,
            payee_id    uuid,
            currency    char(3) NOT NULL,
            net         bigint NOT NULL,
            tax_percent numeric(6, 3) NOT NULL DEFAULT 0,
            tax         bigint NOT NULL DEFAULT 0,
            {_RATE}
            spread_by   text NOT NULL,
            by_hand     jsonb NOT NULL DEFAULT '{{}}',
            CONSTRAINT purchase_draft_charges_pkey PRIMARY KEY (tenant_id, draft_id, id),
            CONSTRAINT purchase_draft_charges_draft_fkey FOREIGN KEY (tenant_id, draft_id)
                REFERENCES purchase_drafts (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT purchase_draft_charges_payee_fkey FOREIGN KEY (tenant_id, payee_id)
                REFERENCES parties (tenant_id, id),
            CONSTRAINT purchase_draft_charges_rate_by_fkey FOREIGN KEY (tenant_id, rate_by)
                REFERENCES users (tenant_id, id),
            CONSTRAINT purchase_draft_charges_currency_is_a_code CHECK (currency ~ '^[A-Z]{{3}}$'),
            {_rate_rules("purchase_draft_charges")}
            CONSTRAINT purchase_draft_charges_amounts_are_sane
                CHECK (net > 0 AND tax >= 0 AND tax_percent BETWEEN 0 AND 100),
            CONSTRAINT purchase_draft_charges_spread_is_known
                CHECK (spread_by IN ('value', 'quantity', 'weight', 'hand'))
        );
        CREATE INDEX purchase_draft_charges_payee_idx
            ON purchase_draft_charges (tenant_id, payee_id) WHERE payee_id IS NOT NULL;
        CREATE INDEX purchase_draft_charges_rate_by_idx
            ON purchase_draft_charges (tenant_id, rate_by) WHERE rate_by IS NOT NULL;
        """
    )


def _purchases() -> None:
    run(
        f"""
        CREATE TABLE purchases (
            tenant_id        bigint NOT NULL,
            id               uuid NOT NULL,
            number           text COLLATE "C" NOT NULL,
            vendor_id        uuid NOT NULL,
            invoice_number   text NOT NULL,
            invoice_key      text NOT NULL,
            duplicate_reason text,
            invoice_on       date NOT NULL,
            received_on      date NOT NULL,
            due_on           date NOT NULL,
            currency         char(3) NOT NULL,
            {_RATE}
            base_currency    char(3) NOT NULL,
            tax_total        bigint NOT NULL,
            rounded          bigint NOT NULL DEFAULT 0,
            total            bigint NOT NULL,
            total_base       bigint NOT NULL,
            tax_base         bigint NOT NULL,
            value_base       bigint NOT NULL,
            kept_base        bigint NOT NULL,
            memo             text NOT NULL DEFAULT '',
            corrects_id      uuid,
            deleted_at       timestamptz,
            deleted_by       uuid,
            delete_reason    text,
            CONSTRAINT purchases_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT purchases_number_key UNIQUE (tenant_id, number),
            CONSTRAINT purchases_transaction_fkey FOREIGN KEY (tenant_id, id) REFERENCES transactions (tenant_id, id),
            CONSTRAINT purchases_vendor_fkey FOREIGN KEY (tenant_id, vendor_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT purchases_rate_by_fkey FOREIGN KEY (tenant_id, rate_by) REFERENCES users (tenant_id, id),
            CONSTRAINT purchases_corrects_fkey FOREIGN KEY (tenant_id, corrects_id)
                REFERENCES purchases (tenant_id, id),
            CONSTRAINT purchases_deleter_fkey FOREIGN KEY (tenant_id, deleted_by) REFERENCES users (tenant_id, id),
            CONSTRAINT purchases_currency_is_a_code
                CHECK (currency ~ '^[A-Z]{{3}}$' AND base_currency ~ '^[A-Z]{{3}}$'),
            {_rate_rules("purchases")}
            CONSTRAINT purchases_have_a_rate_if_foreign CHECK ((rate IS NULL) = (currency = base_currency)),
            CONSTRAINT purchases_amounts_never_negative
                CHECK (total >= 0 AND total_base >= 0 AND tax_total >= 0 AND tax_base >= 0 AND value_base >= 0),
            CONSTRAINT purchases_deleted_with_a_reason CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
        );
        CREATE UNIQUE INDEX purchases_invoice_once ON purchases (tenant_id, vendor_id, invoice_key)
            WHERE deleted_at IS NULL AND duplicate_reason IS NULL AND invoice_key <> '';
        CREATE INDEX purchases_by_day ON purchases (tenant_id, received_on, id);
        CREATE INDEX purchases_vendor_idx ON purchases (tenant_id, vendor_id, id);
        CREATE INDEX purchases_rate_by_idx ON purchases (tenant_id, rate_by) WHERE rate_by IS NOT NULL;
        CREATE INDEX purchases_corrects_idx ON purchases (tenant_id, corrects_id) WHERE corrects_id IS NOT NULL;
        CREATE INDEX purchases_deleter_idx ON purchases (tenant_id, deleted_by) WHERE deleted_by IS NOT NULL;

        CREATE TABLE purchase_lines (
            tenant_id          bigint NOT NULL,
            purchase_id        uuid NOT NULL,
            line               integer NOT NULL,
            product_id         uuid NOT NULL,
            name               text NOT NULL,
            unit_id            uuid,
            unit_name          text NOT NULL,
            factor_numerator   bigint NOT NULL DEFAULT 1,
            factor_denominator bigint NOT NULL DEFAULT 1,
            quantity           numeric(18, 6) NOT NULL,
            base_quantity      numeric(18, 6) NOT NULL,
            unit_cost          numeric(21, 6) NOT NULL,
            discount_percent   numeric(6, 3) NOT NULL,
            tax_percent        numeric(6, 3) NOT NULL,
            weight             numeric(18, 6),
            keeps_stock        boolean NOT NULL,
            net                bigint NOT NULL,
            tax                bigint NOT NULL,
            net_base           bigint NOT NULL,
            tax_base           bigint NOT NULL,
            charges_base       bigint NOT NULL,
            returned           numeric(18, 6) NOT NULL DEFAULT 0,
            CONSTRAINT purchase_lines_pkey PRIMARY KEY (tenant_id, purchase_id, line),
            CONSTRAINT purchase_lines_purchase_fkey FOREIGN KEY (tenant_id, purchase_id)
                REFERENCES purchases (tenant_id, id),
            CONSTRAINT purchase_lines_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT purchase_lines_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
                REFERENCES product_units (tenant_id, product_id, id),
            CONSTRAINT purchase_lines_quantity_is_positive
                CHECK (quantity > 0 AND quantity <> 'NaN' AND base_quantity > 0 AND base_quantity <> 'NaN'),
            CONSTRAINT purchase_lines_returned_within_quantity CHECK (returned BETWEEN 0 AND quantity),
            CONSTRAINT purchase_lines_amounts_never_negative CHECK (
                unit_cost >= 0 AND net >= 0 AND tax >= 0 AND net_base >= 0 AND tax_base >= 0 AND charges_base >= 0)
        );
        CREATE INDEX purchase_lines_product_idx ON purchase_lines (tenant_id, product_id, purchase_id);
        CREATE INDEX purchase_lines_unit_idx ON purchase_lines (tenant_id, product_id, unit_id)
            WHERE unit_id IS NOT NULL;

        CREATE TABLE purchase_charges (
            tenant_id      bigint NOT NULL,
            id             uuid NOT NULL,
            purchase_id    uuid NOT NULL,
            transaction_id uuid NOT NULL,
            name           text NOT NULL,
            payee_id       uuid,
            currency       char(3) NOT NULL,
            {_RATE}
            net            bigint NOT NULL,
            tax_percent    numeric(6, 3) NOT NULL,
            tax            bigint NOT NULL,
            net_base       bigint NOT NULL,
            tax_base       bigint NOT NULL,
            kept_base      bigint,
            spread_by      text NOT NULL,
            by_hand        bigint[] NOT NULL DEFAULT '{{}}',
            CONSTRAINT purchase_charges_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT purchase_charges_purchase_fkey FOREIGN KEY (tenant_id, purchase_id)
                REFERENCES purchases (tenant_id, id),
            CONSTRAINT purchase_charges_transaction_fkey FOREIGN KEY (tenant_id, transaction_id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT purchase_charges_payee_fkey FOREIGN KEY (tenant_id, payee_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT purchase_charges_rate_by_fkey FOREIGN KEY (tenant_id, rate_by) REFERENCES users (tenant_id, id),
            CONSTRAINT purchase_charges_currency_is_a_code CHECK (currency ~ '^[A-Z]{{3}}$'),
            {_rate_rules("purchase_charges")}
            CONSTRAINT purchase_charges_amounts_are_sane
                CHECK (net > 0 AND tax >= 0 AND net_base >= 0 AND tax_base >= 0),
            CONSTRAINT purchase_charges_spread_is_known CHECK (spread_by IN ('value', 'quantity', 'weight', 'hand'))
        );
        CREATE INDEX purchase_charges_purchase_idx ON purchase_charges (tenant_id, purchase_id);
        CREATE INDEX purchase_charges_transaction_idx ON purchase_charges (tenant_id, transaction_id);
        CREATE INDEX purchase_charges_payee_idx ON purchase_charges (tenant_id, payee_id) WHERE payee_id IS NOT NULL;
        CREATE INDEX purchase_charges_rate_by_idx ON purchase_charges (tenant_id, rate_by) WHERE rate_by IS NOT NULL;
        """
    )


def downgrade() -> None:
    run(
        """
        DROP TABLE purchase_charges, purchase_lines, purchases,
                   purchase_draft_charges, purchase_draft_lines, purchase_drafts
        """
    )
