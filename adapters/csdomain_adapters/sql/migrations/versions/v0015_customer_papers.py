"""The tables of papers about customers; since when a customer is in the pool."""

from datetime import datetime

from csdomain_adapters.sql.kinds import add_columns, create_kind, drop_columns, drop_kind

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns("customer", {"offered_at": datetime})
    create_kind(
        "handover",
        dict.fromkeys(("customer", "open_key", "state", "giver", "waits_for"), str),
        unique=["open_key"],
    )


def downgrade() -> None:
    drop_kind("handover")
    drop_columns("customer", ["offered_at"])
