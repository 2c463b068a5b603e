"""Files of products between their dry run and their import.

Why: the file stays on the server from the moment it is read, so that what is imported is what was looked at, with
or without JavaScript. Its id comes from the digest of its content: the same file is the same row, and two people
who import it at once wait for each other here.
Old code beside it: yes, nothing is changed.
"""

from migrations.tenant_tables import protect, run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE product_imports (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            file_name    text NOT NULL,
            content      bytea NOT NULL,
            stock_policy text NOT NULL,
            plan         jsonb NOT NULL,
            uploaded_at  timestamptz NOT NULL DEFAULT now(),
            uploaded_by  uuid,
            imported_at  timestamptz,
            imported_by  uuid,
            CONSTRAINT product_imports_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT product_imports_stock_policy_is_known
                CHECK (stock_policy IN ('block', 'warn', 'allow', 'none')),
            CONSTRAINT product_imports_file_name_is_short CHECK (char_length(file_name) <= 200),
            CONSTRAINT product_imports_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
            CONSTRAINT product_imports_uploader_fkey FOREIGN KEY (tenant_id, uploaded_by)
                REFERENCES users (tenant_id, id),
            CONSTRAINT product_imports_importer_fkey FOREIGN KEY (tenant_id, imported_by)
                REFERENCES users (tenant_id, id)
        );
        CREATE INDEX product_imports_uploader_idx ON product_imports (tenant_id, uploaded_by);
        CREATE INDEX product_imports_importer_idx ON product_imports (tenant_id, imported_by);
        CREATE INDEX product_imports_by_time ON product_imports (tenant_id, uploaded_at, id);
        """
    )
    protect("product_imports", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run("DROP TABLE product_imports")
