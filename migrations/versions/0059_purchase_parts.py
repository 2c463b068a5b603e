"""What came of a purchase in parts: each part is a purchase of its own, and knows which one it is the rest of.

Why: a vendor sends what is on one invoice in two deliveries. What has not come yet waits in a draft of its own, at the
rate of the document; `rest_of` leads from there, and from the purchase it becomes, to what came before. Of a draft it
may name a draft, whose id is the purchase's once it is received; so only between purchases it is a foreign key.
Old code beside it: yes, it neither reads nor writes these columns.
"""

from migrations.tenant_tables import run

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE purchase_drafts ADD COLUMN rest_of uuid;
        CREATE INDEX purchase_drafts_rest_idx ON purchase_drafts (tenant_id, rest_of) WHERE rest_of IS NOT NULL;
        ALTER TABLE purchases ADD COLUMN rest_of uuid;
        ALTER TABLE purchases NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE purchases ADD CONSTRAINT purchases_rest_fkey
            FOREIGN KEY (tenant_id, rest_of) REFERENCES purchases (tenant_id, id);
        ALTER TABLE purchases FORCE ROW LEVEL SECURITY;
        CREATE INDEX purchases_rest_idx ON purchases (tenant_id, rest_of) WHERE rest_of IS NOT NULL;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE purchases DROP COLUMN rest_of;
        ALTER TABLE purchase_drafts DROP COLUMN rest_of;
        """
    )
