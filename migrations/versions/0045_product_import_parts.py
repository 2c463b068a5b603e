"""Files of products in parts: read once, checked step by step, so that no request takes long.

Why: fifty thousand rows take seconds to check; a page that asks for one step after the other shows how far it is, and
goes on where it stopped. What was read is kept as rows, so `content` is not needed any more.
Old code beside it: yes; it reads files that it uploaded itself, and none of those that were kept in parts.
"""

from migrations.tenant_tables import protect, run

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE product_imports ALTER COLUMN content SET DEFAULT '';

        CREATE TABLE product_import_parts (
            tenant_id      bigint NOT NULL,
            import_id      uuid NOT NULL,
            number         integer NOT NULL,
            records        jsonb,
            rows           jsonb,
            problems       jsonb,
            CONSTRAINT product_import_parts_pkey PRIMARY KEY (tenant_id, import_id, number),
            CONSTRAINT product_import_parts_are_read_or_not
                CHECK ((records IS NULL) = (rows IS NOT NULL) AND (rows IS NULL) = (problems IS NULL)),
            CONSTRAINT product_import_parts_import_fkey FOREIGN KEY (tenant_id, import_id)
                REFERENCES product_imports (tenant_id, id) ON DELETE CASCADE
        );
        """
    )
    protect("product_import_parts", grants="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    run(
        """
        DROP TABLE product_import_parts;
        ALTER TABLE product_imports ALTER COLUMN content DROP DEFAULT;
        """
    )
