"""The ways in: links that set a password, codes of a second factor, tills that know their people by a PIN.

Why: people are invited and helped without anybody knowing their password; an owner's password alone should not open
the books; and at a till a cashier changes with the next one in seconds.
Old code beside it: yes, it opens sessions without these steps.
"""

from migrations.tenant_tables import protect, run

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users
            ADD COLUMN version integer NOT NULL DEFAULT 1,
            ADD COLUMN totp_secret text,
            ADD COLUMN totp_step bigint NOT NULL DEFAULT 0,
            ADD COLUMN pin_failures integer NOT NULL DEFAULT 0;
        ALTER TABLE sessions
            ADD COLUMN waits_for_code boolean NOT NULL DEFAULT false,
            ADD COLUMN address text NOT NULL DEFAULT '',
            ADD COLUMN agent text NOT NULL DEFAULT '',
            ADD COLUMN till_id uuid;
        ALTER TABLE tenants ADD COLUMN owners_need_code boolean NOT NULL DEFAULT false;

        CREATE TABLE password_links (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            user_id      uuid NOT NULL,
            kind         text COLLATE "C" NOT NULL,
            token_digest bytea NOT NULL,
            made_by      uuid,
            made_at      timestamptz NOT NULL DEFAULT now(),
            expires_at   timestamptz NOT NULL,
            used_at      timestamptz,
            CONSTRAINT password_links_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT password_links_token_key UNIQUE (tenant_id, token_digest),
            CONSTRAINT password_links_kind_is_known CHECK (kind IN ('invitation', 'reset')),
            CONSTRAINT password_links_token_is_a_sha256 CHECK (octet_length(token_digest) = 32),
            CONSTRAINT password_links_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT password_links_made_by_fkey FOREIGN KEY (tenant_id, made_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX password_links_user_idx ON password_links (tenant_id, user_id);
        CREATE INDEX password_links_made_by_idx ON password_links (tenant_id, made_by);

        CREATE TABLE recovery_codes (
            tenant_id bigint NOT NULL,
            user_id   uuid NOT NULL,
            digest    bytea NOT NULL,
            used_at   timestamptz,
            CONSTRAINT recovery_codes_pkey PRIMARY KEY (tenant_id, user_id, digest),
            CONSTRAINT recovery_codes_digest_is_a_sha256 CHECK (octet_length(digest) = 32),
            CONSTRAINT recovery_codes_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
        );

        CREATE TABLE tills (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            name          text NOT NULL,
            token_digest  bytea NOT NULL,
            registered_by uuid NOT NULL,
            registered_at timestamptz NOT NULL DEFAULT now(),
            removed_at    timestamptz,
            CONSTRAINT tills_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT tills_token_key UNIQUE (tenant_id, token_digest),
            CONSTRAINT tills_token_is_a_sha256 CHECK (octet_length(token_digest) = 32),
            CONSTRAINT tills_registered_by_fkey
                FOREIGN KEY (tenant_id, registered_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX tills_registered_by_idx ON tills (tenant_id, registered_by);
        ALTER TABLE sessions NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE sessions
            ADD CONSTRAINT sessions_till_fkey FOREIGN KEY (tenant_id, till_id) REFERENCES tills (tenant_id, id);
        ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
        CREATE INDEX sessions_till_idx ON sessions (tenant_id, till_id);
        """
    )
    protect("password_links", grants="SELECT, INSERT, UPDATE (used_at)")
    protect("recovery_codes", grants="SELECT, INSERT, UPDATE (used_at), DELETE")
    protect("tills", grants="SELECT, INSERT, UPDATE (removed_at)")


def downgrade() -> None:
    run(
        """
        ALTER TABLE sessions DROP COLUMN till_id, DROP COLUMN agent, DROP COLUMN address, DROP COLUMN waits_for_code;
        DROP TABLE tills, recovery_codes, password_links;
        ALTER TABLE tenants DROP COLUMN owners_need_code;
        ALTER TABLE users
            DROP COLUMN pin_failures, DROP COLUMN totp_step, DROP COLUMN totp_secret, DROP COLUMN version;
        """
    )
