"""How a shop's scales write weight, price and count into their codes.

Why: the digits behind prefixes 02 and 20 to 29 are each shop's own affair; 21 is left out, because the shop's own
codes for products begin with it.
Old code beside it: yes, it knows nothing of this.
"""

from migrations.tenant_tables import protect, run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        CREATE TABLE measure_rules (
            tenant_id       bigint NOT NULL,
            id              uuid NOT NULL,
            position        integer NOT NULL,
            prefix          text COLLATE "C" NOT NULL,
            item_digits     integer NOT NULL,
            value_digits    integer NOT NULL,
            decimals        integer NOT NULL,
            kind            text NOT NULL,
            has_value_check boolean NOT NULL,
            created_at      timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT measure_rules_pkey PRIMARY KEY (tenant_id, id),
            CONSTRAINT measure_rules_prefix_key UNIQUE (tenant_id, prefix),
            CONSTRAINT measure_rules_prefix_is_a_scales CHECK (prefix ~ '^(02|2[02-9])$'),
            CONSTRAINT measure_rules_digits_make_thirteen
                CHECK (item_digits + value_digits + has_value_check::integer = 10),
            CONSTRAINT measure_rules_digits_are_some
                CHECK (item_digits BETWEEN 2 AND 7 AND value_digits BETWEEN 3 AND 7),
            CONSTRAINT measure_rules_decimals_are_in_the_value CHECK (decimals BETWEEN 0 AND least(value_digits, 6)),
            CONSTRAINT measure_rules_kind_is_known CHECK (kind IN ('weight', 'price', 'count')),
            CONSTRAINT measure_rules_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
        );
        """
    )
    protect("measure_rules", grants="SELECT, INSERT, DELETE")


def downgrade() -> None:
    run("DROP TABLE measure_rules")
