"""Charges spread by volume, and how much room each line of a purchase takes.

Why: freight by sea and air is asked for by volume where goods are light. As with weights, the volume is of the whole
line, in any unit that is the same on all lines.
Old code beside it: yes, it spreads nothing by volume and writes none.
"""

from migrations.tenant_tables import run

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE purchase_draft_lines ADD COLUMN volume numeric(18, 6);
        ALTER TABLE purchase_draft_lines ADD CONSTRAINT purchase_draft_lines_volume_never_negative
            CHECK (volume >= 0 AND volume <> 'NaN') NOT VALID;
        ALTER TABLE purchase_draft_lines VALIDATE CONSTRAINT purchase_draft_lines_volume_never_negative;
        ALTER TABLE purchase_lines ADD COLUMN volume numeric(18, 6);
        """
    )
    _spreads("'value', 'quantity', 'weight', 'volume', 'hand'")


def downgrade() -> None:
    _spreads("'value', 'quantity', 'weight', 'hand'")
    run(
        """
        ALTER TABLE purchase_lines DROP COLUMN volume;
        ALTER TABLE purchase_draft_lines DROP COLUMN volume;
        """
    )


def _spreads(kinds: str) -> None:
    for table in ("purchase_draft_charges", "purchase_charges"):
        run(
            f"""
            ALTER TABLE {table} DROP CONSTRAINT {table}_spread_is_known;
            ALTER TABLE {table} ADD CONSTRAINT {table}_spread_is_known CHECK (spread_by IN ({kinds})) NOT VALID;
            ALTER TABLE {table} VALIDATE CONSTRAINT {table}_spread_is_known;
            """
        )
