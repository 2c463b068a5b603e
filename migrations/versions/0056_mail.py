"""E-mail that strangers ask for: which shops an address owns, and how often it was written to.

Why: who forgot where the shop is gets a mail that says it, and who opens one proves the address first. Addresses are
kept as digests under the system's secret: nobody without it can tell whose they are, or try out whose they might be.
Old code beside it: yes, it opens shops that no mail finds.
"""

from migrations.tenant_tables import run

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE tenant_directory
            ADD COLUMN owner_mail bytea,
            ADD CONSTRAINT tenant_directory_owner_mail_is_a_digest CHECK (octet_length(owner_mail) = 32);
        CREATE INDEX tenant_directory_owner_mail_idx ON tenant_directory (owner_mail) WHERE owner_mail IS NOT NULL;
        GRANT UPDATE (owner_mail) ON tenant_directory TO ledger_app;

        CREATE TABLE mail_requests (
            subject      bytea NOT NULL,
            requests     integer NOT NULL,
            window_start timestamptz NOT NULL,
            CONSTRAINT mail_requests_pkey PRIMARY KEY (subject),
            CONSTRAINT mail_requests_subject_is_a_digest CHECK (octet_length(subject) = 32)
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON mail_requests TO ledger_app;
        """
    )


def downgrade() -> None:
    run(
        """
        DROP TABLE mail_requests;
        ALTER TABLE tenant_directory DROP COLUMN owner_mail;
        """
    )
