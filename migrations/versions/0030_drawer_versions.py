"""Drawers can be renamed and retired: a version, so that a stale edit is refused.

Why: whoever saves second must see what the first one saved.
Old code beside it: yes, it never writes the column.
"""

from migrations.tenant_tables import run

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("ALTER TABLE cash_drawers ADD COLUMN version integer NOT NULL DEFAULT 1")


def downgrade() -> None:
    run("ALTER TABLE cash_drawers DROP COLUMN version")
