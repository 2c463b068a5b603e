"""Codes of the shop's own that are reserved: printed on a roll today, given to goods whenever they come.

Why: labels are printed ahead, stuck on what has no code, and only then scanned and given to a product. The numbers are
taken from the shop's counter, so nobody else gets them, whether the block is used up or not.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE code_blocks (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            symbology    text COLLATE "C" NOT NULL,
            first_number bigint NOT NULL,
            last_number  bigint NOT NULL,
            note         text NOT NULL DEFAULT '',
            reserved_by  uuid NOT NULL,
            reserved_at  timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT code_blocks_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT code_blocks_first_number_key UNIQUE (tenant_id, symbology, first_number),
            CONSTRAINT code_blocks_symbology_is_known CHECK (symbology IN ('ean13', 'ean8', 'code128')),
            CONSTRAINT code_blocks_are_small CHECK (
                first_number > 0 AND last_number BETWEEN first_number AND first_number + 4999),
            CONSTRAINT code_blocks_user_fkey FOREIGN KEY (tenant_id, reserved_by) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX code_blocks_user_idx ON code_blocks (tenant_id, reserved_by);
        """
    )
    protect("code_blocks", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE code_blocks")
