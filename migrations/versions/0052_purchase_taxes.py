"""The taxes of a line of a purchase by name, as they were that day.

Why: a tax class has several rates, and what each of them came to is claimed back by itself. They are frozen on the line
as sales freeze theirs: name, percent and amount in the currency of the purchase; together they are `tax`. Of lines that
are there already the one tax they had keeps no other name than that.
Old code beside it: yes, it neither reads nor writes them.
"""

from migrations.tenant_tables import run

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE purchase_lines ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]';
        ALTER TABLE purchase_lines NO FORCE ROW LEVEL SECURITY;
        UPDATE purchase_lines
           SET taxes = jsonb_build_array(
                   jsonb_build_object('name', 'Tax', 'percent', trim_scale(tax_percent)::text, 'amount', tax))
         WHERE tax > 0;
        ALTER TABLE purchase_lines FORCE ROW LEVEL SECURITY;
        """
    )


def downgrade() -> None:
    run("ALTER TABLE purchase_lines DROP COLUMN taxes")
