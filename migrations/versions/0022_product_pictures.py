"""The picture of a product: drawn anew by us from what was uploaded, a large one and a small one.

Why: kept in the shop's own rows, so that its isolation, its export and its backup are those of everything else.
Old code beside it: yes, it shows none.
"""

from migrations.tenant_tables import protect, run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE product_pictures (
            tenant_id   bigint NOT NULL,
            product_id  uuid NOT NULL,
            digest      text COLLATE "C" NOT NULL,
            large       bytea NOT NULL,
            small       bytea NOT NULL,
            width       integer NOT NULL,
            height      integer NOT NULL,
            uploaded_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT product_pictures_pkey PRIMARY KEY (tenant_id, product_id),
            CONSTRAINT product_pictures_are_not_huge
                CHECK (octet_length(large) <= 2000000 AND octet_length(small) <= 200000
                       AND width BETWEEN 1 AND 1200 AND height BETWEEN 1 AND 1200),
            CONSTRAINT product_pictures_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id)
        );
        """
    )
    protect("product_pictures", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run("DROP TABLE product_pictures")
