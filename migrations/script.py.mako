"""${message}."""

# Rules: TEXT and CHECK instead of enums; no triggers; one statement per execute; expand in one
# release and contract in a later one; indexes on big tables CONCURRENTLY in their own revision.

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
