"""The language somebody chose for themselves.

Why: a shop is kept in one language, and people who work there may read another. Empty: as the shop.
Old code beside it: yes, it neither reads nor writes it.
"""

from migrations.tenant_tables import run

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users
            ADD COLUMN language text COLLATE "C",
            ADD CONSTRAINT users_language_code CHECK (language ~ '^[a-z]{2,3}$')
        """
    )


def downgrade() -> None:
    run("ALTER TABLE users DROP COLUMN language")
