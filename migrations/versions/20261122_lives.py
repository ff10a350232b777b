"""Indexes by the first, the second and the silent day hold all that survival curves ask of them."""

from alembic import op

revision = "20261122_lives"
down_revision = "20261122_lead_verdicts"
branch_labels = None
depends_on = None

_TABLE = "customer_purchases"
_DAYS = ("first_day", "second_day", "silent_day")
_TRAITS = ("number", "segment", "channel", "key_account_type")


def upgrade() -> None:
    """Make them anew with what is read beside the day."""
    for day in _DAYS:
        op.drop_index(f"ix_customer_purchases_{day}", _TABLE)
        others = [other for other in _DAYS if other != day]
        op.create_index(
            f"ix_customer_purchases_{day}",
            _TABLE,
            ["workspace_id", day],
            postgresql_include=[*others, *_TRAITS],
        )


def downgrade() -> None:
    """Make them anew as they were."""
    for day in _DAYS:
        op.drop_index(f"ix_customer_purchases_{day}", _TABLE)
        more = ["first_day", "number"] if day == "silent_day" else []
        op.create_index(f"ix_customer_purchases_{day}", _TABLE, ["workspace_id", day, *more])
