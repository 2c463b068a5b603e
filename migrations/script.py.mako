"""${message}.

Why:
Old code beside it: (does the release before this one still run on the new schema?)
"""
# A lock that is not there within a second is given up and tried again. New tables: protect() in the same migration.
# Added columns: nullable or with a constant default; constraints NOT VALID first, validated in a migration of their own.

from migrations.tenant_tables import protect, run

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        """
        """
    )


def downgrade() -> None:
    run("")
