"""Label templates of the shop's own, and how far its printers are off.

Why: paper is bought where it is cheap, and no two printers put a label in quite the same place. What stands on a label
is a short list of blocks that is always read and written whole, so it is one value.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE label_templates (
            tenant_id    bigint NOT NULL,
            id           uuid NOT NULL,
            name         text NOT NULL,
            page_width   numeric(7, 3) NOT NULL,
            page_height  numeric(7, 3) NOT NULL,
            label_width  numeric(7, 3) NOT NULL,
            label_height numeric(7, 3) NOT NULL,
            columns      integer NOT NULL,
            rows         integer NOT NULL,
            left_edge    numeric(7, 3) NOT NULL,
            top_edge     numeric(7, 3) NOT NULL,
            pitch_x      numeric(7, 3) NOT NULL,
            pitch_y      numeric(7, 3) NOT NULL,
            corner       numeric(7, 3) NOT NULL DEFAULT 0,
            dpi          integer NOT NULL,
            blocks       jsonb NOT NULL,
            version      integer NOT NULL DEFAULT 1,
            created_at   timestamptz NOT NULL DEFAULT now(),
            archived_at  timestamptz,
            CONSTRAINT label_templates_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT label_templates_name_is_some CHECK (length(name) BETWEEN 1 AND 60),
            CONSTRAINT label_templates_grid_is_sane CHECK (columns BETWEEN 1 AND 20 AND rows BETWEEN 1 AND 50),
            CONSTRAINT label_templates_sizes_are_some
                CHECK (label_width > 0 AND label_height > 0 AND left_edge >= 0 AND top_edge >= 0),
            CONSTRAINT label_templates_labels_lie_on_the_page
                CHECK (left_edge + (columns - 1) * pitch_x + label_width <= page_width
                       AND top_edge + (rows - 1) * pitch_y + label_height <= page_height),
            CONSTRAINT label_templates_dpi_is_sane CHECK (dpi BETWEEN 100 AND 1200),
            CONSTRAINT label_templates_blocks_are_some CHECK (jsonb_array_length(blocks) BETWEEN 1 AND 20),
            CONSTRAINT label_templates_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        CREATE UNIQUE INDEX label_templates_name_key ON label_templates (tenant_id, name)
            WHERE archived_at IS NULL;

        CREATE TABLE label_printers (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            name        text NOT NULL,
            offset_x    numeric(6, 3) NOT NULL,
            offset_y    numeric(6, 3) NOT NULL,
            scale       numeric(6, 3) NOT NULL,
            version     integer NOT NULL DEFAULT 1,
            created_at  timestamptz NOT NULL DEFAULT now(),
            archived_at timestamptz,
            CONSTRAINT label_printers_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT label_printers_name_is_some CHECK (length(name) BETWEEN 1 AND 60),
            CONSTRAINT label_printers_are_nearly_right
                CHECK (offset_x BETWEEN -20 AND 20 AND offset_y BETWEEN -20 AND 20 AND scale BETWEEN 90 AND 110),
            CONSTRAINT label_printers_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        CREATE UNIQUE INDEX label_printers_name_key ON label_printers (tenant_id, name) WHERE archived_at IS NULL;
        """
    )
    protect("label_templates", grants="SELECT, INSERT, UPDATE")
    protect("label_printers", grants="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    run("DROP TABLE label_printers, label_templates")
