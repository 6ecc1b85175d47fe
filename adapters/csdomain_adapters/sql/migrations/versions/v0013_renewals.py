"""The tables of contracts and of renewals. They begin empty."""

from datetime import date

from csdomain_adapters.sql.kinds import create_kind, drop_kind

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kind(
        "contract",
        {
            "customer": str,
            "ends_on": date,
            **dict.fromkeys(("ends_month", "plan"), str),
            **dict.fromkeys(("vehicles", "price"), int),
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["number"],
        unindexed=["ends_month", "plan", "vehicles", "price"],
        indexes=[("owner", "ends_on")],
    )
    create_kind(
        "renewal",
        {
            **dict.fromkeys(("customer", "contract", "open_key", "code"), str),
            "total": int,
            **dict.fromkeys(("number", "state", "rulebook", "queue"), str),
        },
        unique=["open_key", "number"],
        unindexed=["code", "total"],
    )


def downgrade() -> None:
    drop_kind("renewal")
    drop_kind("contract")
