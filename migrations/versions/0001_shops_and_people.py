"""Shops, the people who work in them, and how a session finds both.

Why: nothing can be read before the shop is known. `tenant_directory` is the only table without a shop's policy:
it is read to find the shop of a host name, and holds nothing but the name, the id and the status.
Old code beside it: none, this is the first migration.
"""

from migrations.tenant_tables import protect, run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE tenant_directory (
            slug      text COLLATE "C" NOT NULL,
            tenant_id bigint NOT NULL,
            status    text NOT NULL DEFAULT 'active',
            CONSTRAINT tenant_directory_pkey PRIMARY KEY (slug),
            CONSTRAINT tenant_directory_tenant_id_key UNIQUE (tenant_id),
            CONSTRAINT tenant_directory_slug_is_a_label
                CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$'),
            CONSTRAINT tenant_directory_status_is_known CHECK (status IN ('active', 'suspended', 'deleted'))
        );
        GRANT SELECT, INSERT ON tenant_directory TO ledger_app;

        CREATE TABLE tenants (
            tenant_id     bigint NOT NULL,
            name          text NOT NULL,
            base_currency char(3) NOT NULL,
            time_zone     text NOT NULL DEFAULT 'UTC',
            locale        text NOT NULL DEFAULT 'en',
            created_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
            CONSTRAINT tenants_id_fits_a_browser CHECK (tenant_id BETWEEN 1 AND 9007199254740991),
            CONSTRAINT tenants_base_currency_is_a_code CHECK (base_currency ~ '^[A-Z]{3}$')
        );

        CREATE TABLE roles (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            name        text NOT NULL,
            permissions text[] NOT NULL DEFAULT '{}',
            version     integer NOT NULL DEFAULT 1,
            CONSTRAINT roles_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT roles_name_key UNIQUE (tenant_id, name),
            CONSTRAINT roles_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE users (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            login         text COLLATE "C" NOT NULL,
            name          text NOT NULL,
            password_hash text NOT NULL,
            role_id       uuid NOT NULL,
            active        boolean NOT NULL DEFAULT true,
            created_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT users_login_key UNIQUE (tenant_id, login),
            CONSTRAINT users_role_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
        );
        CREATE INDEX users_role_idx ON users (tenant_id, role_id);

        CREATE TABLE sessions (
            tenant_id    bigint NOT NULL,
            id           bytea NOT NULL,
            user_id      uuid NOT NULL,
            created_at   timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            revoked_at   timestamptz,
            CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT sessions_id_is_a_sha256 CHECK (octet_length(id) = 32),
            CONSTRAINT sessions_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX sessions_user_idx ON sessions (tenant_id, user_id);

        CREATE TABLE sign_in_failures (
            tenant_id    bigint NOT NULL,
            subject      text COLLATE "C" NOT NULL,
            failures     integer NOT NULL,
            window_start timestamptz NOT NULL,
            CONSTRAINT sign_in_failures_pkey PRIMARY KEY (tenant_id, subject),
            CONSTRAINT sign_in_failures_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );

        CREATE TABLE submissions (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            fingerprint  bytea NOT NULL,
            subject_id   uuid,
            actor_id     uuid,
            submitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT submissions_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT submissions_fingerprint_is_a_sha256 CHECK (octet_length(fingerprint) = 32),
            CONSTRAINT submissions_actor_fkey FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX submissions_actor_idx ON submissions (tenant_id, actor_id);
        """
    )
    protect("tenants", grants="SELECT, INSERT, UPDATE")
    protect("roles", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("users", grants="SELECT, INSERT, UPDATE")
    protect("sessions", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("sign_in_failures", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("submissions", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE submissions, sign_in_failures, sessions, users, roles, tenants, tenant_directory")
