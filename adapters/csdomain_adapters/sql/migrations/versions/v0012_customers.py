"""The tables of customers, of their health files, and of the terms by which customers are found."""

from datetime import datetime

from csdomain_adapters.sql.kinds import create_kind, create_register, drop_kind

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "customer",
        {
            **dict.fromkeys(("number", "state", "merged_into", "doctor", "manager", "birthday_key"), str),
            "registered_at": datetime,
            **dict.fromkeys(("source", "region", "intention", "grade", "graded_month"), str),
            **dict.fromkeys(("lost_month", "lost_reason", "card", "queue"), str),
        },
        unique=["number", "card"],
        unindexed=["source", "intention", "grade", "graded_month", "lost_reason"],
        scoped=["doctor", "manager"],
        indexes=[("branch", "registered_at")],
    )
    create_kind("health_file", {"customer": str, "state": str}, unique=["customer"])
    create_register(
        "customer_term",
        {"field": int, "term": str, "customer": str},
        dict.fromkeys(("branch", "owner", "doctor", "manager"), str),
        indexes=[("customer",)],
    )


def downgrade() -> None:
    for table in ("customer_term", "health_file", "customer"):
        drop_kind(table)
