"""What people did that is not itself a transaction, for good; and the chain that shows if somebody touched it.

Why: a price, a role, a setting, a sign-in or a refusal leaves no entry in the books, but somebody will ask who did it.
Events are only ever inserted. Once a minute those that are in no block yet are sealed in one: its hash covers them
and the block before it, so that whoever changes, removes or slips in an event breaks the chain from there on. Chaining
event by event would let all tills of a shop wait for each other.
Old code beside it: yes, it writes nothing here.
"""

from migrations.tenant_tables import protect, run

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE audit_events (
            tenant_id   bigint NOT NULL,
            id          uuid NOT NULL,
            happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor_id    uuid,
            approver_id uuid,
            request_id  text COLLATE "C" NOT NULL DEFAULT '',
            session_id  bytea,
            op_id       uuid,
            action      text COLLATE "C" NOT NULL,
            holder_id   uuid,
            before      jsonb,
            after       jsonb,
            CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT audit_events_action_is_a_name CHECK (action ~ '^[a-z_]+[.][a-z_]+$'),
            CONSTRAINT audit_events_actor_fkey FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id),
            CONSTRAINT audit_events_approver_fkey
                FOREIGN KEY (tenant_id, approver_id) REFERENCES users (tenant_id, id)
        );
        CREATE INDEX audit_events_time_idx ON audit_events (tenant_id, happened_at, id);
        CREATE INDEX audit_events_actor_idx ON audit_events (tenant_id, actor_id, happened_at);
        CREATE INDEX audit_events_approver_idx ON audit_events (tenant_id, approver_id);
        CREATE INDEX audit_events_action_idx ON audit_events (tenant_id, action, happened_at);
        CREATE INDEX audit_events_holder_idx ON audit_events (tenant_id, holder_id, happened_at);

        CREATE TABLE audit_blocks (
            tenant_id     bigint NOT NULL,
            number        bigint NOT NULL,
            sealed_at     timestamptz NOT NULL,
            event_ids     uuid[] NOT NULL,
            previous_hash bytea NOT NULL,
            hash          bytea NOT NULL,
            CONSTRAINT audit_blocks_pkey PRIMARY KEY (tenant_id, number),
            CONSTRAINT audit_blocks_number_counts CHECK (number > 0),
            CONSTRAINT audit_blocks_hashes_are_sha256
                CHECK (octet_length(previous_hash) = 32 AND octet_length(hash) = 32),
            CONSTRAINT audit_blocks_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        """
    )
    protect("audit_events", grants="SELECT, INSERT")
    protect("audit_blocks", grants="SELECT, INSERT")


def downgrade() -> None:
    run("DROP TABLE audit_blocks, audit_events")
