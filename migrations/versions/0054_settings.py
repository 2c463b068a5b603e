"""What a shop says about itself: texts and logo of its receipts, its usual paper, what is sold that is not there.

Why: every shop prints its own address and thanks, and starts new products as it is used to. `settings_version` is
that of the whole page: whoever saves over somebody else is told so.
Old code beside it: yes, it prints none of it.
"""

from migrations.tenant_tables import protect, run

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE tenants
            ADD COLUMN settings_version integer NOT NULL DEFAULT 1,
            ADD COLUMN receipt_header   text NOT NULL DEFAULT '',
            ADD COLUMN receipt_footer   text NOT NULL DEFAULT '',
            ADD COLUMN receipt_paper    text NOT NULL DEFAULT '80',
            ADD COLUMN stock_policy     text NOT NULL DEFAULT 'block',
            ADD COLUMN digits           text NOT NULL DEFAULT 'latn',
            ADD CONSTRAINT tenants_receipt_texts_are_short
                CHECK (length(receipt_header) <= 400 AND length(receipt_footer) <= 400),
            ADD CONSTRAINT tenants_receipt_paper_is_known CHECK (receipt_paper IN ('58', '80', 'a5', 'a4')),
            ADD CONSTRAINT tenants_stock_policy_is_known CHECK (stock_policy IN ('block', 'warn', 'allow', 'none')),
            ADD CONSTRAINT tenants_digits_are_known CHECK (digits IN ('latn', 'arab', 'arabext'));

        CREATE TABLE shop_logos (
            tenant_id   bigint NOT NULL,
            digest      text COLLATE "C" NOT NULL,
            content     bytea NOT NULL,
            width       integer NOT NULL,
            height      integer NOT NULL,
            uploaded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT shop_logos_pkey PRIMARY KEY (tenant_id),
            CONSTRAINT shop_logos_are_small
                CHECK (octet_length(content) <= 300000 AND width BETWEEN 1 AND 600 AND height BETWEEN 1 AND 600),
            CONSTRAINT shop_logos_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        """
    )
    protect("shop_logos", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run(
        """
        DROP TABLE shop_logos;
        ALTER TABLE tenants
            DROP COLUMN settings_version,
            DROP COLUMN receipt_header,
            DROP COLUMN receipt_footer,
            DROP COLUMN receipt_paper,
            DROP COLUMN stock_policy,
            DROP COLUMN digits;
        """
    )
