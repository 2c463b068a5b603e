"""The same person kept twice becomes one; a member's membership ends on a day.

Why: of two parties that are one person, the one that was merged points to the one that stays: its documents keep
their party, its page leads on, its accounts are closed.
Old code beside it: yes, it shows a merged party as an archived one; taking it out of the archive is refused.
"""

from migrations.tenant_tables import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE parties
            ADD COLUMN merged_into uuid,
            ADD COLUMN expires_on date;
        ALTER TABLE parties NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE parties ADD CONSTRAINT parties_merged_into_fkey
            FOREIGN KEY (tenant_id, merged_into) REFERENCES parties (tenant_id, id);
        ALTER TABLE parties FORCE ROW LEVEL SECURITY;
        ALTER TABLE parties ADD CONSTRAINT parties_merged_are_archived
            CHECK (merged_into IS NULL OR (archived_at IS NOT NULL AND merged_into <> id)) NOT VALID;
        ALTER TABLE parties VALIDATE CONSTRAINT parties_merged_are_archived;
        ALTER TABLE parties ADD CONSTRAINT parties_only_memberships_expire
            CHECK (expires_on IS NULL OR (kind = 'member' AND expires_on BETWEEN '2000-01-01' AND '2200-01-01'))
            NOT VALID;
        ALTER TABLE parties VALIDATE CONSTRAINT parties_only_memberships_expire;
        CREATE INDEX parties_merged_into_idx ON parties (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
        """
    )


def downgrade() -> None:
    run("ALTER TABLE parties DROP COLUMN expires_on, DROP COLUMN merged_into")
