"""Carts that are parked: put aside under a name, at one drawer or for all, until somebody takes them up again.

Why: a customer who goes back for milk must not hold up the queue. A parked cart is nobody's: it survives that whoever
parked it signs out.
Old code beside it: yes, it sees no parked cart.
"""

from migrations.tenant_tables import run

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE carts NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE carts
            ADD COLUMN parked_at timestamptz,
            ADD COLUMN parked_by uuid,
            ADD COLUMN label text NOT NULL DEFAULT '';
        ALTER TABLE carts ALTER COLUMN user_id DROP NOT NULL;
        ALTER TABLE carts ADD CONSTRAINT carts_parked_are_nobodys
            CHECK (num_nonnulls(user_id, parked_at) = 1 AND (parked_at IS NULL) = (parked_by IS NULL)) NOT VALID;
        ALTER TABLE carts VALIDATE CONSTRAINT carts_parked_are_nobodys;
        ALTER TABLE carts ADD CONSTRAINT carts_parker_fkey
            FOREIGN KEY (tenant_id, parked_by) REFERENCES users (tenant_id, id);
        CREATE INDEX carts_parked_idx ON carts (tenant_id, parked_at) WHERE parked_at IS NOT NULL;
        CREATE INDEX carts_parker_idx ON carts (tenant_id, parked_by) WHERE parked_by IS NOT NULL;
        ALTER TABLE carts FORCE ROW LEVEL SECURITY;
        ALTER TABLE users FORCE ROW LEVEL SECURITY;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE carts NO FORCE ROW LEVEL SECURITY;
        DELETE FROM carts WHERE user_id IS NULL;
        ALTER TABLE carts FORCE ROW LEVEL SECURITY;
        ALTER TABLE carts DROP CONSTRAINT carts_parked_are_nobodys;
        ALTER TABLE carts DROP COLUMN label, DROP COLUMN parked_by, DROP COLUMN parked_at;
        ALTER TABLE carts ALTER COLUMN user_id SET NOT NULL;
        """
    )
