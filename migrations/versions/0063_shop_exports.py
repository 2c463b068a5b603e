"""The whole shop as a file, asked for from its pages: who asked, how far the writing is, and what came of it.

Why: a file of a large shop takes longer to write than a page may take to answer. A process of its own writes it and
says here how far it is; a row that fell silent was interrupted, and somebody may go on.
Old code beside it: yes. It gives out the files of small shops at once, as it did; what it writes out of a shop
meanwhile has this table in it, too, and is to be written once more.
"""

from migrations.tenant_tables import protect, run

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE shop_exports (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            asked_by     uuid NOT NULL,
            asked_at     timestamptz NOT NULL DEFAULT now(),
            attempt      integer NOT NULL DEFAULT 1,
            beat_at      timestamptz NOT NULL DEFAULT now(),
            tables_done  integer NOT NULL DEFAULT 0,
            tables_total integer NOT NULL DEFAULT 0,
            ended_at     timestamptz,
            size         bigint,
            sha256       bytea,
            error        text COLLATE "C" NOT NULL DEFAULT '',
            CONSTRAINT shop_exports_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT shop_exports_asked_by_fkey FOREIGN KEY (tenant_id, asked_by) REFERENCES users (tenant_id, id),
            CONSTRAINT shop_exports_error_is_known CHECK (error IN ('', 'disk_full', 'broken')),
            CONSTRAINT shop_exports_end_with_a_digest_or_an_error CHECK
                (CASE WHEN ended_at IS NULL THEN sha256 IS NULL AND size IS NULL AND error = ''
                      WHEN error <> '' THEN sha256 IS NULL AND size IS NULL
                      ELSE octet_length(sha256) = 32 AND size > 0 END)
        );
        CREATE INDEX shop_exports_asked_by_idx ON shop_exports (tenant_id, asked_by);
        CREATE INDEX shop_exports_asked_at_idx ON shop_exports (tenant_id, asked_at);
        """
    )
    protect(
        "shop_exports",
        grants="SELECT, INSERT, UPDATE (attempt, beat_at, tables_done, tables_total, ended_at, size, sha256, error)",
    )


def downgrade() -> None:
    run("DROP TABLE shop_exports")
