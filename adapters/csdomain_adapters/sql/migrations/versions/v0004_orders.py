"""The table of orders."""

from datetime import date

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "order",
        {
            **dict.fromkeys(("number", "state", "rulebook", "customer"), str),
            "total": int,
            "paid": bool,
            "refill_on": date,
            "queue": str,
        },
        unique=["number"],
        unindexed=["total", "paid"],
    )


def downgrade() -> None:
    drop_kind("order")
