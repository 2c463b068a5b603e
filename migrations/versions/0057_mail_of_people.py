"""Where people are reached by e-mail: who lost the password asks for a link without asking anybody.

Why: the address is what proves somebody from outside, so it is one person's within a shop, and changed with a password.
Old code beside it: yes. It knows nobody's address.
"""

from migrations.tenant_tables import run

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users ADD COLUMN email text COLLATE "C";
        CREATE UNIQUE INDEX users_email_key ON users (tenant_id, email) WHERE email IS NOT NULL;
        """
    )


def downgrade() -> None:
    run("ALTER TABLE users DROP COLUMN email")
