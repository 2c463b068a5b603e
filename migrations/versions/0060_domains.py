"""Domains of shops' own: what a shop claims, and what was proved and leads to it.

Why: a shop is reached under a name that is its own. Anybody may claim any name; one leads to a shop only after a record
in that name's DNS proved who has it, and to one shop only. `domain_directory` is read before the shop is known, as
`tenant_directory` is; a claim is the shop's own business.
Old code beside it: yes. It answers such a host as no address.
"""

from migrations.tenant_tables import protect, run

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE domain_directory (
            host      text COLLATE "C" NOT NULL,
            tenant_id bigint NOT NULL,
            token     text COLLATE "C" NOT NULL,
            proved_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT domain_directory_pkey PRIMARY KEY (host),
            CONSTRAINT domain_directory_host_is_a_name CHECK
                (host ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])$'
                 AND length(host) <= 253)
        );
        GRANT SELECT, INSERT, DELETE, UPDATE (proved_at) ON domain_directory TO ledger_app;

        CREATE TABLE domain_claims (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            host          text COLLATE "C" NOT NULL,
            token         text COLLATE "C" NOT NULL,
            claimed_by    uuid,
            claimed_at    timestamptz NOT NULL DEFAULT now(),
            proved_at     timestamptz,
            checked_at    timestamptz,
            failing_since timestamptz,
            CONSTRAINT domain_claims_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT domain_claims_host_key UNIQUE (tenant_id, host),
            CONSTRAINT domain_claims_claimed_by_fkey
                FOREIGN KEY (tenant_id, claimed_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX domain_claims_claimed_by_idx ON domain_claims (tenant_id, claimed_by);
        """
    )
    protect("domain_claims", grants="SELECT, INSERT, UPDATE (proved_at, checked_at, failing_since), DELETE")


def downgrade() -> None:
    run("DROP TABLE domain_claims, domain_directory")
