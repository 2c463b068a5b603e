"""Goods that go back to a vendor, the vendor's own paper, and what vendors ask for which product.

Why: a return is a document of its own, at the rate and cost of its purchase; what went back is counted on the
purchase's lines too, where a CHECK bounds it. A paper (photo or PDF) is kept by the digest of its content. A vendor's
price list says pack, price and lead time, so that a reorder knows whom to ask and how long it takes.
Old code beside it: yes, it neither reads nor writes any of this.
"""

from migrations.tenant_tables import protect, run

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE purchase_returns (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            number        text COLLATE "C" NOT NULL,
            purchase_id   uuid NOT NULL,
            returned_on   date NOT NULL,
            currency      char(3) NOT NULL,
            total         bigint NOT NULL,
            total_base    bigint NOT NULL,
            reason        text NOT NULL,
            deleted_at    timestamptz,
            deleted_by    uuid,
            delete_reason text,
            CONSTRAINT purchase_returns_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT purchase_returns_number_key UNIQUE (tenant_id, number),
            CONSTRAINT purchase_returns_transaction_fkey FOREIGN KEY (tenant_id, id)
                REFERENCES transactions (tenant_id, id),
            CONSTRAINT purchase_returns_purchase_fkey FOREIGN KEY (tenant_id, purchase_id)
                REFERENCES purchases (tenant_id, id),
            CONSTRAINT purchase_returns_deleter_fkey FOREIGN KEY (tenant_id, deleted_by)
                REFERENCES users (tenant_id, id),
            CONSTRAINT purchase_returns_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT purchase_returns_amounts_never_negative CHECK (total >= 0 AND total_base >= 0),
            CONSTRAINT purchase_returns_deleted_with_a_reason CHECK ((deleted_at IS NULL) = (delete_reason IS NULL))
        );
        CREATE INDEX purchase_returns_purchase_idx ON purchase_returns (tenant_id, purchase_id);
        CREATE INDEX purchase_returns_deleter_idx ON purchase_returns (tenant_id, deleted_by)
            WHERE deleted_by IS NOT NULL;

        CREATE TABLE purchase_return_lines (
            tenant_id    bigint NOT NULL,
            return_id    uuid NOT NULL,
            line         integer NOT NULL,
            purchase_id  uuid NOT NULL,
            quantity     numeric(18, 6) NOT NULL,
            net          bigint NOT NULL,
            tax          bigint NOT NULL,
            net_base     bigint NOT NULL,
            tax_base     bigint NOT NULL,
            charges_base bigint NOT NULL,
            CONSTRAINT purchase_return_lines_pkey PRIMARY KEY (tenant_id, return_id, line),
            CONSTRAINT purchase_return_lines_return_fkey FOREIGN KEY (tenant_id, return_id)
                REFERENCES purchase_returns (tenant_id, id),
            CONSTRAINT purchase_return_lines_line_fkey FOREIGN KEY (tenant_id, purchase_id, line)
                REFERENCES purchase_lines (tenant_id, purchase_id, line),
            CONSTRAINT purchase_return_lines_quantity_is_positive CHECK (quantity > 0 AND quantity <> 'NaN')
        );
        CREATE INDEX purchase_return_lines_line_idx ON purchase_return_lines (tenant_id, purchase_id, line);

        CREATE TABLE purchase_papers (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            purchase_id uuid NOT NULL,
            name        text NOT NULL,
            media_type  text NOT NULL,
            digest      bytea NOT NULL,
            content     bytea NOT NULL,
            added_by    uuid,
            added_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT purchase_papers_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT purchase_papers_once UNIQUE (tenant_id, purchase_id, digest),
            CONSTRAINT purchase_papers_kind_is_known
                CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
            CONSTRAINT purchase_papers_digest_is_a_sha256 CHECK (octet_length(digest) = 32),
            CONSTRAINT purchase_papers_are_small CHECK (octet_length(content) BETWEEN 1 AND 5242880),
            CONSTRAINT purchase_papers_purchase_fkey FOREIGN KEY (tenant_id, purchase_id)
                REFERENCES purchases (tenant_id, id),
            CONSTRAINT purchase_papers_adder_fkey FOREIGN KEY (tenant_id, added_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX purchase_papers_adder_idx ON purchase_papers (tenant_id, added_by);

        CREATE TABLE vendor_prices (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            vendor_id  uuid NOT NULL,
            product_id uuid NOT NULL,
            unit_id    uuid,
            code       text NOT NULL DEFAULT '',
            currency   char(3) NOT NULL,
            unit_cost  numeric(21, 6) NOT NULL,
            pack       numeric(18, 6) NOT NULL DEFAULT 1,
            lead_days  integer,
            written_by uuid,
            written_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT vendor_prices_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT vendor_prices_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
            CONSTRAINT vendor_prices_are_sane CHECK (
                unit_cost >= 0 AND unit_cost <> 'NaN' AND pack > 0 AND pack <> 'NaN' AND lead_days BETWEEN 0 AND 3650),
            CONSTRAINT vendor_prices_vendor_fkey FOREIGN KEY (tenant_id, vendor_id) REFERENCES parties (tenant_id, id),
            CONSTRAINT vendor_prices_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT vendor_prices_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
                REFERENCES product_units (tenant_id, product_id, id),
            CONSTRAINT vendor_prices_writer_fkey FOREIGN KEY (tenant_id, written_by) REFERENCES users (tenant_id, id)
        );
        CREATE UNIQUE INDEX vendor_prices_once
            ON vendor_prices (tenant_id, vendor_id, product_id, currency, unit_id) NULLS NOT DISTINCT;
        CREATE INDEX vendor_prices_product_idx ON vendor_prices (tenant_id, product_id, unit_id);
        CREATE INDEX vendor_prices_writer_idx ON vendor_prices (tenant_id, written_by);
        """
    )
    protect("purchase_returns", grants="SELECT, INSERT, UPDATE (deleted_at, deleted_by, delete_reason)")
    protect("purchase_return_lines", grants="SELECT, INSERT")
    protect("purchase_papers", grants="SELECT, INSERT")
    protect("vendor_prices", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run("DROP TABLE vendor_prices, purchase_papers, purchase_return_lines, purchase_returns")
