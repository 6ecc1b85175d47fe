"""The tables of papers about customers; since when a customer is in the pool."""

from datetime import date, datetime

from csdomain_adapters.sql.kinds import add_columns, create_kind, create_register, drop_columns, drop_kind

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns("customer", {"offered_at": datetime, "intention_month": str})
    create_kind(
        "handover",
        dict.fromkeys(("customer", "open_key", "state", "giver", "waits_for"), str),
        unique=["open_key"],
    )
    papers = dict.fromkeys(("customer", "state", "waits_for"), str)
    create_kind("release", {**papers, "to_whom": str, "until_at": datetime}, unindexed=["until_at"], scoped=["to_whom"])
    create_kind("correction", papers)
    create_kind("lead", {**papers, "month": str})
    create_kind("worklist", dict.fromkeys(("state", "kind", "waits_for"), str))
    create_kind("vehicle", dict.fromkeys(("customer", "state", "vehicle_key"), str), unique=["vehicle_key"])
    create_kind(
        "connection",
        {**papers, **dict.fromkeys(("region", "account"), str), **dict.fromkeys(("received_on", "opened_on"), date)},
        unique=["account"],
        indexes=[("region", "received_on")],
    )
    create_register("customer_secret", {"connection": str}, {"sealed": bytes, "until": datetime})


def downgrade() -> None:
    for table in ("customer_secret", "connection", "vehicle", "worklist", "lead", "correction", "release", "handover"):
        drop_kind(table)
    drop_columns("customer", ["offered_at", "intention_month"])
