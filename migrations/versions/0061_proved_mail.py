"""Addresses that were proved: links that let people in go to no other.

Why: an address somebody typed may be somebody else's. One is proved by a link that was sent to it and opened by the
person it is to belong to; who opened a shop proved theirs before. `proved_email` is the address itself, so that one
typed later is not taken for proved.
Old code beside it: yes. It sends links to addresses that nobody proved, as it did, until it is gone.
"""

from migrations.tenant_tables import protect, run

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE users ADD COLUMN proved_email text COLLATE "C", NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY;
        UPDATE users AS u
           SET proved_email = u.email
          FROM tenants AS t
         WHERE t.tenant_id = u.tenant_id
           AND t.created_at = u.created_at
           AND u.email IS NOT NULL
           AND NOT EXISTS (SELECT FROM audit_events AS e
                            WHERE e.tenant_id = u.tenant_id
                              AND e.holder_id = u.id
                              AND e.action IN ('user.set_email', 'user.edit'));
        ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
        ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
        ALTER TABLE users FORCE ROW LEVEL SECURITY;

        CREATE TABLE email_links (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            user_id      uuid NOT NULL,
            email        text COLLATE "C" NOT NULL,
            token_digest bytea NOT NULL,
            made_by      uuid,
            made_at      timestamptz NOT NULL DEFAULT now(),
            expires_at   timestamptz NOT NULL,
            used_at      timestamptz,
            CONSTRAINT email_links_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT email_links_token_key UNIQUE (tenant_id, token_digest),
            CONSTRAINT email_links_token_is_a_sha256 CHECK (octet_length(token_digest) = 32),
            CONSTRAINT email_links_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT email_links_made_by_fkey FOREIGN KEY (tenant_id, made_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX email_links_user_idx ON email_links (tenant_id, user_id);
        CREATE INDEX email_links_made_by_idx ON email_links (tenant_id, made_by);
        """
    )
    protect("email_links", grants="SELECT, INSERT, UPDATE (used_at)")


def downgrade() -> None:
    run(
        """
        DROP TABLE email_links;
        ALTER TABLE users DROP COLUMN proved_email;
        """
    )
