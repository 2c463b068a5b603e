"""Prints of receipts: how often one was printed, on which paper, by whom and when.

Why: the first print of a receipt is the receipt, every further one is a copy and says so; a receipt that is printed
again and again is how money leaves a till unseen.
Old code beside it: yes, it prints without counting.
"""

from migrations.tenant_tables import protect, run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE receipt_prints (
            tenant_id  bigint NOT NULL,
            id         uuid NOT NULL,
            sale_id    uuid NOT NULL,
            number     integer NOT NULL,
            paper      text NOT NULL,
            drawer_id  uuid NOT NULL,
            printed_by uuid,
            printed_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT receipt_prints_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT receipt_prints_number_key UNIQUE (tenant_id, sale_id, number),
            CONSTRAINT receipt_prints_paper_is_known CHECK (paper IN ('58', '80', 'a5', 'a4', 'pdf', 'mail')),
            CONSTRAINT receipt_prints_number_is_positive CHECK (number > 0),
            CONSTRAINT receipt_prints_sale_fkey FOREIGN KEY (tenant_id, sale_id) REFERENCES sales (tenant_id, id),
            CONSTRAINT receipt_prints_drawer_fkey FOREIGN KEY (tenant_id, drawer_id)
                REFERENCES cash_drawers (tenant_id, id),
            CONSTRAINT receipt_prints_printer_fkey FOREIGN KEY (tenant_id, printed_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX receipt_prints_drawer_idx ON receipt_prints (tenant_id, drawer_id, printed_at);
        CREATE INDEX receipt_prints_printer_idx ON receipt_prints (tenant_id, printed_by, printed_at);
        """
    )
    protect("receipt_prints", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE receipt_prints")
