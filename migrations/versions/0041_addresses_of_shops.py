"""An address can be given up for another, put away for a while, and never be mistaken for somebody else's.

Why: the look of an address is unique now, by the database: two who ask for look-alikes in the same instant no longer
both get one. A shop that moves leaves its old address behind, which leads to the new one for a while and is nobody
else's for longer. A deleted shop can be had back until a day.
Old code beside it: yes. It enters addresses as before, and finds those that are active.
"""

from migrations.tenant_tables import run

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        ALTER TABLE tenant_directory
            ADD COLUMN look        text COLLATE "C" NOT NULL GENERATED ALWAYS AS
                (translate(replace(replace(replace(slug, '-', ''), 'rn', 'm'), 'vv', 'w'), '015l', 'oisi')) STORED,
            ADD COLUMN opened_at   timestamptz NOT NULL DEFAULT now(),
            ADD COLUMN opened_from bytea,
            ADD COLUMN leads_to    text COLLATE "C",
            ADD COLUMN until       date,
            DROP CONSTRAINT tenant_directory_tenant_id_key,
            DROP CONSTRAINT tenant_directory_status_is_known,
            ADD CONSTRAINT tenant_directory_status_is_known
                CHECK (status IN ('active', 'suspended', 'deleted', 'former')),
            ADD CONSTRAINT tenant_directory_former_leads_on CHECK ((status = 'former') = (leads_to IS NOT NULL)),
            ADD CONSTRAINT tenant_directory_ends_some_day
                CHECK (status IN ('active', 'suspended') OR until IS NOT NULL);
        CREATE UNIQUE INDEX tenant_directory_tenant_id_key ON tenant_directory (tenant_id) WHERE status <> 'former';
        CREATE UNIQUE INDEX tenant_directory_look_key ON tenant_directory (look);
        CREATE INDEX tenant_directory_opened_idx ON tenant_directory (opened_from, opened_at)
            WHERE opened_from IS NOT NULL;
        GRANT UPDATE (status, leads_to, until) ON tenant_directory TO ledger_app;
        ALTER TABLE tenants ADD COLUMN suspended_at timestamptz;
        """
    )


def downgrade() -> None:
    run(
        """
        ALTER TABLE tenants DROP COLUMN suspended_at;
        REVOKE UPDATE (status, leads_to, until) ON tenant_directory FROM ledger_app;
        DELETE FROM tenant_directory WHERE status = 'former';
        DROP INDEX tenant_directory_tenant_id_key, tenant_directory_look_key, tenant_directory_opened_idx;
        ALTER TABLE tenant_directory
            DROP COLUMN look,
            DROP COLUMN opened_at,
            DROP COLUMN opened_from,
            DROP COLUMN leads_to,
            DROP COLUMN until,
            DROP CONSTRAINT tenant_directory_status_is_known,
            ADD CONSTRAINT tenant_directory_tenant_id_key UNIQUE (tenant_id),
            ADD CONSTRAINT tenant_directory_status_is_known CHECK (status IN ('active', 'suspended', 'deleted'));
        """
    )
