"""What was printed as labels, by whom and when, so that it can be printed again.

Why: a jammed printer, a lost sheet, and the question who put that price on the shelf. `template` is the name of a
built-in one or the id of one of the shop's own, which are archived and never removed.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE label_jobs (
            tenant_id     bigint NOT NULL,
            id            uuid NOT NULL,
            user_id       uuid NOT NULL,
            template      text COLLATE "C" NOT NULL,
            printer_id    uuid,
            start         integer NOT NULL,
            without_price boolean NOT NULL,
            labels        integer NOT NULL,
            reprint_of    uuid,
            printed_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT label_jobs_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT label_jobs_are_few_labels CHECK (labels BETWEEN 1 AND 5000),
            CONSTRAINT label_jobs_start_on_the_sheet CHECK (start BETWEEN 1 AND 1000),
            CONSTRAINT label_jobs_user_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            CONSTRAINT label_jobs_printer_fkey FOREIGN KEY (tenant_id, printer_id)
                REFERENCES label_printers (tenant_id, id),
            CONSTRAINT label_jobs_reprint_fkey FOREIGN KEY (tenant_id, reprint_of)
                REFERENCES label_jobs (tenant_id, id)
        );
        CREATE INDEX label_jobs_time_idx ON label_jobs (tenant_id, printed_at, id);
        CREATE INDEX label_jobs_user_idx ON label_jobs (tenant_id, user_id);
        CREATE INDEX label_jobs_printer_idx ON label_jobs (tenant_id, printer_id) WHERE printer_id IS NOT NULL;
        CREATE INDEX label_jobs_reprint_idx ON label_jobs (tenant_id, reprint_of) WHERE reprint_of IS NOT NULL;

        CREATE TABLE label_job_lines (
            tenant_id  bigint NOT NULL,
            job_id     uuid NOT NULL,
            position   integer NOT NULL,
            product_id uuid NOT NULL,
            unit_id    uuid,
            copies     integer NOT NULL,
            CONSTRAINT label_job_lines_pkey PRIMARY KEY (tenant_id, job_id, position),
            CONSTRAINT label_job_lines_copies_are_few CHECK (copies BETWEEN 1 AND 5000),
            CONSTRAINT label_job_lines_job_fkey FOREIGN KEY (tenant_id, job_id)
                REFERENCES label_jobs (tenant_id, id),
            CONSTRAINT label_job_lines_product_fkey FOREIGN KEY (tenant_id, product_id)
                REFERENCES products (tenant_id, id),
            CONSTRAINT label_job_lines_unit_fkey FOREIGN KEY (tenant_id, product_id, unit_id)
                REFERENCES product_units (tenant_id, product_id, id)
        );
        CREATE INDEX label_job_lines_product_idx ON label_job_lines (tenant_id, product_id, unit_id);
        """
    )
    protect("label_jobs", grants="SELECT, INSERT")
    protect("label_job_lines", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE label_job_lines, label_jobs")
