"""The stock: its ledger, shelves, products and papers. They begin empty."""

from datetime import date, datetime

from csdomain_adapters.sql.kinds import create_kind, create_register, drop_kind

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind("shelf", {"warehouse": str, "product": str, "last_out_at": datetime})
    create_kind("product", dict.fromkeys(("code", "category", "state"), str), unique=["code"])
    for paper, more in (
        ("purchase", ["supplier"]),
        ("transfer", ["source"]),
        ("count", []),
        ("destruction", []),
        ("shipment", ["about"]),
    ):
        scoped = ["source"] if paper == "transfer" else []
        create_kind(paper, dict.fromkeys(["number", "state", *more], str), unique=["number"], scoped=scoped)
    create_register(
        "stock_movement",
        {"id": str},
        {
            "at": datetime,
            "happened_at": datetime,
            "product": str,
            "lot": str,
            "quantity": int,
            "cost": int,
            **dict.fromkeys(("source", "dest", "reason", "document", "by"), str),
        },
        indexes=[("lot", "at"), ("document",), ("source", "at"), ("dest", "at"), ("product", "at")],
    )
    create_register(
        "stock_balance",
        {"place": str, "lot": str},
        {
            "quantity": int,
            "cost": int,
            "product": str,
            "warehouse": str,
            "received": datetime,
            "expires": date,
        },
        optional=["warehouse", "expires"],
        indexes=[("warehouse", "product"), ("lot",), ("expires",)],
    )
    create_register(
        "stock_lot",
        {"id": str},
        {
            **dict.fromkeys(("product", "batch", "serial", "serial_key"), str),
            "expires": date,
            "received": datetime,
            "supplier": str,
            "document": str,
            "quantity": int,
            "cost": int,
        },
        optional=["serial_key", "expires"],
        unique=[("serial_key",)],
        indexes=[("product", "received"), ("document",), ("batch",)],
    )


def downgrade() -> None:
    for table in (
        *("stock_lot", "stock_balance", "stock_movement"),
        *("shipment", "destruction", "count", "transfer", "purchase", "product", "shelf"),
    ):
        drop_kind(table)
