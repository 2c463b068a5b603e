"""Roles get limits, built-in roles are known as such, and people may have a PIN.

Why: a right alone cannot say how much of it; and the rights of a built-in role are read from the code, because rows
copied when a shop was opened never learnt of the rights that came later.
Old code beside it: yes, it reads the copied rights as before.
"""

from migrations.tenant_tables import run

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE roles
            ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN built_in text COLLATE "C",
            ADD CONSTRAINT roles_built_in_key UNIQUE (tenant_id, built_in),
            ADD CONSTRAINT roles_built_in_is_known CHECK (built_in IN ('owner', 'manager', 'cashier')),
            ADD CONSTRAINT roles_limits_are_an_object CHECK (jsonb_typeof(limits) = 'object');
        ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
        UPDATE roles SET built_in = name WHERE name IN ('owner', 'manager', 'cashier');
        ALTER TABLE roles FORCE ROW LEVEL SECURITY;
        ALTER TABLE users ADD COLUMN pin_hash text;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE users DROP COLUMN pin_hash;
        ALTER TABLE roles DROP COLUMN built_in, DROP COLUMN limits;
        """
    )
