"""The tables of bills and of payments. They begin empty."""

from datetime import date

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "bill",
        {
            **dict.fromkeys(("subject", "customer"), str),
            **dict.fromkeys(("due", "owed"), int),
            **dict.fromkeys(("invoice", "number", "state", "rulebook", "queue"), str),
        },
        unique=["number"],
        unindexed=["due", "owed"],
        indexes=[("state", "owed")],
    )
    create_kind(
        "payment",
        {
            **dict.fromkeys(("customer", "way", "reference", "holder"), str),
            **dict.fromkeys(("amount", "credit"), int),
            "value_on": date,
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["reference", "number"],
        unindexed=["way", "amount", "credit"],
        indexes=[("customer", "credit")],
    )


def downgrade() -> None:
    drop_kind("payment")
    drop_kind("bill")
