"""Of the stock: months that are closed, storage zones with their readings, requisitions. They begin empty."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_kind, create_register, drop_kind

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind("requisition", dict.fromkeys(("number", "state", "holder"), str), unique=["number"], scoped=["holder"])
    create_kind("zone", {"open_place": str, "state": str, "out_since": datetime}, unique=["open_place"])
    create_register(
        "stock_reading",
        {"zone": str, "count": int},
        {"at": datetime, "temperature": int, "humidity": int, "within": bool, "by": str},
        indexes=[("zone", "at")],
    )
    create_register("stock_closing", {"month": str}, {"at": datetime, "done": bool}, indexes=[("at",)])
    create_register(
        "stock_close",
        {"month": str, "place": str, "lot": str},
        {"product": str, "quantity": int, "cost": int},
        indexes=[("month", "product"), ("month", "lot")],
    )


def downgrade() -> None:
    for table in ("stock_close", "stock_closing", "stock_reading", "zone", "requisition"):
        drop_kind(table)
