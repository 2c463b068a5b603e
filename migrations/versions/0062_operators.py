"""A room for the people who run the system: at an address that no shop can have, with their own accounts.

Why: who looks after thousands of shops signs in beside them, not in one of them. The room is a row like a shop's, so
that accounts, sessions, codes and audit are the same; its status makes it none, and only this one address may have it:
the application may change a status and never an address, so no shop can become the room, nor the room a shop. Lists by
state ask an index. A link may also take the codes of a lost phone away.
Old code beside it: yes. It answers the address as an unknown one.
"""

from migrations.tenant_tables import run

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE tenant_directory DROP CONSTRAINT tenant_directory_status_is_known;
        ALTER TABLE tenant_directory ADD CONSTRAINT tenant_directory_status_is_known
            CHECK (status IN ('active', 'suspended', 'deleted', 'former', 'operators'));
        ALTER TABLE tenant_directory DROP CONSTRAINT tenant_directory_ends_some_day;
        ALTER TABLE tenant_directory ADD CONSTRAINT tenant_directory_ends_some_day
            CHECK (status IN ('active', 'suspended', 'operators') OR until IS NOT NULL);
        ALTER TABLE tenant_directory ADD CONSTRAINT tenant_directory_operators_have_their_place
            CHECK ((status = 'operators') = (slug = 'console'));
        CREATE INDEX tenant_directory_status_idx ON tenant_directory (status, slug);
        CREATE INDEX domain_directory_proved_idx ON domain_directory (proved_at);
        ALTER TABLE password_links DROP CONSTRAINT password_links_kind_is_known;
        ALTER TABLE password_links ADD CONSTRAINT password_links_kind_is_known
            CHECK (kind IN ('invitation', 'reset', 'rescue'));
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE password_links NO FORCE ROW LEVEL SECURITY;
        DELETE FROM password_links WHERE kind = 'rescue';
        ALTER TABLE password_links FORCE ROW LEVEL SECURITY;
        ALTER TABLE password_links DROP CONSTRAINT password_links_kind_is_known;
        ALTER TABLE password_links ADD CONSTRAINT password_links_kind_is_known CHECK (kind IN ('invitation', 'reset'));
        DROP INDEX domain_directory_proved_idx;
        DROP INDEX tenant_directory_status_idx;
        DELETE FROM tenant_directory WHERE status = 'operators';
        ALTER TABLE tenant_directory DROP CONSTRAINT tenant_directory_operators_have_their_place;
        ALTER TABLE tenant_directory DROP CONSTRAINT tenant_directory_ends_some_day;
        ALTER TABLE tenant_directory ADD CONSTRAINT tenant_directory_ends_some_day
            CHECK (status IN ('active', 'suspended') OR until IS NOT NULL);
        ALTER TABLE tenant_directory DROP CONSTRAINT tenant_directory_status_is_known;
        ALTER TABLE tenant_directory ADD CONSTRAINT tenant_directory_status_is_known
            CHECK (status IN ('active', 'suspended', 'deleted', 'former'));
        """
    )
