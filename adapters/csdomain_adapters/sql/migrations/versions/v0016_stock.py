"""The months of the stock that are closed. They begin empty."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_register, drop_kind

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_register("stock_closing", {"month": str}, {"at": datetime, "done": bool}, indexes=[("at",)])
    create_register(
        "stock_close",
        {"month": str, "place": str, "lot": str},
        {"product": str, "quantity": int, "cost": int},
        indexes=[("month", "product"), ("month", "lot")],
    )


def downgrade() -> None:
    for table in ("stock_close", "stock_closing"):
        drop_kind(table)
