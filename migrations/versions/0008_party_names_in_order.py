"""Parties are listed by name.

Why: a list in the order of names pages by key, and the key has to be stored: under row-level security lower() of a
name cannot use an index. `name_key` is the name's search words joined by spaces, so that capitals, accents and
keyboards make no difference to the order.
Old code beside it: yes; what it adds stands first in the list until it is next saved.
"""

from migrations.tenant_tables import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE parties ADD COLUMN name_key text COLLATE "C" NOT NULL DEFAULT '';
        CREATE INDEX parties_by_kind_and_name ON parties (tenant_id, kind, name_key, id);
        """
    )


def downgrade() -> None:
    run(
        """
        DROP INDEX parties_by_kind_and_name;
        ALTER TABLE parties DROP COLUMN name_key;
        """
    )
